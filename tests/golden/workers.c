#include "base/check.h"
#include "world_parts.h"

static const struct behaviour *workers_behaviour(const struct world *world, uint32_t node,
                                                 const struct order *order)
{
    return scenario_behaviour(world->scenario, world->scenario->nodes[node].name,
                              world_path(world, order->step), order->attempt);
}

static const char *workers_name(const struct world *world, uint32_t node)
{
    return world->scenario->nodes[node].name;
}

/* Store a record; the caller has checked the condition. */
static void workers_store(struct world *world, const struct stored_result *record)
{
    CHECK(world->result_count < WORLD_RESULTS_MAX);
    struct stored_result *stored = &world->results[world->result_count++];
    *stored = *record;
    stored->seq = ++world->result_seq;
    world->workers[record->node].last_seq = stored->seq;
    world_later(world, FOLLOW_MS,
                &(struct occurrence){.kind = OCCURS_RESULT,
                                     .owner = world->owner,
                                     .number = world->result_count - 1});
}

static void workers_take_next(struct world *world, uint32_t node)
{
    struct worker *worker = &world->workers[node];
    if (worker->dead || worker->busy || worker->queued == 0)
        return;
    worker->now = worker->queue[0];
    worker->queued--;
    memmove(worker->queue, worker->queue + 1, worker->queued * sizeof *worker->queue);
    worker->busy = true;
    worker->started = false;
    const struct behaviour *behaviour = workers_behaviour(world, node, &worker->now);
    if (!behaviour->never_starts || worker->last_seq != worker->now.expected_seq)
        world_later(
            world, behaviour->never_starts ? 1 : behaviour->start_ms,
            &(struct occurrence){.kind = OCCURS_START, .node = node, .number = worker->life});
}

static void workers_idle(struct world *world, uint32_t node)
{
    world->workers[node].busy = false;
    world->workers[node].started = false;
    world->workers[node].life++;
    workers_take_next(world, node);
}

void workers_order(struct world *world, const struct occurrence *occurrence)
{
    struct worker *worker = &world->workers[occurrence->node];
    CHECK(worker->queued < WORLD_ORDERS_MAX);
    worker->queue[worker->queued++] =
        (struct order){occurrence->step, occurrence->attempt, occurrence->number};
    workers_take_next(world, occurrence->node);
}

/* The attempt's START by an earlier life of this worker, or NULL. */
static const struct stored_result *workers_own_start(const struct world *world, uint32_t node)
{
    const struct worker *worker = &world->workers[node];
    for (uint32_t i = world->result_count; i-- > 0;) {
        const struct stored_result *r = &world->results[i];
        if (r->node == node)
            return r->kind == RESULT_START && r->step == worker->now.step &&
                           r->attempt == worker->now.attempt
                       ? r
                       : NULL;
    }
    return NULL;
}

static void workers_run(struct world *world, uint32_t node)
{
    struct worker *worker = &world->workers[node];
    const struct behaviour *behaviour = workers_behaviour(world, node, &worker->now);
    worker->started = true;
    struct occurrence end = {.kind = OCCURS_END, .node = node, .number = worker->life};
    end.outcome = (struct outcome){.state = behaviour->end, .code = "OK", .error = ""};
    if (behaviour->end == ATTEMPT_FAILED) {
        end.outcome.code = "EXIT";
        end.outcome.error = "it failed";
    } else if (behaviour->end == ATTEMPT_TIMED_OUT) {
        end.outcome.code = "TIMEOUT";
        end.outcome.error = "it took too long";
    }
    end.outcome.has_exit_code = behaviour->end != ATTEMPT_TIMED_OUT;
    end.outcome.exit_code = behaviour->end == ATTEMPT_FAILED ? behaviour->exit_code : 0;
    end.outcome.duration_ms = behaviour->run_ms;
    if (!behaviour->hangs)
        world_later(world, behaviour->run_ms, &end);
}

/* The worker was killed while it ran this; only an idempotent step may run again. */
static void workers_resume(struct world *world, uint32_t node, const struct stored_result *start)
{
    struct worker *worker = &world->workers[node];
    worker->start_seq = start->seq;
    if (world->story.plan->items[world->story.plan->step_items[start->step]].idempotent) {
        story_say(&world->story, "%s begins %s #%u again", workers_name(world, node),
                  world_path(world, start->step), start->attempt);
        workers_run(world, node);
        return;
    }
    worker->started = true;
    struct occurrence end = {.kind = OCCURS_END, .node = node, .number = worker->life};
    end.outcome = (struct outcome){.state = ATTEMPT_UNKNOWN,
                                   .code = "UNKNOWN",
                                   .error = "the worker restarted while this task ran"};
    world_later(world, 1, &end);
}

void workers_start(struct world *world, const struct occurrence *occurrence)
{
    uint32_t node = occurrence->node;
    struct worker *worker = &world->workers[node];
    if (occurrence->number != worker->life || !worker->busy)
        return;
    const char *path = world_path(world, worker->now.step);
    if (worker->last_seq != worker->now.expected_seq) {
        const struct stored_result *own = workers_own_start(world, node);
        if (own != NULL) {
            workers_resume(world, node, own);
            return;
        }
        story_say(&world->story, "%s drops the order %s #%u: it is stale",
                  workers_name(world, node), path, worker->now.attempt);
        workers_idle(world, node);
        return;
    }
    struct stored_result start = {.kind = RESULT_START,
                                  .node = node,
                                  .step = worker->now.step,
                                  .attempt = worker->now.attempt};
    oracle_started(world, &start);
    workers_store(world, &start);
    worker->start_seq = worker->last_seq;
    story_say(&world->story, "%s starts %s #%u (seq %llu)", workers_name(world, node), path,
              start.attempt, (unsigned long long)worker->start_seq);
    workers_run(world, node);
}

void workers_end(struct world *world, const struct occurrence *occurrence)
{
    uint32_t node = occurrence->node;
    struct worker *worker = &world->workers[node];
    if (occurrence->number != worker->life || !worker->busy || !worker->started)
        return;
    const char *path = world_path(world, worker->now.step);
    if (worker->last_seq != worker->start_seq) {
        story_say(&world->story, "%s ends %s #%u too late: it was revoked",
                  workers_name(world, node), path, worker->now.attempt);
        workers_idle(world, node);
        return;
    }
    struct stored_result end = {.kind = RESULT_END,
                                .node = node,
                                .step = worker->now.step,
                                .attempt = worker->now.attempt,
                                .outcome = occurrence->outcome};
    end.outcome.finished_at_ms = (int64_t)world->now_ms;
    end.outcome.started_at_ms = end.outcome.finished_at_ms - (int64_t)end.outcome.duration_ms;
    workers_store(world, &end);
    story_say(&world->story, "%s ends %s #%u: %s (seq %llu)", workers_name(world, node), path,
              end.attempt, attempt_state_text(end.outcome.state),
              (unsigned long long)worker->last_seq);
    workers_idle(world, node);
}

void workers_revoke(struct world *world, const struct occurrence *occurrence)
{
    uint32_t node = occurrence->node;
    struct worker *worker = &world->workers[node];
    const char *path = world_path(world, occurrence->step);
    if (worker->last_seq != occurrence->number) {
        story_say(&world->story, "the revocation of %s #%u on %s is refused", path,
                  occurrence->attempt, workers_name(world, node));
        return;
    }
    struct stored_result revoke = {.kind = RESULT_REVOKE,
                                   .node = node,
                                   .step = occurrence->step,
                                   .attempt = occurrence->attempt,
                                   .outcome = occurrence->outcome};
    workers_store(world, &revoke);
    story_say(&world->story, "%s #%u is revoked on %s (seq %llu)", path, revoke.attempt,
              workers_name(world, node), (unsigned long long)worker->last_seq);
    if (worker->busy && !worker->started &&
        workers_behaviour(world, node, &worker->now)->never_starts)
        world_later(
            world, 1,
            &(struct occurrence){.kind = OCCURS_START, .node = node, .number = worker->life});
}

void workers_cancel(struct world *world, const struct occurrence *occurrence)
{
    uint32_t node = occurrence->node;
    struct worker *worker = &world->workers[node];
    if (worker->dead || !worker->busy || !worker->started || worker->now.step != occurrence->step ||
        worker->now.attempt != occurrence->attempt ||
        workers_behaviour(world, node, &worker->now)->ignores_cancel)
        return;
    struct occurrence end = {.kind = OCCURS_END, .node = node, .number = worker->life};
    end.outcome =
        (struct outcome){.state = ATTEMPT_CANCELLED, .code = "CANCELLED", .error = "killed"};
    world_later(world, KILL_MS, &end);
}

void workers_die(struct world *world, uint32_t node)
{
    struct worker *worker = &world->workers[node];
    worker->dead = true;
    worker->life++;
    if (!worker->busy)
        return;
    CHECK(worker->queued < WORLD_ORDERS_MAX); /* never acknowledged, so it comes again */
    memmove(worker->queue + 1, worker->queue, worker->queued * sizeof *worker->queue);
    worker->queue[0] = worker->now;
    worker->queued++;
    worker->busy = false;
    worker->started = false;
}

void workers_return(struct world *world, uint32_t node)
{
    world->workers[node].dead = false;
    workers_take_next(world, node);
}
