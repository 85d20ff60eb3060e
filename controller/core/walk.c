#include "walk.h"

#include "barrier.h"
#include "base/check.h"
#include "condition.h"
#include "fold.h"
#include "once.h"
#include "waves.h"

static void walk_skip(struct proposal *proposal, uint32_t node, uint32_t item,
                      enum skip_reason reason)
{
    const struct plan *plan = proposal->job->plan;
    uint32_t end = plan->items[item].end;
    for (uint32_t i = item; i < end; i++) {
        if (plan->items[i].leaf)
            propose_skipped(proposal, plan->items[i].step, node, reason);
    }
    CHECK(proposal->out_of_memory || proposal->job->nodes[node].cursor == end);
}

static void walk_node(struct proposal *proposal, uint32_t node)
{
    struct job *job = proposal->job;
    struct job_node *n = &job->nodes[node];
    while (n->open_step == PLAN_NONE && n->cursor < job->plan->item_count &&
           !proposal->out_of_memory) {
        uint32_t item = n->cursor;
        if (barrier_closed(job, node, item) || waves_closed(job, node, item))
            return;
        enum skip_reason reason = condition_judge(job, node, item);
        enum once once = reason == SKIP_NONE ? once_judge(job, node, item) : ONCE_RUN;
        if (once == ONCE_WAIT)
            return;
        if (once == ONCE_LEAVE)
            reason = SKIP_RUN_ONCE;
        if (reason != SKIP_NONE)
            walk_skip(proposal, node, item, reason);
        else if (job->plan->items[item].leaf)
            propose_scheduled(proposal, job->plan->items[item].step, node);
        else
            fold_into(job, node, item);
    }
}

void walk(struct proposal *proposal)
{
    /* First marked, first walked: a barrier marks its nodes in their order. */
    uint32_t node;
    while (!proposal->out_of_memory && job_next_dirty(proposal->job, &node)) {
        walk_node(proposal, node);
        proposal->job->nodes[node].dirty = false;
    }
}
