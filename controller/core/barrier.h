/* barrier.h - where nodes wait for each other: between an item and the next one of the same list.
 * Pure. [job-spec J12]
 *
 * Behind an item with `sync: group` one counter for each group says how many of its nodes are past
 * it; groups of a single node keep nobody waiting and are left out.
 */
#ifndef BATON_BARRIER_H
#define BATON_BARRIER_H

#include "job.h"

/**
 * Prepare the barriers of a job whose plan and nodes are there.
 *
 * @return OK | NOMEM | LIMIT (too many groups for so many `sync: group`).
 */
enum status barrier_make(struct job *job) ATTR_MUST_USE;

/**
 * A node has come behind an item, whether it ran there or not: count it, and have the walk look at
 * the nodes for which the barrier opens by that. Cost: O(groups of the node + nodes set free).
 */
void barrier_pass(struct job *job, uint32_t node, uint32_t item);

/** @return whether a node has to wait in front of this item. Cost: O(depth + groups of the node).
 */
bool barrier_closed(const struct job *job, uint32_t node, uint32_t item);

/** Assert that the counters are what the nodes' places say. Cost: O(items * nodes). */
void barrier_check(const struct job *job);

#endif
