/* sim.c - baton sim: years of a cell's life in seconds, faults included. No bus is needed. */
#include "sim/sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "verbs.h"

enum { SIM_NODES = 5, SIM_CONTROLLERS = 3, SIM_NODES_MAX = 20000, SIM_CONTROLLERS_MAX = 16 };

static bool sim_number(const char *text, uint64_t *ret_number)
{
    char *end = NULL;
    errno = 0;
    if (text == NULL)
        return true;
    if (*text < '0' || *text > '9')
        return false;
    *ret_number = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static bool sim_years(const char *text, double *ret_years)
{
    char *end = NULL;
    if (text == NULL)
        return true;
    *ret_years = strtod(text, &end);
    return end != text && *end == '\0' && *ret_years >= 0 && *ret_years <= 100;
}

static bool sim_chaos(const char *text, enum chaos *ret_chaos)
{
    static const char *const texts[] = {"none", "some", "full"};
    for (int i = 0; text != NULL && i < 3; i++) {
        if (strcmp(text, texts[i]) == 0)
            *ret_chaos = (enum chaos)i;
    }
    return text == NULL || strcmp(text, texts[*ret_chaos]) == 0;
}

static int sim_finish(const struct cli *cli, const struct sim_options *options,
                      const struct sim_report *report)
{
    sim_print(options, report, cli->out);
    if (report->violated)
        return EXIT_ERROR;
    const char *little = sim_too_little(options, report);
    if (little != NULL)
        return cli_fail(cli, EXIT_ERROR, "this run proves nothing: %s", little);
    return EXIT_DONE;
}

int sim_main(struct cli *cli)
{
    const char *seed = NULL;
    const char *seeds = NULL;
    const char *years = NULL;
    const char *chaos = NULL;
    const char *mutant = NULL;
    bool trace = false;
    struct sim_options options = {.seed = 1,
                                  .seeds = 1,
                                  .nodes = SIM_NODES,
                                  .controllers = SIM_CONTROLLERS,
                                  .chaos = CHAOS_FULL};
    const struct flag flags[] = {
        {"seed", '\0', FLAG_TEXT, &seed, "N", "the first seed; default 1"},
        {"seeds", '\0', FLAG_TEXT, &seeds, "N", "how many, one after the other; default 1"},
        {"nodes", '\0', FLAG_COUNT, &options.nodes, "N", "nodes of a cell, at most; default 5"},
        {"controllers", '\0', FLAG_COUNT, &options.controllers, "N",
         "controllers of a cell, at most; default 3"},
        {"years", '\0', FLAG_TEXT, &years, "Y", "how long a cell lives; default: some minutes"},
        {"chaos", '\0', FLAG_TEXT, &chaos, "HOW", "none, some or full (default)"},
        {"mutant", '\0', FLAG_TEXT, &mutant, "NAME", "break a rule on purpose"},
        {"trace", '\0', FLAG_SET, &trace, NULL, "print everything that happens"},
    };
    int code = cli_parse(cli, flags, sizeof flags / sizeof flags[0], 0, 0);
    if (code != CLI_GO)
        return code;
    options.loud = trace;
    if (!sim_number(seed, &options.seed) || !sim_number(seeds, &options.seeds) ||
        options.seeds == 0)
        return cli_fail(cli, EXIT_USAGE, "--seed and --seeds want numbers");
    if (!sim_years(years, &options.years))
        return cli_fail(cli, EXIT_USAGE, "--years wants a number up to 100");
    if (!sim_chaos(chaos, &options.chaos))
        return cli_fail(cli, EXIT_USAGE, "--chaos wants none, some or full");
    if (mutant != NULL && !mutant_find(mutant, &options.mutant))
        return cli_fail(cli, EXIT_USAGE, "there is no mutant '%s'", mutant);
    if (options.nodes == 0 || options.nodes > SIM_NODES_MAX || options.controllers == 0 ||
        options.controllers > SIM_CONTROLLERS_MAX)
        return cli_fail(cli, EXIT_USAGE, "1 to %d nodes and 1 to %d controllers", SIM_NODES_MAX,
                        SIM_CONTROLLERS_MAX);
    struct sim_report report;
    sim_run(&options, &report, cli->out);
    return sim_finish(cli, &options, &report);
}
