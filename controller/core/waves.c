#include "waves.h"

#include "base/check.h"
#include "spec/share.h"

/* How many nodes the next wave of a phase has; the last number given stands for all others. */
static uint32_t waves_size(const struct job *job, uint32_t item)
{
    const struct plan_item *phase = &job->plan->items[item];
    uint32_t wave = job->waves[item].count;
    uint32_t last = phase->serial_count - 1;
    uint32_t size = share_of(phase->serial[wave < last ? wave : last], job->node_count);
    return size == 0 ? 1 : size;
}

static void waves_open(struct job *job, uint32_t item)
{
    struct job_waves *waves = &job->waves[item];
    uint32_t left = job->node_count - waves->open;
    uint32_t size = waves_size(job, item);
    waves->open += size < left ? size : left;
    waves->count++;
}

enum status waves_make(struct job *job)
{
    job->waves = arena_take_array(&job->arena, job->plan->item_count, sizeof *job->waves);
    if (job->waves == NULL)
        return STATUS_NOMEM;
    for (uint32_t item = 0; item < job->plan->item_count; item++) {
        if (job->plan->items[item].serial_count > 0)
            waves_open(job, item);
    }
    return STATUS_OK;
}

bool waves_closed(const struct job *job, uint32_t node, uint32_t item)
{
    return job->plan->items[item].serial_count > 0 && node >= job->waves[item].open;
}

void waves_pass(struct job *job, uint32_t item)
{
    /* Nobody is past a phase that has not been let in, not even to skip it. */
    uint32_t first = job->waves[item].open;
    if (job->plan->items[item].serial_count == 0 || job->left[item] < first ||
        first == job->node_count)
        return;
    waves_open(job, item);
    for (uint32_t node = first; node < job->waves[item].open; node++)
        job_mark_dirty(job, node);
}

static uint32_t waves_phase(const struct plan *plan, uint32_t item)
{
    while (plan->items[item].parent != PLAN_NONE)
        item = plan->items[item].parent;
    return item;
}

void waves_fail(struct job *job, uint32_t node, uint32_t item)
{
    uint32_t phase = waves_phase(job->plan, item);
    if (job->nodes[node].failed && job->nodes[node].failed_phase == phase)
        return;
    job->nodes[node].failed_phase = phase;
    job->waves[phase].failures++;
}

bool waves_bounded(const struct job *job, uint32_t item, bool *ret_over)
{
    uint32_t phase = waves_phase(job->plan, item);
    const struct plan_item *at = &job->plan->items[phase];
    if (at->has_max_fail)
        *ret_over = job->waves[phase].failures > share_of(at->max_fail, job->node_count);
    return at->has_max_fail;
}

static bool waves_failed(const struct job *job, uint32_t node, const struct plan_item *phase)
{
    for (uint32_t i = phase->end; i-- > 0 && &job->plan->items[i] >= phase;) {
        const struct plan_item *item = &job->plan->items[i];
        const struct row *row = item->leaf ? job_row(job, item->step, node) : NULL;
        if (row != NULL && row_settled(row) && attempt_state_failed(row_state(row)))
            return true;
    }
    return false;
}

void waves_check(const struct job *job)
{
    for (uint32_t item = 0; item < job->plan->item_count; item = job->plan->items[item].end) {
        const struct plan_item *phase = &job->plan->items[item];
        uint32_t failures = 0;
        for (uint32_t node = 0; node < job->node_count; node++) {
            failures += waves_failed(job, node, phase);
            CHECK(IMPLIES(waves_closed(job, node, item), job->nodes[node].cursor <= item));
        }
        CHECK(failures == job->waves[item].failures);
        CHECK(IMPLIES(phase->serial_count > 0, job->left[item] < job->waves[item].open ||
                                                   job->left[item] == job->node_count));
    }
}
