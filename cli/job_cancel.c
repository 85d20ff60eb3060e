/* job_cancel.c - baton job cancel: ask the owner of a job to stop it. */
#include "api.h"
#include "verbs.h"

int job_cancel_main(struct cli *cli)
{
    const char *reason = "";
    const struct flag flags[] = {
        {"reason", '\0', FLAG_TEXT, &reason, "TEXT", "why; shown with the job"},
    };
    int code = cli_parse(cli, flags, sizeof flags / sizeof flags[0], 1, 1);
    if (code != CLI_GO)
        return code;
    json_auto_t *answer = NULL;
    code = api_ask_once(cli, "job.cancel",
                        json_pack("{s:s,s:s}", "id", cli->words[0], "reason", reason), &answer);
    if (code != CLI_GO)
        return code;
    if (cli->format == OUT_TABLE)
        fprintf(cli->out, "%s %s\n", out_text(answer, "id", cli->words[0]),
                out_text(answer, "state", "cancelling"));
    else
        out_value(cli->out, cli->format, answer, NULL, "id");
    return EXIT_DONE;
}
