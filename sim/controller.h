/* controller.h - a virtual controller: the shipped engine, and a shell for this world. Pure.
 *
 * Mirrors controller/shell: sessions, the view of jobs, nodes and peers, adoption by rendezvous.
 */
#ifndef BATON_SIM_CONTROLLER_H
#define BATON_SIM_CONTROLLER_H

#include "cell.h"

struct controller *controller_new(struct cell *cell, struct party *party);
void controller_free(struct controller *controller);

/* The life of its process, as the cell sees it. */
void controller_started(struct controller *controller);
void controller_died(struct controller *controller);
void controller_lost(struct controller *controller);

/** @return whether it drives the job, or is about to. */
bool controller_has(const struct controller *controller, uint32_t job);

/** A submission reaches it. */
void controller_submit(struct controller *controller, struct sim_job *job);

/* What it is told by the bus. */
void controller_fact(struct controller *controller, const struct stored *fact);
void controller_value(struct controller *controller, const struct stored *value);

/** Compare what the live engine holds with what the log says. */
void controller_check_log(struct world *world, const struct sim_job *job);

#endif
