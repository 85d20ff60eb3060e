/* For whom a node waits before it goes on: J12 to J13a and J14b of specs/job-spec.md. */
#include <string.h>

#include "oracle_parts.h"
#include "spec/share.h"

static bool barrier_share_group(const struct sim_job *job, uint32_t a, uint32_t b)
{
    const struct expected_node *one = &job->expected[a];
    const struct expected_node *two = &job->expected[b];
    for (uint32_t i = 0; i < one->group_count; i++) {
        for (uint32_t k = 0; k < two->group_count; k++) {
            if (strcmp(one->groups[i], two->groups[k]) == 0)
                return true;
        }
    }
    return false;
}

static bool barrier_past(const struct oracle_job *job, uint32_t item, uint32_t node)
{
    const struct plan *plan = job->job->plan;
    for (uint32_t i = item; i < plan->items[item].end; i++) {
        if (plan->items[i].leaf && !oracle_row(job, plan->items[i].step, node)->settled)
            return false;
    }
    return true;
}

static bool barrier_open(const struct oracle_job *job, uint32_t item, uint32_t node)
{
    switch (job->job->plan->items[item].sync) {
    case PLAN_SYNC_ALL:
        return job->unsettled[item] > 0;
    case PLAN_SYNC_GROUP:
        for (uint32_t other = 0; other < job->job->node_count; other++) {
            if (barrier_share_group(job->job, node, other) && !barrier_past(job, item, other))
                return true;
        }
        return false;
    case PLAN_SYNC_NONE:
        return false;
    }
    return true;
}

/* J14b: whether a node of an earlier wave than the node's own is not past the phase yet. */
static bool barrier_wave_open(const struct oracle_job *job, uint32_t phase, uint32_t node)
{
    const struct plan_item *item = &job->job->plan->items[phase];
    uint32_t first = 0; /* of the wave */
    for (uint32_t wave = 0; item->serial_count > 0; wave++) {
        uint32_t last = item->serial_count - 1;
        uint32_t size = share_of(item->serial[wave < last ? wave : last], job->job->node_count);
        size = size == 0 ? 1 : size;
        if (node < first + size)
            break;
        first += size;
    }
    for (uint32_t other = 0; other < first; other++) {
        if (!barrier_past(job, phase, other))
            return true;
    }
    return false;
}

/* Behind each item that stands before the step, or before a pipeline the step is in, in one list.
 */
uint32_t oracle_waits(const struct oracle_job *job, uint32_t step, uint32_t node)
{
    const struct plan *plan = job->job->plan;
    for (uint32_t at = plan->step_items[step]; at != PLAN_NONE; at = plan->items[at].parent) {
        uint32_t up = plan->items[at].parent;
        for (uint32_t i = up == PLAN_NONE ? 0 : up + 1; i != at; i = plan->items[i].end) {
            if (barrier_open(job, i, node))
                return i;
        }
        if (up == PLAN_NONE && barrier_wave_open(job, at, node))
            return at;
    }
    return PLAN_NONE;
}
