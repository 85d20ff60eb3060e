/* sim.h - whole simulations: one seed, many seeds, and what came of them. Pure.
 *
 * A seed has two phases. In the first, faults happen and nothing bad may follow; in the second
 * everything is healed and every job must come to its end within a bound of virtual time and steps.
 */
#ifndef BATON_SIM_SIM_H
#define BATON_SIM_SIM_H

#include <stdio.h>

#include "havoc.h"

struct sim_options {
    uint64_t seed;
    uint64_t seeds; /* how many, from `seed` on */
    uint32_t nodes; /* at most, in a seed's cell */
    uint32_t controllers;
    double years; /* of each seed's cell; 0: some minutes */
    enum chaos chaos;
    enum mutant mutant;
    bool loud; /* print the trace */
};

struct sim_report {
    uint64_t seeds;
    uint64_t jobs;
    uint64_t steps;
    double job_hours;
    uint64_t starts, ends, revokes, executions, records, takeovers;
    uint64_t faults[FAULT_KIND_COUNT];
    bool violated;
    uint64_t violated_seed;
    char violation[WORLD_FAULT_BYTES];
    uint8_t sha256[crypto_hash_sha256_BYTES]; /* of all that happened */
};

/**
 * Simulate. Stops at the first violation.
 *
 * @param tell [in, may be NULL] gets the last events of a job that went wrong.
 */
void sim_run(const struct sim_options *options, struct sim_report *report, FILE *tell);

/** Print a report; with the command that replays a violation. */
void sim_print(const struct sim_options *options, const struct sim_report *report, FILE *out);

/** @return NULL, or why a run without violations proves too little. */
const char *sim_too_little(const struct sim_options *options, const struct sim_report *report);

#endif
