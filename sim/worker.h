/* worker.h - a virtual worker: the shipped engine, and a shell for this world. Pure.
 *
 * Mirrors worker/shell; its runner is a script that says how long a task takes and how it ends.
 */
#ifndef BATON_SIM_WORKER_H
#define BATON_SIM_WORKER_H

#include "cell.h"

struct worker *worker_new(struct cell *cell, struct party *party);
void worker_free(struct worker *worker);

void worker_started(struct worker *worker);
void worker_died(struct worker *worker);
void worker_lost(struct worker *worker);

/** @return whether it has an attempt of the job in hand. */
bool worker_holds(const struct worker *worker, uint32_t job);

/** The disk is slow until then. */
void worker_slow(struct worker *worker, uint64_t until_ns);

/* What it is told by the bus. */
void worker_order(struct worker *worker, const struct stored *order);
void worker_cancel(struct worker *worker, uint32_t job, uint32_t step, uint32_t attempt,
                   uint64_t grace_ms);

#endif
