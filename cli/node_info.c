/* node_info.c - baton node info: one worker, with what it offers. */
#include "api.h"
#include "node.h"
#include "verbs.h"

static void node_info_line(FILE *out, const char *label, const char *text)
{
    if (text[0] != '\0')
        fprintf(out, "%-10s %s\n", label, text);
}

static void node_info_print(const struct cli *cli, const json_t *node)
{
    FILE *out = cli->out;
    char names[1024];
    const char *key;
    json_t *member;
    const char *action;
    json_t *traits;
    node_info_line(out, "node", out_text(node, "id", "?"));
    node_info_line(out, "state", out_text(node, "state", "?"));
    node_info_line(out, "hostname", out_text(node, "hostname", ""));
    node_names(json_object_get(node, "groups"), names, sizeof names);
    node_info_line(out, "groups", names);
    node_names(json_object_get(node, "pools"), names, sizeof names);
    node_info_line(out, "pools", names);
    json_object_foreach(json_object_get(node, "labels"), key, member)
    {
        fprintf(out, "%-10s %s=%s\n", "label", key,
                out_text(json_object_get(node, "labels"), key, ""));
    }
    fprintf(out, "%-10s %lld\n", "slots",
            (long long)json_integer_value(json_object_get(node, "slots")));
    node_info_line(out, "version", out_text(node, "version", ""));
    node_info_line(out, "started", out_text(node, "started_at", ""));
    node_info_line(out, "heartbeat", out_text(node, "heartbeat_at", ""));
    json_object_foreach(json_object_get(node, "backends"), key, member)
    {
        json_object_foreach(member, action, traits)
        {
            fprintf(out, "%-10s %s %s%s\n", "offers", key, action,
                    json_is_true(json_object_get(traits, "idempotent")) ? " (idempotent)" : "");
        }
    }
}

int node_info_main(struct cli *cli)
{
    int code = cli_parse(cli, NULL, 0, 1, 1);
    if (code != CLI_GO)
        return code;
    json_auto_t *node = NULL;
    code = api_ask_once(cli, "node.info", json_pack("{s:s}", "node", cli->words[0]), &node);
    if (code != CLI_GO)
        return code;
    if (cli->format == OUT_TABLE)
        node_info_print(cli, node);
    else
        out_value(cli->out, cli->format, node, NULL, "id");
    return EXIT_DONE;
}
