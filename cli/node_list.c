/* node_list.c - baton node list: every worker the cell has seen. */
#include "api.h"
#include "node.h"
#include "verbs.h"

void node_names(const json_t *names, char *text, size_t capacity)
{
    size_t i;
    json_t *name;
    size_t len = 0;
    text[0] = '\0';
    json_array_foreach(names, i, name)
    {
        int added = snprintf(text + len, capacity - len, "%s%s", i == 0 ? "" : ",",
                             json_is_string(name) ? json_string_value(name) : "?");
        if (added < 0 || (size_t)added >= capacity - len)
            return; /* cut: the whole list is in -o json */
        len += (size_t)added;
    }
}

static void node_list_table(const struct cli *cli, const json_t *nodes)
{
    static const char *const titles[] = {"NODE",  "STATE",   "HOSTNAME", "GROUPS",
                                         "SLOTS", "VERSION", "HEARTBEAT"};
    struct table table;
    char groups[256];
    size_t i;
    json_t *node;
    table_init(&table, titles, sizeof titles / sizeof titles[0]);
    json_array_foreach(nodes, i, node)
    {
        node_names(json_object_get(node, "groups"), groups, sizeof groups);
        table_cell(&table, out_text(node, "id", "?"));
        table_cell(&table, out_text(node, "state", "?"));
        table_cell(&table, out_text(node, "hostname", ""));
        table_cell(&table, groups);
        table_cell_number(&table, json_integer_value(json_object_get(node, "slots")));
        table_cell(&table, out_text(node, "version", ""));
        table_cell(&table, out_text(node, "heartbeat_at", ""));
    }
    table_print(&table, cli->out, cli_colour(cli, cli->out));
    table_done(&table);
}

int node_list_main(struct cli *cli)
{
    int code = cli_parse(cli, NULL, 0, 0, 0);
    if (code != CLI_GO)
        return code;
    json_auto_t *answer = NULL;
    code = api_ask_once(cli, "node.list", json_object(), &answer);
    if (code != CLI_GO)
        return code;
    if (cli->format == OUT_TABLE)
        node_list_table(cli, json_object_get(answer, "nodes"));
    else
        out_value(cli->out, cli->format, answer, "nodes", "id");
    return EXIT_DONE;
}
