/* once.h - items with `run_once`: nodes take turns in their order until one runs something of the
 * item; all others leave it out. Pure. [job-spec J14a]
 *
 * Whose turn it is and whether something has run follows from the rows alone, so it needs no entry
 * of its own in the log.
 */
#ifndef BATON_ONCE_H
#define BATON_ONCE_H

#include "job.h"

enum once { ONCE_RUN, ONCE_LEAVE, ONCE_WAIT };

/** Prepare for the job's plan and nodes. @return OK | NOMEM. */
enum status once_make(struct job *job) ATTR_MUST_USE;

/** @return what a node does whose condition for this item holds. */
enum once once_judge(const struct job *job, uint32_t node, uint32_t item);

/** A node has come behind an item: if nothing of it has run, it is the next one's turn. The cost
 * of all turns together: O(nodes). */
void once_pass(struct job *job, uint32_t item);

/** A step goes out: what is to run once around it runs here, and nobody waits for a turn any more.
 * Cost: O(depth), and O(nodes) once for each item that runs once. */
void once_take(struct job *job, uint32_t item);

/** Assert that turns are what the rows say. Cost: O(rows). */
void once_check(const struct job *job);

#endif
