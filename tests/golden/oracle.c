#include "base/check.h"
#include "wire/record_wire.h"
#include "world_parts.h"

/* A fresh engine which has read the first records of the log. */
struct engine *oracle_replay(struct world *world, uint32_t records)
{
    struct engine *engine = engine_new();
    AUTO(effects_done) struct effects effects = {0};
    CHECK(engine != NULL);
    for (uint32_t i = 0; i < records; i++) {
        struct error err = {0};
        AUTO_PTR(record_read_free) struct record_read *read = NULL;
        CHECK(record_wire_unpack(buffer_bytes(&world->log[i]), &read, &err) == STATUS_OK);
        struct event event = {.kind = EVENT_REPLAY, .now = {1}};
        event.replay.record = &read->record;
        event.replay.seq = world->log_seqs[i];
        if (i == 0)
            event.replay.take_plan = STEAL(read->plan);
        if (engine_step(engine, &event, &effects, &err) != STATUS_OK) {
            world_fault(world, "record %u can't be replayed: %s", i + 1, err.text);
            break;
        }
        engine_check(engine);
    }
    CHECK(effects.count == 0);
    return engine;
}

/* Note what the newest record schedules. */
void oracle_logged(struct world *world)
{
    AUTO_PTR(record_read_free) struct record_read *read = NULL;
    struct error err = {0};
    struct bytes bytes = buffer_bytes(&world->log[world->log_count - 1]);
    CHECK(record_wire_unpack(bytes, &read, &err) == STATUS_OK);
    for (uint32_t i = 0; i < read->record.entry_count; i++) {
        const struct entry *entry = &read->record.entries[i];
        for (uint32_t n = 0; entry->kind == ENTRY_SCHEDULED && n < entry->wave.node_count; n++)
            world->scheduled[entry->wave.step][entry->wave.nodes[n]] = entry->wave.attempt;
    }
}

/* Log before deed. */
void oracle_effect(struct world *world, const struct effect *effect)
{
    bool deed = effect->kind == EFFECT_DISPATCH || effect->kind == EFFECT_REVOKE ||
                effect->kind == EFFECT_CANCEL;
    if (deed && world->scheduled[effect->task.step][effect->task.node] != effect->task.attempt)
        world_fault(world, "an effect about %s #%u on %s, which is not what the log says",
                    world_path(world, effect->task.step), effect->task.attempt,
                    world->scenario->nodes[effect->task.node].name);
}

/* Nothing runs twice, and no attempt follows one that is not over or went well. */
void oracle_started(struct world *world, const struct stored_result *start)
{
    bool before = start->attempt == 1;
    for (uint32_t i = 0; i < world->result_count; i++) {
        const struct stored_result *r = &world->results[i];
        if (r->node != start->node || r->step != start->step)
            continue;
        if (r->attempt == start->attempt)
            world_fault(world, "%s #%u starts again on %s", world_path(world, start->step),
                        start->attempt, world->scenario->nodes[start->node].name);
        if (r->attempt + 1 == start->attempt && r->kind != RESULT_START)
            before = r->outcome.state == ATTEMPT_FAILED || r->outcome.state == ATTEMPT_TIMED_OUT;
    }
    if (!before)
        world_fault(world, "%s #%u starts on %s though the attempt before did not fail",
                    world_path(world, start->step), start->attempt,
                    world->scenario->nodes[start->node].name);
}

static bool oracle_same_text(const char *a, const char *b)
{
    return (a == NULL || b == NULL) ? a == b : strcmp(a, b) == 0;
}

static bool oracle_same_summary(const struct job_summary *a, const struct job_summary *b)
{
    return a->state == b->state && a->stop == b->stop && a->partial == b->partial &&
           a->started_at_ms == b->started_at_ms && a->finished_at_ms == b->finished_at_ms &&
           oracle_same_text(a->error, b->error);
}

/* Whoever reads the log comes to the same state. */
void oracle_settled(struct world *world, bool appended)
{
    if (world->engine == NULL || world->log_count == 0 || (world->append_out && !appended))
        return;
    struct engine *other = oracle_replay(world, world->log_count);
    if (appended && !oracle_same_summary(engine_summary(world->engine), engine_summary(other)))
        world_fault(world, "after record %u the owner's summary is not that of the log",
                    world->log_count);
    if (!world->append_out &&
        job_digest(engine_job(world->engine)) != job_digest(engine_job(other)))
        world_fault(world, "after record %u the owner's state is not that of the log",
                    world->log_count);
    engine_free(other);
}

static void oracle_rows(struct world *world, const struct job *job)
{
    for (uint32_t step = 0; job->plan != NULL && step < job->plan->step_count; step++) {
        for (uint32_t node = 0; node < job->node_count; node++) {
            if (!row_settled(job_row(job, step, node)))
                world_fault(world, "the row of %s on %s is not settled", world_path(world, step),
                            job->nodes[node].name);
        }
    }
}

void oracle_end(struct world *world)
{
    struct engine *engine = oracle_replay(world, world->log_count);
    const struct job *job = engine_job(engine);
    if (job == NULL || !job_ended(job))
        world_fault(world, "the job has not ended");
    else
        oracle_rows(world, job);
    if (job != NULL && world->saved != job->state)
        world_fault(world, "the saved state is %s, but the log says %s",
                    job_state_text(world->saved), job_state_text(job->state));
    if (!world->done)
        world_fault(world, "the owner never said that it is done");
    if (job != NULL)
        story_rows(&world->story, job);
    engine_free(engine);
}
