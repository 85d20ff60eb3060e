/* What a log may say: a fold of its own, naive and slow to believe. */
#include "base/check.h"
#include "oracle_parts.h"
#include "wire/record_wire.h"

static void oracle_scheduled(struct world *world, struct oracle_job *job, uint32_t step,
                             uint32_t node, uint32_t attempt)
{
    uint32_t number = job->job->number;
    const struct plan *plan = job->job->plan;
    struct oracle_row *row = oracle_row(job, step, node);
    if (row->settled)
        world_violated(world, number, "step %u on node %u is scheduled after it was settled", step,
                       node);
    if (attempt != row->scheduled + 1u)
        world_violated(world, number, "attempt %u of step %u on node %u follows attempt %u",
                       attempt, step, node, row->scheduled);
    if (attempt > 1 && (!row->retrying || row->ended != attempt - 1))
        world_violated(world, number, "step %u on node %u is tried again, but no retry is due",
                       step, node);
    if (attempt > plan->items[plan->step_items[step]].retry.max + 1)
        world_violated(world, number, "step %u on node %u has no attempt %u", step, node, attempt);
    if (job->next_step[node] != step)
        world_violated(world, number, "order: step %u is scheduled on node %u, whose next is %u",
                       step, node, job->next_step[node]);
    if (!oracle_step_runs(job, step, node))
        world_violated(world, number,
                       "tree: step %u is scheduled on node %u, where it is to be skipped", step,
                       node);
    row->scheduled = (uint16_t)attempt;
    row->retrying = false;
    row->state = ATTEMPT_QUEUED;
}

static void oracle_log_ended(struct world *world, struct oracle_job *job, const struct entry *entry)
{
    uint32_t number = job->job->number;
    uint32_t step = entry->ended.step;
    uint32_t node = entry->ended.node;
    uint32_t attempt = entry->ended.attempt;
    struct oracle_row *row = oracle_row(job, step, node);
    enum attempt_state state = entry->ended.outcome.state;
    if (row->settled || row->scheduled != attempt || row->ended >= attempt)
        world_violated(world, number, "step %u #%u on node %u ends in the log out of turn", step,
                       attempt, node);
    if (row->over != attempt || row->over_seq != entry->ended.result_seq ||
        row->over_state != state)
        world_violated(world, number,
                       "the log says that step %u #%u on node %u is %s by result %llu; stored is "
                       "%s by %llu for #%u",
                       step, attempt, node, attempt_state_text(state),
                       (unsigned long long)entry->ended.result_seq,
                       attempt_state_text((enum attempt_state)row->over_state),
                       (unsigned long long)row->over_seq, row->over);
    if (entry->ended.retry && state != ATTEMPT_FAILED && state != ATTEMPT_TIMED_OUT)
        world_violated(world, number, "step %u #%u on node %u is %s, and is to be tried again",
                       step, attempt, node, attempt_state_text(state));
    row->ended = (uint16_t)attempt;
    row->state = (uint8_t)state;
    row->retrying = entry->ended.retry;
    if (!entry->ended.retry)
        oracle_settle(job, step, node, true);
}

static void oracle_log_skipped(struct world *world, struct oracle_job *job, uint32_t step,
                               uint32_t node)
{
    struct oracle_row *row = oracle_row(job, step, node);
    if (row->settled || row->scheduled != 0)
        world_violated(world, job->job->number, "step %u on node %u is skipped out of turn", step,
                       node);
    if (job->next_step[node] != step)
        world_violated(world, job->job->number,
                       "order: step %u is skipped on node %u, whose next is %u", step, node,
                       job->next_step[node]);
    if (oracle_step_runs(job, step, node))
        world_violated(world, job->job->number,
                       "tree: step %u is skipped on node %u, where it is to run", step, node);
    row->state = ATTEMPT_SKIPPED;
    oracle_settle(job, step, node, true);
}

/* A stop gives up the retries of steps that would not start any more. */
static void oracle_log_stopping(struct oracle_job *job, const struct entry *entry)
{
    const struct plan *plan = job->job->plan;
    job->stop = entry->stopping.reason;
    for (uint32_t step = 0; step < plan->step_count; step++) {
        for (uint32_t node = 0; node < job->job->node_count; node++) {
            struct oracle_row *row = oracle_row(job, step, node);
            if (row->retrying && !row->settled && !oracle_runs(job, plan->step_items[step], node))
                oracle_settle(job, step, node, true);
        }
    }
}

static void oracle_log_finished(struct world *world, struct oracle_job *job,
                                const struct entry *entry)
{
    const struct sim_job *sim_job = job->job;
    uint32_t rows = sim_job->plan->step_count * sim_job->node_count;
    if (job->settled != rows)
        world_violated(world, sim_job->number, "%s ends with %u of %u rows settled", sim_job->id,
                       job->settled, rows);
    static const enum job_state ends[] = {[STOP_NONE] = JOB_COMPLETED,
                                          [STOP_FAILURE] = JOB_FAILED,
                                          [STOP_TIMEOUT] = JOB_FAILED,
                                          [STOP_CANCEL] = JOB_CANCELLED};
    if (entry->finished.state != ends[job->stop])
        world_violated(world, sim_job->number, "%s ends as %s", sim_job->id,
                       job_state_text(entry->finished.state));
    for (uint32_t step = 0; step < sim_job->plan->step_count; step++) {
        for (uint32_t node = 0; node < sim_job->node_count; node++) {
            const struct oracle_row *row = oracle_row(job, step, node);
            bool given_up_on = row->state == ATTEMPT_LOST || row->state == ATTEMPT_UNKNOWN;
            bool again = row->ran_times > 1 && oracle_idempotent(job, step);
            if (row->running > 0 && !given_up_on && !again)
                world_violated(world, sim_job->number,
                               "%s is %s while step %u still runs on node %u", sim_job->id,
                               job_state_text(entry->finished.state), step, node);
        }
    }
    job->finished = true;
    job->state = entry->finished.state;
    struct sim_job *open = jobs_get(world, sim_job->number);
    open->ended = true;
    open->ended_at = world->now;
    world->jobs->open--;
    while (world->jobs->first_open < world->jobs->count) {
        const struct sim_job *first = jobs_get(world, world->jobs->first_open);
        if (first != NULL && !first->ended)
            break;
        world->jobs->first_open++;
    }
    world->oracle->counts.jobs_ended++;
}

static bool oracle_within(const struct oracle_job *job, const struct entry *entry)
{
    const struct sim_job *sim_job = job->job;
    if (entry->kind == ENTRY_ENDED)
        return entry->ended.step < sim_job->plan->step_count &&
               entry->ended.node < sim_job->node_count;
    if (entry->kind != ENTRY_SCHEDULED && entry->kind != ENTRY_SKIPPED)
        return true;
    for (uint32_t i = 0; i < entry->wave.node_count; i++) {
        if (entry->wave.nodes[i] >= sim_job->node_count)
            return false;
    }
    return entry->wave.step < sim_job->plan->step_count;
}

static void oracle_entry(struct world *world, struct oracle_job *job, const struct entry *entry)
{
    switch (entry->kind) {
    case ENTRY_CREATED:
        if (job->last_index != 0)
            world_violated(world, job->job->number, "the job is created twice");
        return;
    case ENTRY_CLAIMED:
        world->oracle->counts.takeovers++;
        return;
    case ENTRY_SCHEDULED:
        for (uint32_t i = 0; i < entry->wave.node_count; i++)
            oracle_scheduled(world, job, entry->wave.step, entry->wave.nodes[i],
                             entry->wave.attempt);
        return;
    case ENTRY_ENDED:
        oracle_log_ended(world, job, entry);
        return;
    case ENTRY_SKIPPED:
        for (uint32_t i = 0; i < entry->wave.node_count; i++)
            oracle_log_skipped(world, job, entry->wave.step, entry->wave.nodes[i]);
        return;
    case ENTRY_STOPPING:
        oracle_log_stopping(job, entry);
        return;
    case ENTRY_FINISHED:
        oracle_log_finished(world, job, entry);
        return;
    case ENTRY_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

static void oracle_say(struct world *world, uint32_t job, uint64_t seq, const struct record *record)
{
    static const char *const kinds[ENTRY_KIND_COUNT] = {"created", "claimed",  "scheduled", "ended",
                                                        "skipped", "stopping", "finished"};
    for (uint32_t i = 0; i < record->entry_count; i++) {
        const struct entry *entry = &record->entries[i];
        uint32_t step = 0;
        uint32_t attempt = 0;
        uint32_t node = 0;
        const char *state = "";
        if (entry->kind == ENTRY_ENDED) {
            step = entry->ended.step;
            attempt = entry->ended.attempt;
            node = entry->ended.node;
            state = attempt_state_text(entry->ended.outcome.state);
        } else if (entry->kind == ENTRY_SCHEDULED || entry->kind == ENTRY_SKIPPED) {
            step = entry->wave.step;
            attempt = entry->wave.attempt;
            node = entry->wave.nodes[0];
        } else if (entry->kind == ENTRY_FINISHED) {
            state = job_state_text(entry->finished.state);
        }
        world_say(world, job, "log %llu #%llu by %s: %s step %u #%u node %u %s",
                  (unsigned long long)seq, (unsigned long long)record->index, record->owner,
                  kinds[entry->kind], step, attempt, node, state);
    }
}

/* Within one record nodes do not stand in the order of what made them go on: what counts is that
 * all of it is said before anything of it is done. */
static void oracle_log_barriers(struct world *world, const struct oracle_job *job,
                                const struct entry *entry)
{
    for (uint32_t i = 0; entry->kind == ENTRY_SCHEDULED && i < entry->wave.node_count; i++) {
        uint32_t open = oracle_waits(job, entry->wave.step, entry->wave.nodes[i]);
        if (open != PLAN_NONE)
            world_violated(world, job->job->number,
                           "barrier: step %u is scheduled on node %u before others are past item "
                           "%s",
                           entry->wave.step, entry->wave.nodes[i],
                           job->job->plan->items[open].path);
    }
}

void oracle_log(struct world *world, struct oracle_job *job, const struct stored *stored)
{
    uint32_t number = job->job->number;
    struct error err = {0};
    AUTO_PTR(record_read_free) struct record_read *read = NULL;
    world->oracle->counts.records++;
    if (record_wire_unpack(bytes_of(stored->data, stored->len), &read, &err) != STATUS_OK) {
        world_violated(world, number, "a record can't be read: %s", err.text);
        return;
    }
    const struct record *record = &read->record;
    oracle_say(world, number, stored->seq, record);
    if (job->finished)
        world_violated(world, number, "a record comes after the end of %s", job->job->id);
    if (record->index != job->last_index + 1 || record->prev_seq != job->last_seq) {
        world_violated(world, number, "record %llu does not follow record %llu",
                       (unsigned long long)record->index, (unsigned long long)job->last_index);
        return;
    }
    for (uint32_t i = 0; i < record->entry_count && !world->violated; i++) {
        if (!oracle_within(job, &record->entries[i]))
            world_violated(world, number, "a record of a row that does not exist");
        else
            oracle_entry(world, job, &record->entries[i]);
    }
    for (uint32_t i = 0; i < record->entry_count && !world->violated; i++)
        oracle_log_barriers(world, job, &record->entries[i]);
    job->last_index = record->index;
    job->last_seq = stored->seq;
}
