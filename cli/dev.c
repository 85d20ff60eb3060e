/* dev.c - baton dev: a whole cell on this machine, for as long as it is wanted. */
#include "dev_cell.h"
#include "submit.h"
#include "verbs.h"

enum { DEV_NODES_MAX = 256, DEV_CONTROLLERS_MAX = 16 };

static int dev_check(const struct cli *cli, const struct dev_cell_options *options)
{
    if (options->nodes < 1 || options->nodes > DEV_NODES_MAX)
        return cli_fail(cli, EXIT_USAGE, "--nodes: expected 1 to %d", DEV_NODES_MAX);
    if (options->controllers < 1 || options->controllers > DEV_CONTROLLERS_MAX)
        return cli_fail(cli, EXIT_USAGE, "--controllers: expected 1 to %d", DEV_CONTROLLERS_MAX);
    if (options->port > 65535)
        return cli_fail(cli, EXIT_USAGE, "--port: expected 1 to 65535, or 0 for a free one");
    return CLI_GO;
}

/* Stay until a signal, or until the cell is of no use any more. */
static int dev_stay(struct dev_cell *cell)
{
    static const bool never = false;
    const struct cli *cli = cell->cli;
    fprintf(cli->out, "%s\n", cell->url);
    (void)fflush(cli->out);
    fprintf(cli->err,
            "baton: a cell of %u controller%s and %u node%s is up; Ctrl-C stops it\n"
            "baton: export NATS_URL=%s\n",
            cell->options.controllers, cell->options.controllers == 1 ? "" : "s",
            cell->options.nodes, cell->options.nodes == 1 ? "" : "s", cell->url);
    enum pump pump = session_pump(&cell->session, &never, INSTANT_NEVER);
    if (cell->broken)
        return EXIT_ERROR;
    if (pump == PUMP_LOST)
        return cli_fail(cli, EXIT_UNAVAILABLE, "the bus is gone: %s", cell->session.why);
    return EXIT_DONE;
}

static int dev_run(struct cli *cli, const struct dev_cell_options *options, struct submit *submit)
{
    struct dev_cell cell;
    int code = dev_cell_start(&cell, cli, options);
    if (code == CLI_GO && cli->word_count > 0) {
        fprintf(cli->err, "baton: a cell of %u nodes is up at %s\n", options->nodes, cell.url);
        code = submit_run(submit, &cell.session);
        if (cell.broken)
            code = EXIT_ERROR;
    } else if (code == CLI_GO) {
        code = dev_stay(&cell);
    }
    (void)fflush(cli->out);
    dev_cell_stop(&cell);
    return code;
}

int dev_main(struct cli *cli)
{
    struct dev_cell_options options = {.nodes = 3, .controllers = 1};
    struct submit submit = {.wait = true, .follow = true, .mortal = true};
    const struct flag flags[] = {
        {"nodes", '\0', FLAG_COUNT, &options.nodes, "N", "workers, node-1 and on (default 3)"},
        {"controllers", '\0', FLAG_COUNT, &options.controllers, "N", "controllers (default 1)"},
        {"groups", '\0', FLAG_TEXT, &options.groups, "G,...", "groups that every node is in"},
        {"data", '\0', FLAG_TEXT, &options.data, "DIR", "keep data and logs there"},
        {"port", '\0', FLAG_COUNT, &options.port, "P", "port of nats-server (default a free one)"},
        {"nats-server", '\0', FLAG_TEXT, &options.nats_server, "FILE", "another nats-server"},
        {"verbose", 'v', FLAG_SET, &options.verbose, NULL, "show the logs of all programs"},
        {"timeout", '\0', FLAG_DURATION, &submit.timeout, "D", "wait no longer for the job"},
    };
    int code = cli_parse(cli, flags, sizeof flags / sizeof flags[0], 0, 1);
    if (code == CLI_GO)
        code = dev_check(cli, &options);
    if (code == CLI_GO && cli->word_count > 0)
        code = submit_read(&submit, cli, cli->words[0]);
    if (code == CLI_GO && cli->word_count > 0)
        code = submit_check(&submit, cli);
    if (code == CLI_GO)
        code = dev_run(cli, &options, &submit);
    submit_done(&submit);
    return code;
}
