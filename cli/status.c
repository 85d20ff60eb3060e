/* status.c - baton status: the cell at a glance. */
#include "api.h"
#include "verbs.h"

static void status_counts(FILE *out, const char *label, const json_t *counts)
{
    const char *key;
    json_t *count;
    const char *between = "";
    fprintf(out, "%-12s ", label);
    json_object_foreach((json_t *)(uintptr_t)counts, key, count)
    {
        fprintf(out, "%s%lld %s", between, (long long)json_integer_value(count), key);
        between = ", ";
    }
    fputc('\n', out);
}

static void status_print(const struct cli *cli, const json_t *status)
{
    FILE *out = cli->out;
    const json_t *server = json_object_get(status, "server");
    size_t i;
    json_t *controller;
    fprintf(out, "%-12s %s\n", "cell", out_text(status, "cell", "?"));
    fprintf(out, "%-12s %s (%s)\n", "version", out_text(status, "version", "?"),
            out_text(status, "controller", "?"));
    fprintf(out, "%-12s %s, nats-server %s, %s\n", "bus", out_text(server, "url", "?"),
            out_text(server, "version", "?"), out_text(status, "bus", "?"));
    fprintf(out, "%-12s", "controllers");
    json_array_foreach(json_object_get(status, "controllers"), i, controller)
    {
        fprintf(out, " %s",
                json_is_string(controller) ? json_string_value(controller)
                                           : out_text(controller, "id", "?"));
    }
    fputc('\n', out);
    status_counts(out, "nodes", json_object_get(status, "nodes"));
    status_counts(out, "jobs", json_object_get(status, "jobs"));
}

int status_main(struct cli *cli)
{
    int code = cli_parse(cli, NULL, 0, 0, 0);
    if (code != CLI_GO)
        return code;
    json_auto_t *answer = NULL;
    code = api_ask_once(cli, "status", json_object(), &answer);
    if (code != CLI_GO)
        return code;
    if (cli->format == OUT_TABLE)
        status_print(cli, answer);
    else
        out_value(cli->out, cli->format, answer, NULL, "cell");
    return EXIT_DONE;
}
