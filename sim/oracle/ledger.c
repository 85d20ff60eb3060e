/* The effect ledger: what was executed, whatever anybody says about it. */
#include "base/check.h"
#include "oracle_parts.h"

void oracle_began(struct world *world, uint32_t job, uint32_t node, uint32_t step, uint32_t attempt)
{
    struct oracle_job *known = oracle_job(world, job);
    if (known == NULL)
        return;
    const struct sim_job *sim_job = known->job;
    uint32_t own = jobs_node(sim_job, node);
    world->oracle->counts.executions++;
    world_say(world, job, "node-%u executes step %u #%u", node, step, attempt);
    if (own == PLAN_NONE || step >= sim_job->plan->step_count) {
        world_violated(world, job, "node-%u executes what is none of its business", node);
        return;
    }
    struct oracle_row *row = oracle_row(known, step, own);
    if (row->started != attempt)
        world_violated(world, job, "node-%u executes step %u #%u, which has no START", node, step,
                       attempt);
    if (row->ran != attempt)
        row->ran_times = 0;
    row->ran = (uint16_t)attempt;
    row->ran_times++;
    row->running++;
    if (!oracle_idempotent(known, step) && row->ran_times > 1)
        world_violated(world, job, "node-%u executes step %u #%u again, which is not idempotent",
                       node, step, attempt);
}

void oracle_ended(struct world *world, uint32_t job, uint32_t node, uint32_t step)
{
    struct oracle_job *known = oracle_job(world, job);
    if (known == NULL)
        return;
    uint32_t own = jobs_node(known->job, node);
    if (own == PLAN_NONE || step >= known->job->plan->step_count)
        return;
    struct oracle_row *row = oracle_row(known, step, own);
    CHECK(row->running > 0);
    row->running--;
    world_say(world, job, "node-%u: the process of step %u is no more", node, step);
}
