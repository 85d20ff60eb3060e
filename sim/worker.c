#include "worker.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "fact.h"
#include "oracle/oracle.h"
#include "worker_engine.h"

enum { WORKER_CONNECT_MS_MAX = 2000 };

struct worker {
    struct cell *cell;
    struct party *party;
    struct engine engine;
    bool consumer_dropped; /* once in each life */
    uint32_t connect_failures;
    uint64_t tick_at; /* for which a tick is asked for; 0: none */
    uint64_t slow_until;
    /* the work at hand */
    bool running;
    bool killed;
    struct attempt_key key;
    uint32_t job;
    uint64_t run; /* number of the run, lest an old end ends a newer one */
    struct script script;
    bool ended; /* `outcome` counts */
    struct fact_result outcome;
};

static void worker_feed(struct worker *worker, struct event *event);

static uint32_t worker_job_of(const struct attempt_key *key)
{
    return (uint32_t)strtoul(key->job.text + 1, NULL, 10);
}

static uint64_t worker_disk(const struct worker *worker)
{
    struct world *world = worker->cell->world;
    uint64_t delay = chance_between(&world->chance, 1, 20) * WORLD_MS;
    if (worker->slow_until > world->now)
        delay += chance_around(&world->chance, 15000) * WORLD_MS;
    return delay;
}

/* --- the runner ------------------------------------------------------------------------------- */

static void worker_run_ended(struct world *world, const struct occasion *occasion, bool gone)
{
    struct worker *worker = occasion->ctx;
    if (gone || !worker->running || worker->run != occasion->a)
        return;
    worker->running = false;
    oracle_ended(world, worker->job, worker->party->index, worker->key.step);
    struct fact_result *outcome = &worker->outcome;
    *outcome =
        (struct fact_result){.kind = FACT_END,
                             .state = worker->killed ? ATTEMPT_CANCELLED : worker->script.state,
                             .exit_code = worker->script.exit_code,
                             .duration_ms = worker->script.duration_ns / WORLD_MS};
    const char *code = "OK";
    if (worker->killed)
        code = "CANCELLED";
    else if (worker->script.state == ATTEMPT_TIMED_OUT)
        code = "TIMEOUT";
    else if (worker->script.state == ATTEMPT_FAILED)
        code = "EXIT";
    (void)snprintf(outcome->code, sizeof outcome->code, "%s", code);
    worker->ended = true;
    worker_feed(worker, &(struct event){.kind = EVENT_EXITED, .exited = {worker->key}});
}

static void worker_run(struct worker *worker, const struct effect *effect)
{
    struct world *world = worker->cell->world;
    worker->key = effect->key;
    worker->job = worker_job_of(&effect->key);
    worker->running = true;
    worker->killed = false;
    worker->ended = false;
    worker->run++;
    const struct sim_job *job = jobs_get(world, worker->job);
    CHECK(job != NULL);
    worker->script =
        jobs_script(world, job, effect->key.step, worker->party->index, effect->key.attempt);
    oracle_began(world, worker->job, worker->party->index, effect->key.step, effect->key.attempt);
    world_after(
        world, worker_disk(worker) + worker->script.duration_ns,
        &(struct occasion){
            .party = worker->party, .occur = worker_run_ended, .ctx = worker, .a = worker->run});
}

static void worker_kill(struct worker *worker)
{
    if (!worker->running || worker->killed)
        return;
    worker->killed = true;
    world_after(
        worker->cell->world, worker->script.dies_after_ns,
        &(struct occasion){
            .party = worker->party, .occur = worker_run_ended, .ctx = worker, .a = worker->run});
}

static void worker_flushed(struct world *world, const struct occasion *occasion, bool gone)
{
    struct worker *worker = occasion->ctx;
    if (gone || worker->run != occasion->a)
        return;
    if (!worker->party->connected) { /* output is stored in a session only */
        world_after(world, WORLD_S, occasion);
        return;
    }
    worker_feed(worker, &(struct event){.kind = EVENT_FLUSHED, .flushed = {worker->key}});
}

static void worker_flush(struct worker *worker)
{
    world_after(
        worker->cell->world, worker_disk(worker),
        &(struct occasion){
            .party = worker->party, .occur = worker_flushed, .ctx = worker, .a = worker->run});
}

/* --- records ---------------------------------------------------------------------------------- */

static enum answer worker_answer(const struct simbus_answer *answer)
{
    switch (answer->outcome) {
    case SIMBUS_OK:
        return ANSWER_OK;
    case SIMBUS_CONFLICT:
        return ANSWER_CONFLICT;
    case SIMBUS_NOT_FOUND:
        return ANSWER_MISSING;
    case SIMBUS_TIMEOUT:
    case SIMBUS_REFUSED:
        break;
    }
    return ANSWER_UNSETTLED;
}

static void worker_stored(void *ctx, uint64_t a, uint64_t b, const struct simbus_answer *answer)
{
    struct worker *worker = ctx;
    (void)b;
    if (a == SIMBUS_ANY_ASK)
        a = worker->engine.last_id;
    worker_feed(worker, &(struct event){.kind = EVENT_STORED,
                                        .stored = {a, worker_answer(answer), answer->seq}});
}

static void worker_fetched(void *ctx, uint64_t a, uint64_t b, const struct simbus_answer *answer)
{
    struct worker *worker = ctx;
    struct fact_result fact;
    (void)b;
    if (a == SIMBUS_ANY_ASK)
        a = worker->engine.last_id;
    struct event event = {.kind = EVENT_FETCHED,
                          .fetched = {.id = a, .answer = worker_answer(answer)}};
    if (answer->outcome == SIMBUS_OK) {
        memcpy(&fact, answer->last->data, sizeof fact);
        struct last *last = &event.fetched.last;
        last->kind = fact.kind == FACT_START ? LAST_START
                     : fact.kind == FACT_END ? LAST_END
                                             : LAST_REVOKE;
        last->step = fact.step;
        last->attempt = fact.attempt;
        last->claim = fact.claim;
        last->seq = answer->seq;
    }
    worker_feed(worker, &event);
}

static void worker_fill_end(struct worker *worker, const struct ruling *ruling)
{
    if (ruling != NULL && !worker->ended) {
        worker->outcome = (struct fact_result){.kind = FACT_END, .state = ruling->state};
        (void)snprintf(worker->outcome.code, sizeof worker->outcome.code, "%s", ruling->code);
        (void)snprintf(worker->outcome.error, sizeof worker->outcome.error, "%s", ruling->error);
        worker->ended = true;
    }
    CHECK(worker->ended);
}

static void worker_store(struct worker *worker, const struct effect *effect)
{
    struct world *world = worker->cell->world;
    bool end = effect->kind == EFFECT_STORE_END;
    struct fact_result fact = {.kind = FACT_START};
    if (end) {
        worker_fill_end(worker, effect->store.ruling);
        fact = worker->outcome;
    }
    fact.step = effect->key.step;
    fact.attempt = effect->key.attempt;
    (void)snprintf(fact.claim, sizeof fact.claim, "%s", effect->store.claim);
    struct simbus_store store = {
        .kind = SUBJECT_RESULT,
        .job = worker_job_of(&effect->key),
        .node = worker->party->index,
        .body = bytes_of(&fact, sizeof fact),
        .expect_set = true,
        .expect_seq = effect->store.expect_seq,
    };
    if (end ? world->mutant == MUTANT_LAST_RESULT_WINS : world->mutant == MUTANT_NO_START_CLAIM)
        store.expect_set = false;
    const struct simbus_asker asker = {worker->party, worker_stored, worker, effect->store.id, 0};
    simbus_store(world->bus, &asker, &store);
}

static void worker_fetch(struct worker *worker, const struct effect *effect)
{
    const struct simbus_asker asker = {worker->party, worker_fetched, worker, effect->fetch.id, 0};
    simbus_fetch(worker->cell->world->bus, &asker, SUBJECT_RESULT, worker_job_of(&effect->key),
                 worker->party->index);
}

static void worker_settle(struct worker *worker, const char *handle, enum simbus_verb verb,
                          uint64_t delay_ns)
{
    uint64_t seq = strtoull(handle, NULL, 10);
    simbus_settle(worker->cell->world->bus, worker->party, seq, verb, delay_ns);
}

/* --- the engine ------------------------------------------------------------------------------- */

static void worker_perform(struct worker *worker, const struct effect *effect)
{
    struct world *world = worker->cell->world;
    switch (effect->kind) {
    case EFFECT_STORE_START:
    case EFFECT_STORE_END:
        worker_store(worker, effect);
        return;
    case EFFECT_FETCH:
        worker_fetch(worker, effect);
        return;
    case EFFECT_RUN:
        if (world->mutant == MUTANT_ACK_BEFORE_RESULT)
            worker_settle(worker, worker->engine.attempt.handle, SIMBUS_ACK, 0);
        worker_run(worker, effect);
        return;
    case EFFECT_KILL:
        worker_kill(worker);
        return;
    case EFFECT_FLUSH:
        worker_flush(worker);
        return;
    case EFFECT_RELEASE:
        worker->ended = false;
        return;
    case EFFECT_ACK:
        worker_settle(worker, effect->message.handle, SIMBUS_ACK, 0);
        return;
    case EFFECT_LATER:
        worker_settle(worker, effect->message.handle, SIMBUS_NAK, effect->message.delay.ns);
        return;
    case EFFECT_WORKING:
        worker_settle(worker, effect->message.handle, SIMBUS_WORKING, 0);
        return;
    case EFFECT_TRACE:
        world_say(world, worker_job_of(&effect->key), "%s: %s step %u #%u (seq %llu)",
                  worker->party->name, effect->trace.text, effect->key.step, effect->key.attempt,
                  (unsigned long long)effect->trace.seq);
        return;
    case EFFECT_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

static void worker_tick(struct world *world, const struct occasion *occasion, bool gone)
{
    struct worker *worker = occasion->ctx;
    (void)world;
    if (gone || worker->tick_at != occasion->a)
        return;
    worker->tick_at = 0;
    worker_feed(worker, &(struct event){.kind = EVENT_TICK});
}

static void worker_arm(struct worker *worker)
{
    struct instant deadline = engine_deadline(&worker->engine);
    if (deadline.ns == INSTANT_NEVER.ns || deadline.ns == worker->tick_at)
        return;
    worker->tick_at = deadline.ns;
    world_after(worker->cell->world, party_until(worker->party, deadline),
                &(struct occasion){
                    .party = worker->party, .occur = worker_tick, .ctx = worker, .a = deadline.ns});
}

static void worker_feed(struct worker *worker, struct event *event)
{
    struct effects effects;
    struct error err = {0};
    event->now = party_now(worker->party);
    CHECK(engine_step(&worker->engine, event, &effects, &err) == STATUS_OK);
    engine_check(&worker->engine);
    for (uint32_t i = 0; i < effects.count; i++)
        worker_perform(worker, &effects.items[i]);
    worker_arm(worker);
}

void worker_order(struct worker *worker, const struct stored *order)
{
    struct world *world = worker->cell->world;
    struct fact_order body;
    memcpy(&body, order->data, sizeof body);
    char handle[LIMIT_HANDLE_BYTES];
    char claim[LIMIT_CLAIM_BYTES + 1];
    (void)snprintf(handle, sizeof handle, "%llu", (unsigned long long)order->seq);
    uint64_t one = chance_next(&world->chance);
    uint64_t two = chance_next(&world->chance);
    (void)snprintf(claim, sizeof claim, "%016llx%016llx", (unsigned long long)one,
                   (unsigned long long)two);
    struct event event = {.kind = EVENT_ORDER};
    event.order.order = (struct order){.key = {.step = body.step, .attempt = body.attempt},
                                       .path = "0",
                                       .backend = "test",
                                       .action = "succeed",
                                       .params = "{}",
                                       .timeout_ms = body.timeout_ms,
                                       .expected_seq = body.expected_seq,
                                       .idempotent = body.idempotent};
    (void)snprintf(event.order.order.key.job.text, sizeof event.order.order.key.job.text, "j%06u",
                   order->job);
    if (jobs_get(world, order->job) == NULL) { /* of a job that is forgotten */
        worker_settle(worker, handle, SIMBUS_ACK, 0);
        return;
    }
    event.order.handle = handle;
    event.order.claim = claim;
    world_say(world, order->job, "%s gets order %llu: step %u #%u after %llu", worker->party->name,
              (unsigned long long)order->seq, body.step, body.attempt,
              (unsigned long long)body.expected_seq);
    worker_feed(worker, &event);
}

void worker_cancel(struct worker *worker, uint32_t job, uint32_t step, uint32_t attempt,
                   uint64_t grace_ms)
{
    struct event event = {
        .kind = EVENT_CANCEL,
        .cancel = {.key = {.step = step, .attempt = attempt}, .grace_ms = grace_ms}};
    (void)snprintf(event.cancel.key.job.text, sizeof event.cancel.key.job.text, "j%06u", job);
    worker_feed(worker, &event);
}

/* --- life ------------------------------------------------------------------------------------- */

static void worker_connect(struct world *world, const struct occasion *occasion, bool gone);

static void worker_connect_later(struct worker *worker)
{
    uint64_t ms = 100;
    for (uint32_t i = 0; i < worker->connect_failures && ms < WORKER_CONNECT_MS_MAX; i++)
        ms *= 2;
    worker->connect_failures++;
    world_after(worker->cell->world, ms * WORLD_MS,
                &(struct occasion){.party = worker->party, .occur = worker_connect, .ctx = worker});
}

static void worker_connect(struct world *world, const struct occasion *occasion, bool gone)
{
    struct worker *worker = occasion->ctx;
    if (gone || worker->party->connected)
        return;
    if (!simbus_connect(world->bus, worker->party)) {
        worker_connect_later(worker);
        return;
    }
    worker->connect_failures = 0;
    worker_feed(worker, &(struct event){.kind = EVENT_SESSION_UP});
    simbus_pull(world->bus, worker->party, !worker->consumer_dropped);
    worker->consumer_dropped = true;
}

void worker_started(struct worker *worker)
{
    engine_init(&worker->engine);
    worker->consumer_dropped = false;
    worker->connect_failures = 0;
    worker->tick_at = 0;
    worker_connect_later(worker);
}

void worker_died(struct worker *worker)
{
    if (worker->running) /* its runner and the task go with it */
        oracle_ended(worker->cell->world, worker->job, worker->party->index, worker->key.step);
    worker->running = false;
    worker->ended = false;
    worker->run++;
    engine_done(&worker->engine);
}

void worker_lost(struct worker *worker)
{
    worker_feed(worker, &(struct event){.kind = EVENT_SESSION_DOWN});
    worker_connect_later(worker);
}

bool worker_holds(const struct worker *worker, uint32_t job)
{
    return !engine_idle(&worker->engine) && worker_job_of(&worker->engine.attempt.order.key) == job;
}

void worker_slow(struct worker *worker, uint64_t until_ns)
{
    worker->slow_until = until_ns;
}

struct worker *worker_new(struct cell *cell, struct party *party)
{
    struct worker *worker = calloc(1, sizeof *worker);
    CHECK(worker != NULL);
    worker->cell = cell;
    worker->party = party;
    return worker;
}

void worker_free(struct worker *worker)
{
    engine_done(&worker->engine);
    free(worker);
}
