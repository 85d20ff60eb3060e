/* oracle.h - what must always hold, judged by what is stored and what was run. Pure.
 *
 * Shares nothing with the engines but the structs of plans and records.
 */
#ifndef BATON_SIM_ORACLE_H
#define BATON_SIM_ORACLE_H

#include "../bus.h"
#include "../jobs.h"

/** A job is about to be submitted. */
void oracle_add_job(struct world *world, const struct sim_job *job);
void oracle_forget_job(struct world *world, uint32_t job);
void oracle_free(struct oracle *oracle);

/** Something was stored by the server. */
void oracle_stored(struct world *world, const struct stored *stored);

/* A task's process has begun, and is no more. */
void oracle_began(struct world *world, uint32_t job, uint32_t node, uint32_t step,
                  uint32_t attempt);
void oracle_ended(struct world *world, uint32_t job, uint32_t node, uint32_t step);

/** All is over: every job must have come to its end. */
void oracle_final(struct world *world, const struct sim_job *job);

/** @return how much has happened, for a run's thresholds. */
struct oracle_counts {
    uint64_t records, starts, ends, revokes, executions, jobs_ended, takeovers;
};
const struct oracle_counts *oracle_counts(const struct world *world);

#endif
