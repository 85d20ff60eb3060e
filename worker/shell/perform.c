/* What the engine asks for, done: records to the bus, runners started and killed. */
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "result.pb-c.h"
#include "runner/line.h"
#include "shell/intake.h"
#include "shell/run_order.h"
#include "shell/worker.h"
#include "sys/clock.h"

enum { PERFORM_NO_MESSAGE = 10037 }; /* JetStream: the stream is there, the message is not */

_Static_assert(sizeof((struct bus_ack *)0)->reply == LIMIT_HANDLE_BYTES, "a handle is an ack");

#define KEY_FIELDS(worker, key)                                                                    \
    LOG_TEXT("job", (key)->job.text), LOG_UINT("step", (key)->step),                               \
        LOG_TEXT("node", (worker)->node), LOG_UINT("attempt", (key)->attempt)

/* --- the attempt's runner, output and outcome --------------------------------------------------
 */

static Baton__V1__Outcome *perform_outcome(enum attempt_state state, const char *code,
                                           const char *error)
{
    Baton__V1__Outcome *outcome = malloc(sizeof *outcome);
    CHECK(outcome != NULL);
    baton__v1__outcome__init(outcome);
    outcome->state = (Baton__V1__AttemptState)state;
    outcome->code = strdup(code);
    outcome->error = strdup(error);
    CHECK(outcome->code != NULL && outcome->error != NULL);
    line_clean(outcome->error); /* it may quote what came from outside */
    outcome->started_at_ms = outcome->finished_at_ms = clock_unix_ms();
    return outcome;
}

static void perform_exited(void *ctx, Baton__V1__Outcome *take_outcome)
{
    struct worker *worker = ctx;
    const struct attempt_key *key = &worker->engine.attempt.order.key;
    if (take_outcome == NULL) {
        take_outcome = perform_outcome(ATTEMPT_FAILED, "INTERNAL",
                                       "the runner ended without a record of the task's end");
        log_event(worker->log, LOG_ERROR, "runner.vanished", KEY_FIELDS(worker, key));
    }
    CHECK(worker->work.outcome == NULL);
    worker->work.outcome = take_outcome;
    log_event(worker->log, LOG_INFO, "task.ended", KEY_FIELDS(worker, key),
              LOG_TEXT("state", attempt_state_text((enum attempt_state)take_outcome->state)),
              LOG_TEXT("code", take_outcome->code),
              LOG_UINT("duration_ms", take_outcome->duration_ms));
    worker_feed(worker, (struct event){.kind = EVENT_EXITED, .exited = {*key}});
}

static void perform_grown(void *ctx)
{
    struct worker *worker = ctx;
    if (worker->work.output != NULL)
        output_grown(worker->work.output);
}

static void perform_flushed(void *ctx, uint64_t chunks)
{
    struct worker *worker = ctx;
    worker->work.output_chunks = chunks;
    worker_feed(worker, (struct event){.kind = EVENT_FLUSHED,
                                       .flushed = {worker->engine.attempt.order.key}});
}

static void perform_output_trouble(void *ctx, const struct bus_answer *answer)
{
    struct worker *worker = ctx;
    log_event(worker->log, LOG_WARN, "output.store_failed",
              KEY_FIELDS(worker, &worker->engine.attempt.order.key),
              LOG_TEXT("outcome", bus_outcome_text(answer->outcome)),
              LOG_TEXT("error", answer->text), LOG_UINT("retry_ms", OUTPUT_RETRY_MS));
}

static enum status perform_start(struct worker *worker, const struct effect *effect,
                                 struct error *err)
{
    struct work *work = &worker->work;
    AUTO(arena_done) struct arena arena = {0};
    Baton__V1__RunOrder run = BATON__V1__RUN_ORDER__INIT;
    char directory[WORKDIR_PATH_MAX];
    enum status status =
        workdir_make(worker->workdir, &effect->key, effect->run.claim, directory, err);
    if (status != STATUS_OK)
        return status;
    memcpy(work->directory, directory, sizeof directory);
    status = run_order_build(effect->run.order, worker->node, directory, &arena, &run, err);
    if (status != STATUS_OK)
        return status;
    const struct output_options output = {
        .loop = worker->loop,
        .cell = worker->cell,
        .node = worker->node,
        .claim = effect->run.claim,
        .directory = directory,
        .key = effect->key,
        .flushed = perform_flushed,
        .trouble = perform_output_trouble,
        .ctx = worker,
    };
    work->output = output_new(&output);
    if (work->output == NULL)
        return ERROR(err, STATUS_NOMEM, "the output");
    output_session(work->output, worker->bus);
    const struct runner_events events = {perform_grown, perform_exited, worker};
    return runner_start(worker->loop, worker->runner_program, &run, &events, &work->runner, err);
}

static void perform_run(struct worker *worker, const struct effect *effect)
{
    struct error err = {0};
    log_event(worker->log, LOG_INFO, "task.started", KEY_FIELDS(worker, &effect->key),
              LOG_TEXT("backend", effect->run.order->backend),
              LOG_TEXT("action", effect->run.order->action));
    if (perform_start(worker, effect, &err) == STATUS_OK)
        return;
    log_event(worker->log, LOG_ERROR, "task.start_failed", KEY_FIELDS(worker, &effect->key),
              LOG_ERR(&err));
    worker->work.outcome = perform_outcome(ATTEMPT_FAILED, "INTERNAL", err.text);
    worker->work.outcome->tree_empty = true;
    worker_feed(worker, (struct event){.kind = EVENT_EXITED, .exited = {effect->key}});
}

static void perform_flush(struct worker *worker, const struct effect *effect)
{
    if (worker->work.output != NULL)
        output_finish(worker->work.output);
    else
        worker_feed(worker, (struct event){.kind = EVENT_FLUSHED, .flushed = {effect->key}});
}

void perform_drop_work(struct worker *worker, bool settled)
{
    struct work *work = &worker->work;
    output_free(work->output);
    runner_free(work->runner);
    if (work->outcome != NULL)
        baton__v1__outcome__free_unpacked(work->outcome, NULL);
    if (settled && work->directory[0] != '\0')
        workdir_remove(work->directory);
    *work = (struct work){0};
}

/* --- records -----------------------------------------------------------------------------------
 */

static struct question *perform_ask(struct worker *worker, const struct effect *effect, uint64_t id)
{
    struct question *question = &worker->questions[id % WORKER_QUESTIONS];
    *question = (struct question){worker, id, effect->key};
    return question;
}

static enum answer perform_answer(const struct bus_answer *answer)
{
    if (answer->outcome == BUS_OK)
        return ANSWER_OK;
    if (answer->outcome == BUS_CONFLICT)
        return ANSWER_CONFLICT;
    if (answer->outcome == BUS_NOT_FOUND && answer->err_code == PERFORM_NO_MESSAGE)
        return ANSWER_MISSING;
    return ANSWER_UNSETTLED;
}

static void perform_note(const struct question *question, const char *event,
                         const struct bus_answer *answer)
{
    if (perform_answer(answer) == ANSWER_UNSETTLED)
        log_event(question->worker->log, LOG_WARN, event,
                  KEY_FIELDS(question->worker, &question->key),
                  LOG_TEXT("outcome", bus_outcome_text(answer->outcome)),
                  LOG_TEXT("error", answer->text));
}

static void perform_stored(void *ctx, const struct bus_answer *answer)
{
    const struct question *question = ctx;
    struct event event = {.kind = EVENT_STORED,
                          .stored = {question->id, perform_answer(answer), answer->seq}};
    perform_note(question, "record.store_failed", answer);
    worker_feed(question->worker, event);
}

static void perform_fetched(void *ctx, const struct bus_answer *answer)
{
    const struct question *question = ctx;
    AUTO(arena_done) struct arena arena = {0};
    struct event event = {.kind = EVENT_FETCHED,
                          .fetched = {.id = question->id, .answer = perform_answer(answer)}};
    perform_note(question, "record.fetch_failed", answer);
    if (answer->outcome == BUS_OK)
        event.fetched.last =
            intake_last(answer->message->body, answer->message->stream_seq, &arena);
    worker_feed(question->worker, event);
}

/* The END's outcome: the engine's own ruling, or what the runner said. */
static Baton__V1__Outcome *perform_end(struct worker *worker, const struct ruling *ruling)
{
    struct work *work = &worker->work;
    if (ruling != NULL && work->outcome == NULL) {
        work->outcome = perform_outcome(ruling->state, ruling->code, ruling->error);
        work->outcome->tree_empty = ruling->state != ATTEMPT_UNKNOWN;
    }
    CHECK(work->outcome != NULL);
    work->outcome->output_chunks = work->output_chunks;
    return work->outcome;
}

static void perform_store(struct worker *worker, const struct effect *effect)
{
    bool end = effect->kind == EFFECT_STORE_END;
    Baton__V1__ResultRecord record = BATON__V1__RESULT_RECORD__INIT;
    record.version = 1;
    record.kind = end ? BATON__V1__RESULT_KIND__RESULT_END : BATON__V1__RESULT_KIND__RESULT_START;
    record.job = (char *)(uintptr_t)effect->key.job.text; /* packing only reads */
    record.node = (char *)(uintptr_t)worker->node;
    record.step = effect->key.step;
    record.attempt = effect->key.attempt;
    record.claim = (char *)(uintptr_t)effect->store.claim;
    record.at_ms = clock_unix_ms();
    record.outcome = end ? perform_end(worker, effect->store.ruling) : NULL;
    size_t len = baton__v1__result_record__get_packed_size(&record);
    AUTO_HEAP uint8_t *packed = malloc(len);
    CHECK(packed != NULL);
    (void)baton__v1__result_record__pack(&record, packed);
    struct subject subject = subject_result(worker->cell, effect->key.job.text, worker->node);
    const struct bus_store store = {
        .subject = subject.text,
        .body = bytes_of(packed, len),
        .expect_set = true,
        .expect_seq = effect->store.expect_seq,
    };
    struct question *question = perform_ask(worker, effect, effect->store.id);
    if (worker->bus != NULL)
        bus_store(worker->bus, &store, perform_stored, question);
}

static void perform_fetch(struct worker *worker, const struct effect *effect)
{
    struct subject subject = subject_result(worker->cell, effect->key.job.text, worker->node);
    struct question *question = perform_ask(worker, effect, effect->fetch.id);
    if (worker->bus != NULL)
        bus_fetch(worker->bus, worker->results_stream.text, 0, subject.text, perform_fetched,
                  question);
}

static void perform_message(struct worker *worker, const struct effect *effect)
{
    struct bus_ack ack;
    memcpy(ack.reply, effect->message.handle, sizeof ack.reply);
    if (worker->bus == NULL)
        return;
    if (effect->kind == EFFECT_ACK)
        bus_ack(worker->bus, &ack);
    else if (effect->kind == EFFECT_WORKING)
        bus_ack_working(worker->bus, &ack);
    else
        bus_ack_later(worker->bus, &ack, effect->message.delay);
}

static void perform_trace(struct worker *worker, const struct effect *effect)
{
    log_event(worker->log, effect->trace.loud ? LOG_WARN : LOG_INFO, effect->trace.text,
              KEY_FIELDS(worker, &effect->key), LOG_UINT("seq", effect->trace.seq));
}

void perform_effect(struct worker *worker, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_STORE_START:
    case EFFECT_STORE_END:
        perform_store(worker, effect);
        return;
    case EFFECT_FETCH:
        perform_fetch(worker, effect);
        return;
    case EFFECT_RUN:
        perform_run(worker, effect);
        return;
    case EFFECT_KILL:
        log_event(worker->log, LOG_INFO, "task.kill", KEY_FIELDS(worker, &effect->key),
                  LOG_UINT("grace_ms", effect->kill.grace_ms));
        if (worker->work.runner != NULL)
            runner_kill(worker->work.runner, "cancelled", effect->kill.grace_ms);
        return;
    case EFFECT_FLUSH:
        perform_flush(worker, effect);
        return;
    case EFFECT_RELEASE:
        perform_drop_work(worker, true);
        return;
    case EFFECT_ACK:
    case EFFECT_LATER:
    case EFFECT_WORKING:
        perform_message(worker, effect);
        return;
    case EFFECT_TRACE:
        perform_trace(worker, effect);
        return;
    case EFFECT_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}
