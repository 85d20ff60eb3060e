/* version.c - baton version: of this program, and of the bus if there is one. */
#include "session.h"
#include "verbs.h"

int version_main(struct cli *cli)
{
    int code = cli_parse(cli, NULL, 0, 0, 0);
    if (code != CLI_GO)
        return code;
    struct session session;
    struct error err = {.text = ""};
    code = session_init(&session, cli);
    if (code != CLI_GO)
        return code;
    if (connect_resolve(&cli->wish, cli->environment, &session.connect, &err) != STATUS_OK)
        code = cli_fail(cli, EXIT_USAGE, "%s", err.text);
    /* No bus is no failure: this verb tells what there is. */
    bool reached = code == CLI_GO && session_try(&session, NULL);
    json_auto_t *value = json_pack("{s:s}", "version", BATON_VERSION);
    if (reached)
        (void)json_object_set_new(value, "server",
                                  json_pack("{s:s,s:s}", "url", bus_server_url(session.bus),
                                            "version", bus_server_version(session.bus)));
    else
        (void)json_object_set_new(value, "server", json_null());
    if (code == CLI_GO && cli->format == OUT_TABLE) {
        fprintf(cli->out, "baton %s\n", BATON_VERSION);
        if (reached)
            fprintf(cli->out, "nats-server %s at %s\n", bus_server_version(session.bus),
                    bus_server_url(session.bus));
    } else if (code == CLI_GO) {
        out_value(cli->out, cli->format, value, NULL, "version");
    }
    bool interrupted = session.interrupted;
    session_done(&session);
    if (code != CLI_GO)
        return code;
    return interrupted ? (int)EXIT_INTERRUPTED : (int)EXIT_DONE;
}
