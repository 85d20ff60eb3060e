#include "condition.h"

#include "base/check.h"

uint32_t condition_depth(const struct plan *plan, uint32_t item)
{
    uint32_t depth = 0;
    for (uint32_t up = plan->items[item].parent; up != PLAN_NONE; up = plan->items[up].parent)
        depth++;
    CHECK(depth < PLAN_DEPTH_MAX);
    return depth;
}

static bool condition_shields(const struct plan_item *item)
{
    return item->condition == PLAN_ALWAYS || item->condition == PLAN_ON_FAILURE;
}

/* Runs whatever happened: itself, or a branch it is in, is `always`. */
static bool condition_finally(const struct plan *plan, uint32_t item)
{
    for (uint32_t at = item; at != PLAN_NONE; at = plan->items[at].parent) {
        if (plan->items[at].condition == PLAN_ALWAYS)
            return true;
    }
    return false;
}

/* The innermost shield around the item, PLAN_NONE if there is none; with its depth. */
static uint32_t condition_shield(const struct plan *plan, uint32_t item, uint32_t *ret_depth)
{
    uint32_t depth = condition_depth(plan, item);
    for (uint32_t up = plan->items[item].parent; up != PLAN_NONE; up = plan->items[up].parent) {
        depth--;
        if (condition_shields(&plan->items[up])) {
            *ret_depth = depth;
            return up;
        }
    }
    return PLAN_NONE;
}

enum skip_reason condition_judge(const struct job *job, uint32_t node, uint32_t item)
{
    const struct plan *plan = job->plan;
    const struct job_node *n = &job->nodes[node];
    bool halted = job->stop == STOP_CANCEL || job->stop == STOP_TIMEOUT;
    if (halted && !condition_finally(plan, item))
        return SKIP_STOPPED;

    uint32_t depth = 0;
    enum skip_reason why = SKIP_NONE; /* what is in the way of an item without a condition */
    if (condition_shield(plan, item, &depth) != PLAN_NONE)
        why = (n->failed_inside & (1u << depth)) != 0 ? SKIP_CONDITION : SKIP_NONE;
    else if (job->stop != STOP_NONE)
        why = SKIP_STOPPED;
    else if (n->failed)
        why = SKIP_EXCLUDED;

    switch (plan->items[item].condition) {
    case PLAN_UNLESS_STOPPED:
        return why;
    case PLAN_ALWAYS:
        return SKIP_NONE;
    case PLAN_ON_SUCCESS:
        return why == SKIP_NONE ? SKIP_NONE : SKIP_CONDITION;
    case PLAN_ON_FAILURE:
        return why == SKIP_NONE ? SKIP_CONDITION : SKIP_NONE;
    }
    UNREACHABLE();
}
