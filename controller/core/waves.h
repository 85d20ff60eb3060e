/* waves.h - phases with `serial`, which nodes enter in waves, and with `max_fail`, which stops the
 * job when too many nodes have failed in them. Pure. [job-spec J14b, J16a]
 *
 * Waves are runs of nodes in their order. What is counted here follows from the rows.
 */
#ifndef BATON_WAVES_H
#define BATON_WAVES_H

#include "job.h"

/** Prepare for the job's plan and nodes. @return OK | NOMEM. */
enum status waves_make(struct job *job) ATTR_MUST_USE;

/** @return whether a node has to wait in front of this item for the waves before its own. */
bool waves_closed(const struct job *job, uint32_t node, uint32_t item);

/** A node has come behind an item and is counted in `left`: when all that were let in are through,
 * the next wave is. Cost: O(nodes of that wave). */
void waves_pass(struct job *job, uint32_t item);

/** A row has failed for good on a node: count the node for the phase around the step, once. */
void waves_fail(struct job *job, uint32_t node, uint32_t item);

/** @return whether failures in the phase of this item are bounded by `max_fail`; then in
 * `ret_over`, whether there are more. */
bool waves_bounded(const struct job *job, uint32_t item, bool *ret_over);

/** Assert that what is counted is what the rows say. Cost: O(rows). */
void waves_check(const struct job *job);

#endif
