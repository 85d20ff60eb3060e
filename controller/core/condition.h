/* condition.h - may this item of the tree run on this node, as things stand? Pure.
 *
 * The strategy sets the unit of failure: under fail-fast the job, under continue the node. Inside a
 * branch that is `always` or `on_failure` (a shield) only what failed there, on that node, counts.
 */
#ifndef BATON_CONDITION_H
#define BATON_CONDITION_H

#include "job.h"

/** @return SKIP_NONE if it may run, else why not. Cost: O(depth). [job-spec J: conditions] */
enum skip_reason condition_judge(const struct job *job, uint32_t node, uint32_t item);

/** @return how many branches the item is in. */
uint32_t condition_depth(const struct plan *plan, uint32_t item);

#endif
