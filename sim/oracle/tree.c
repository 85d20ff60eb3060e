/* Which steps run at all: the rules of specs/job-spec.md J20 to J26, from the rows alone. */
#include "base/check.h"
#include "oracle_parts.h"

enum { ENTERED_UNKNOWN, ENTERED_YES, ENTERED_NO };

static bool tree_failed(const struct oracle_job *job, uint32_t step, uint32_t node)
{
    const struct oracle_row *row = oracle_row(job, step, node);
    return row->settled && attempt_state_failed((enum attempt_state)row->state);
}

/* Whether a step of the item has failed on the node. */
static bool tree_failed_inside(const struct oracle_job *job, uint32_t item, uint32_t node)
{
    const struct plan *plan = job->job->plan;
    for (uint32_t i = item; i < plan->items[item].end; i++) {
        if (plan->items[i].leaf && tree_failed(job, plan->items[i].step, node))
            return true;
    }
    return false;
}

/* J23, J24, J26: has anything failed that counts for this item? */
static bool tree_failed_before(const struct oracle_job *job, uint32_t item, uint32_t node)
{
    const struct plan *plan = job->job->plan;
    for (uint32_t up = plan->items[item].parent; up != PLAN_NONE; up = plan->items[up].parent) {
        if (plan->items[up].condition == PLAN_ALWAYS ||
            plan->items[up].condition == PLAN_ON_FAILURE)
            return tree_failed_inside(job, up, node);
    }
    if (plan->strategy == PLAN_FAIL_FAST)
        return job->stop != STOP_NONE;
    for (uint32_t step = 0; step < plan->step_count; step++) {
        if (tree_failed(job, step, node))
            return true;
    }
    return job->stop != STOP_NONE;
}

bool oracle_runs(const struct oracle_job *job, uint32_t item, uint32_t node)
{
    const struct plan *plan = job->job->plan;
    bool always = false;
    for (uint32_t at = item; at != PLAN_NONE; at = plan->items[at].parent)
        always = always || plan->items[at].condition == PLAN_ALWAYS;
    if ((job->stop == STOP_CANCEL || job->stop == STOP_TIMEOUT) && !always)
        return false; /* J17, J20, J22 */
    switch (plan->items[item].condition) {
    case PLAN_ALWAYS:
        return true;
    case PLAN_UNLESS_STOPPED:
    case PLAN_ON_SUCCESS:
        return !tree_failed_before(job, item, node);
    case PLAN_ON_FAILURE:
        return tree_failed_before(job, item, node);
    }
    UNREACHABLE();
}

/* J25: what was judged when the node reached the pipeline holds for all that is in it. */
static bool tree_enters(struct oracle_job *job, uint32_t item, uint32_t node)
{
    const struct plan *plan = job->job->plan;
    if (item == PLAN_NONE)
        return true;
    if (!tree_enters(job, plan->items[item].parent, node))
        return false;
    uint8_t *entered = &job->entered[(size_t)item * job->job->node_count + node];
    if (*entered == ENTERED_UNKNOWN)
        *entered = oracle_runs(job, item, node) ? ENTERED_YES : ENTERED_NO;
    return *entered == ENTERED_YES;
}

bool oracle_step_runs(struct oracle_job *job, uint32_t step, uint32_t node)
{
    const struct plan *plan = job->job->plan;
    uint32_t item = plan->step_items[step];
    return tree_enters(job, plan->items[item].parent, node) && oracle_runs(job, item, node);
}
