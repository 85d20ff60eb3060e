#include "once.h"

#include "base/check.h"

enum status once_make(struct job *job)
{
    job->once = arena_take_array(&job->arena, job->plan->item_count, sizeof *job->once);
    return job->once == NULL ? STATUS_NOMEM : STATUS_OK;
}

enum once once_judge(const struct job *job, uint32_t node, uint32_t item)
{
    if (!job->plan->items[item].run_once)
        return ONCE_RUN;
    if (job->once[item].taken)
        return ONCE_LEAVE;
    CHECK(job->once[item].turn <= node);
    return job->once[item].turn == node ? ONCE_RUN : ONCE_WAIT;
}

void once_pass(struct job *job, uint32_t item)
{
    const struct plan_item *passed = &job->plan->items[item];
    if (!passed->run_once)
        return;
    struct job_once *once = &job->once[item];
    while (once->turn < job->node_count && job->nodes[once->turn].cursor >= passed->end)
        once->turn++;
    if (!once->taken && once->turn < job->node_count)
        job_mark_dirty(job, once->turn);
}

void once_take(struct job *job, uint32_t item)
{
    for (uint32_t up = item; up != PLAN_NONE; up = job->plan->items[up].parent) {
        if (!job->plan->items[up].run_once || job->once[up].taken)
            continue;
        job->once[up].taken = true;
        for (uint32_t node = 0; node < job->node_count; node++)
            job_mark_dirty(job, node);
    }
}

static bool once_ran(const struct job *job, uint32_t item)
{
    for (uint32_t i = item; i < job->plan->items[item].end; i++) {
        for (uint32_t node = 0; job->plan->items[i].leaf && node < job->node_count; node++) {
            if (job_row(job, job->plan->items[i].step, node)->attempts > 0)
                return true;
        }
    }
    return false;
}

void once_check(const struct job *job)
{
    for (uint32_t item = 0; item < job->plan->item_count; item++) {
        if (!job->plan->items[item].run_once)
            continue;
        CHECK(job->once[item].taken == once_ran(job, item));
        for (uint32_t node = 0; node < job->once[item].turn; node++)
            CHECK(job->nodes[node].cursor >= job->plan->items[item].end);
    }
}
