/* job_list.c - baton job list: the newest jobs first. */
#include <string.h>

#include "api.h"
#include "verbs.h"

enum { JOB_LIST_LIMIT = 50 };

static void job_list_table(const struct cli *cli, const json_t *jobs)
{
    static const char *const titles[] = {"ID", "NAME", "STATE", "NODES", "OWNER", "CREATED"};
    struct table table;
    size_t i;
    json_t *job;
    table_init(&table, titles, sizeof titles / sizeof titles[0]);
    json_array_foreach(jobs, i, job)
    {
        bool partial = json_is_true(json_object_get(job, "partial"));
        char state[48];
        (void)snprintf(state, sizeof state, "%s%s", out_text(job, "state", "?"),
                       partial ? " (partial)" : "");
        table_cell(&table, out_text(job, "id", "?"));
        table_cell(&table, out_text(job, "name", ""));
        table_cell(&table, state);
        table_cell_number(&table, (long long)json_array_size(json_object_get(job, "expected")));
        table_cell(&table, out_text(job, "owner", ""));
        table_cell(&table, out_text(job, "created_at", ""));
    }
    table_print(&table, cli->out, cli_colour(cli, cli->out));
    table_done(&table);
}

static bool job_list_is_state(const char *text)
{
    static const char *const states[] = {"pending",   "running", "cancelling",
                                         "completed", "failed",  "cancelled"};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (strcmp(states[i], text) == 0)
            return true;
    }
    return false;
}

int job_list_main(struct cli *cli)
{
    const char *state = NULL;
    uint32_t limit = JOB_LIST_LIMIT;
    const struct flag flags[] = {
        {"state", '\0', FLAG_TEXT, &state, "STATE", "only jobs in this state"},
        {"limit", 'n', FLAG_COUNT, &limit, "N", "at most so many (default 50)"},
    };
    int code = cli_parse(cli, flags, sizeof flags / sizeof flags[0], 0, 0);
    if (code != CLI_GO)
        return code;
    if (state != NULL && !job_list_is_state(state))
        return cli_fail(cli, EXIT_USAGE,
                        "--state %s: expected pending, running, cancelling, completed, failed or "
                        "cancelled",
                        state);
    json_auto_t *answer = NULL;
    code =
        api_ask_once(cli, "job.list",
                     json_pack("{s:s?,s:I}", "state", state, "limit", (json_int_t)limit), &answer);
    if (code != CLI_GO)
        return code;
    if (cli->format == OUT_TABLE)
        job_list_table(cli, json_object_get(answer, "jobs"));
    else
        out_value(cli->out, cli->format, answer, "jobs", "id");
    return EXIT_DONE;
}
