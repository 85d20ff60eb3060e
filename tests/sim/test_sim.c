/* The simulator as a test; see specs/simulation.md. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim.h"

int main(int argc, char **argv)
{
    struct sim_options options = {.seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1,
                                  .seeds = argc > 2 ? strtoull(argv[2], NULL, 10) : 1,
                                  .nodes = 5,
                                  .controllers = 3,
                                  .chaos = CHAOS_FULL};
    if (argc > 3)
        mutant_find(argv[3], &options.mutant);
    struct sim_report report;
    sim_run(&options, &report, stdout);
    sim_print(&options, &report, stdout);
    return report.violated;
}
