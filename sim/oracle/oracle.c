#include "oracle.h"

#include <stdlib.h>

#include "base/check.h"
#include "oracle_parts.h"

struct oracle_job *oracle_job(const struct world *world, uint32_t job)
{
    const struct oracle *oracle = world->oracle;
    return oracle == NULL || job >= oracle->job_count ? NULL : oracle->jobs[job];
}

struct oracle_row *oracle_row(const struct oracle_job *job, uint32_t step, uint32_t node)
{
    CHECK(step < job->job->plan->step_count && node < job->job->node_count);
    return &job->rows[(size_t)step * job->job->node_count + node];
}

bool oracle_idempotent(const struct oracle_job *job, uint32_t step)
{
    const struct plan *plan = job->job->plan;
    return plan->items[plan->step_items[step]].idempotent;
}

static void *oracle_array(size_t count, size_t size)
{
    void *array = calloc(count + 1, size);
    CHECK(array != NULL);
    return array;
}

void oracle_add_job(struct world *world, const struct sim_job *job)
{
    if (world->oracle == NULL)
        world->oracle = oracle_array(1, sizeof *world->oracle);
    struct oracle *oracle = world->oracle;
    if (job->number >= oracle->job_count) {
        uint32_t count = job->number + 64;
        oracle->jobs = realloc(oracle->jobs, count * sizeof(struct oracle_job *));
        CHECK(oracle->jobs != NULL);
        memset(&oracle->jobs[oracle->job_count], 0,
               (count - oracle->job_count) * sizeof(struct oracle_job *));
        oracle->job_count = count;
    }
    struct oracle_job *added = oracle_array(1, sizeof *added);
    const struct plan *plan = job->plan;
    oracle->jobs[job->number] = added;
    added->job = job;
    added->rows = oracle_array((size_t)plan->step_count * job->node_count, sizeof *added->rows);
    added->unsettled = oracle_array(plan->item_count, sizeof *added->unsettled);
    added->next_step = oracle_array(job->node_count, sizeof *added->next_step);
    added->entered =
        oracle_array((size_t)plan->item_count * job->node_count, sizeof *added->entered);
    for (uint32_t i = 0; i < plan->item_count; i++) {
        for (uint32_t leaf = i; leaf < plan->items[i].end; leaf++)
            added->unsettled[i] += plan->items[leaf].leaf ? job->node_count : 0;
    }
}

static void oracle_free_job(struct oracle_job *job)
{
    if (job == NULL)
        return;
    free(job->rows);
    free(job->unsettled);
    free(job->next_step);
    free(job->entered);
    free(job);
}

void oracle_forget_job(struct world *world, uint32_t job)
{
    oracle_free_job(world->oracle->jobs[job]);
    world->oracle->jobs[job] = NULL;
}

void oracle_free(struct oracle *oracle)
{
    if (oracle == NULL)
        return;
    for (uint32_t i = 0; i < oracle->job_count; i++)
        oracle_free_job(oracle->jobs[i]);
    free(oracle->jobs);
    free(oracle);
}

const struct oracle_counts *oracle_counts(const struct world *world)
{
    static const struct oracle_counts none;
    return world->oracle == NULL ? &none : &world->oracle->counts;
}

void oracle_settle(struct oracle_job *job, uint32_t step, uint32_t node, bool settled)
{
    struct oracle_row *row = oracle_row(job, step, node);
    if (row->settled == settled)
        return;
    const struct plan *plan = job->job->plan;
    uint32_t by = settled ? UINT32_MAX : 1; /* modulo 2^32: one less, or one more */
    row->settled = settled;
    for (uint32_t at = plan->step_items[step]; at != PLAN_NONE; at = plan->items[at].parent)
        job->unsettled[at] += by;
    job->settled -= by;
    job->next_step[node] = settled ? step + 1 : step;
}

void oracle_stored(struct world *world, const struct stored *stored)
{
    struct oracle_job *job = oracle_job(world, stored->job);
    if (job == NULL)
        return;
    if (stored->kind == SUBJECT_LOG)
        oracle_log(world, job, stored);
    else if (stored->kind == SUBJECT_RESULT)
        oracle_result(world, job, stored);
    else if (stored->kind == SUBJECT_SIGNAL && job->asked_at == 0)
        job->asked_at = world->now;
}

/* The end of everything: nothing may be missing. */
void oracle_final(struct world *world, const struct sim_job *job)
{
    const struct oracle_job *known = oracle_job(world, job->number);
    if (!known->finished) {
        world_violated(world, job->number, "%s never ends: %u of %u rows are settled", job->id,
                       known->settled, job->plan->step_count * job->node_count);
        return;
    }
    if (known->settled != job->plan->step_count * job->node_count)
        world_violated(world, job->number, "%s has ended with rows that are not settled", job->id);
    const struct stored *value = simbus_last(world->bus, SUBJECT_KV, job->number, 0);
    struct fact_value last = {.state = JOB_PENDING};
    if (value != NULL)
        memcpy(&last, value->data, sizeof last);
    if (last.state != known->state)
        world_violated(world, job->number, "the log of %s says %s, its KV value %s", job->id,
                       job_state_text(known->state), job_state_text(last.state));
    if (!job->accepted)
        world_violated(world, job->number, "the submission of %s is never acknowledged", job->id);
    for (uint32_t step = 0; step < job->plan->step_count; step++) {
        for (uint32_t node = 0; node < job->node_count; node++) {
            const struct oracle_row *row = oracle_row(known, step, node);
            if (row->ended != row->over)
                world_violated(world, job->number,
                               "%s: the outcome of step %u #%u on node %u never got into the log",
                               job->id, step, row->over, node);
        }
    }
}
