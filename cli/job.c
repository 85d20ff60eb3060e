#include "job.h"

#include <string.h>

#include "api.h"

bool job_ended(const char *state)
{
    return strcmp(state, "completed") == 0 || strcmp(state, "failed") == 0 ||
           strcmp(state, "cancelled") == 0;
}

enum exit_code job_exit_code(const char *state, bool partial)
{
    if (strcmp(state, "cancelled") == 0)
        return EXIT_JOB_CANCELLED;
    return strcmp(state, "completed") == 0 && !partial ? EXIT_DONE : EXIT_JOB_FAILED;
}

static json_t *job_step(const json_t *steps, json_int_t number)
{
    size_t i;
    json_t *step;
    json_array_foreach(steps, i, step)
    {
        if (json_integer_value(json_object_get(step, "step")) == number)
            return step;
    }
    return NULL;
}

void job_merge(json_t *job, const json_t *page)
{
    json_t *steps = json_object_get(job, "steps");
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(page, "steps"), i, step)
    {
        json_t *mine = job_step(steps, json_integer_value(json_object_get(step, "step")));
        json_t *nodes = json_object_get(mine, "nodes");
        if (nodes != NULL)
            (void)json_object_update(nodes, json_object_get(step, "nodes"));
        else
            (void)json_array_append(steps, step);
    }
}

int job_fetch(struct session *session, const char *id, json_t **ret_job)
{
    json_t *job = NULL;
    json_int_t page = 0;
    for (;;) {
        json_t *answer = NULL;
        /* Later pages by the full id: a prefix may stop being unique at any moment. */
        const char *asked = job == NULL ? id : out_text(job, "id", id);
        int code = api_ask_json(session, "job.get",
                                json_pack("{s:s,s:I}", "id", asked, "page", page), &answer);
        if (code != CLI_GO) {
            json_decref(job);
            return code;
        }
        json_t *next = json_object_get(answer, "next_page");
        json_int_t next_page = json_is_integer(next) ? json_integer_value(next) : 0;
        if (job == NULL) {
            job = answer;
        } else {
            job_merge(job, answer);
            json_decref(answer);
        }
        if (next_page <= page)
            break; /* the last one; and a page that does not move on would never end */
        page = next_page;
    }
    (void)json_object_del(job, "next_page");
    *ret_job = job;
    return CLI_GO;
}

/* --- printing ------------------------------------------------------------------------------- */

static void job_head_line(FILE *out, const char *label, const char *text)
{
    if (text != NULL && text[0] != '\0')
        fprintf(out, "%-9s %s\n", label, text);
}

static void job_head(const struct cli *cli, const json_t *job)
{
    FILE *out = cli->out;
    const char *state = out_text(job, "state", "?");
    const char *colour = cli_colour(cli, out) ? out_state_colour(state) : "";
    const char *error = out_text(job, "error", NULL);
    job_head_line(out, "job", out_text(job, "id", NULL));
    job_head_line(out, "name", out_text(job, "name", NULL));
    fprintf(out, "%-9s %s%s%s%s\n", "state", colour, state, colour[0] == '\0' ? "" : "\033[0m",
            json_is_true(json_object_get(job, "partial")) ? " (partial)" : "");
    if (out_text(job, "owner", "")[0] != '\0')
        fprintf(out, "%-9s %s, epoch %lld\n", "owner", out_text(job, "owner", ""),
                (long long)json_integer_value(json_object_get(job, "epoch")));
    job_head_line(out, "created", out_text(job, "created_at", NULL));
    job_head_line(out, "started", out_text(job, "started_at", NULL));
    job_head_line(out, "finished", out_text(job, "finished_at", NULL));
    if (error != NULL && error[0] != '\0')
        fprintf(out, "%-9s %s\n", "error", error);
}

/* What a row has to tell: the error, or the first line of what the task printed. */
static const char *job_row_note(const json_t *row, char note[96])
{
    static const char *const keys[] = {"error", "output", "stderr"};
    const char *text = "";
    for (size_t i = 0; i < sizeof keys / sizeof keys[0] && text[0] == '\0'; i++)
        text = out_text(row, keys[i], "");
    size_t len = strcspn(text, "\r\n");
    bool more = text[len] != '\0' && text[len + 1] != '\0';
    if (len > 72) {
        len = 72;
        more = true;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--; /* not through a character */
    }
    (void)snprintf(note, 96, "%.*s%s", (int)len, text, more ? " ..." : "");
    return note;
}

static void job_row(struct table *table, const json_t *step, const char *node, const json_t *row)
{
    char task[160];
    char note[96];
    const json_t *duration = json_object_get(row, "duration_ms");
    const json_t *exit_code = json_object_get(row, "exit_code");
    (void)snprintf(task, sizeof task, "%s %s", out_text(step, "backend", ""),
                   out_text(step, "action", ""));
    table_cell(table, out_text(step, "path", "?"));
    table_cell(table, task);
    table_cell(table, node);
    table_cell(table, out_text(row, "state", "?"));
    table_cell_number(table, json_integer_value(json_object_get(row, "attempts")));
    table_cell(table,
               json_is_integer(duration) ? out_span(json_integer_value(duration)).text : "-");
    if (json_is_integer(exit_code))
        table_cell_number(table, json_integer_value(exit_code));
    else
        table_cell(table, "-");
    table_cell(table, job_row_note(row, note));
}

void job_table(const struct cli *cli, const json_t *job)
{
    static const char *const titles[] = {"STEP",     "TASK",     "NODE", "STATE",
                                         "ATTEMPTS", "DURATION", "EXIT", "OUTPUT"};
    struct table table;
    size_t i;
    json_t *step;
    const char *node;
    json_t *row;
    job_head(cli, job);
    table_init(&table, titles, sizeof titles / sizeof titles[0]);
    json_array_foreach(json_object_get(job, "steps"), i, step)
    {
        json_object_foreach(json_object_get(step, "nodes"), node, row)
        {
            job_row(&table, step, node, row);
        }
    }
    if (table.count > 0) {
        fputc('\n', cli->out);
        table_print(&table, cli->out, cli_colour(cli, cli->out));
    }
    table_done(&table);
}
