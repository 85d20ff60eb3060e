/* job_get.c - baton job get: one job with every step's row for every node. */
#include "job.h"
#include "verbs.h"

int job_get_main(struct cli *cli)
{
    int code = cli_parse(cli, NULL, 0, 1, 1);
    if (code != CLI_GO)
        return code;
    struct session session;
    json_auto_t *job = NULL;
    code = session_open(&session, cli);
    if (code == CLI_GO)
        code = job_fetch(&session, cli->words[0], &job);
    session_done(&session);
    if (code != CLI_GO)
        return code;
    if (cli->format == OUT_TABLE)
        job_table(cli, job);
    else
        out_value(cli->out, cli->format, job, NULL, "id");
    return EXIT_DONE;
}
