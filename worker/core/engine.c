#include "core/engine.h"

#include "base/check.h"
#include "core/settle.h"

void engine_init(struct engine *engine)
{
    *engine = (struct engine){0};
    attempt_done(&engine->attempt);
}

void engine_done(struct engine *engine)
{
    attempt_done(&engine->attempt);
}

bool engine_idle(const struct engine *engine)
{
    return engine->attempt.phase == PHASE_DONE;
}

void engine_check(const struct engine *engine)
{
    attempt_check(&engine->attempt);
    CHECK(IMPLIES(!engine->connected, engine->attempt.handle[0] == '\0'));
    CHECK(IMPLIES(!engine->connected, engine->attempt.retry_at.ns == INSTANT_NEVER.ns));
    CHECK(engine->attempt.operation_id <= engine->last_id);
}

/* --- effects -------------------------------------------------------------------------------- */

static struct effect *engine_push(struct effects *out, enum effect_kind kind,
                                  const struct attempt_key *key)
{
    CHECK(out->count < LIMIT_EFFECTS);
    struct effect *effect = &out->items[out->count++];
    *effect = (struct effect){.kind = kind, .key = *key};
    return effect;
}

static void engine_trace(struct effects *out, const struct attempt_key *key, const char *text,
                         bool loud, uint64_t seq)
{
    struct effect *effect = engine_push(out, EFFECT_TRACE, key);
    effect->trace.text = text;
    effect->trace.loud = loud;
    effect->trace.seq = seq;
}

static void engine_message(struct effects *out, enum effect_kind kind,
                           const struct attempt_key *key, const char *handle, uint64_t delay_ms)
{
    size_t len = strnlen(handle, LIMIT_HANDLE_BYTES - 1);
    if (len == 0)
        return; /* no session holds it any more: it comes again by itself */
    struct effect *effect = engine_push(out, kind, key);
    memcpy(effect->message.handle, handle, len);
    effect->message.handle[len] = '\0';
    effect->message.delay = duration_ms(delay_ms);
}

static void engine_store(struct engine *engine, struct effects *out, uint64_t expect_seq)
{
    struct attempt *attempt = &engine->attempt;
    bool end = attempt->phase == PHASE_REPORTING;
    CHECK(attempt->operation == OPERATION_NONE);
    CHECK(end || attempt->phase == PHASE_CLAIMING);
    attempt->operation = OPERATION_STORE;
    attempt->operation_id = ++engine->last_id;
    attempt->retry_at = INSTANT_NEVER;
    struct effect *effect =
        engine_push(out, end ? EFFECT_STORE_END : EFFECT_STORE_START, &attempt->order.key);
    effect->store.id = attempt->operation_id;
    effect->store.expect_seq = expect_seq;
    effect->store.claim = attempt->claim;
    effect->store.ruling = attempt->ruled ? &attempt->ruling : NULL;
}

static void engine_fetch(struct engine *engine, struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    CHECK(attempt->operation == OPERATION_NONE);
    attempt->operation = OPERATION_FETCH;
    attempt->operation_id = ++engine->last_id;
    attempt->retry_at = INSTANT_NEVER;
    engine_push(out, EFFECT_FETCH, &attempt->order.key)->fetch.id = attempt->operation_id;
}

/* An operation settled nothing: read back, after a pause that grows, in a session. */
static void engine_read_back(struct engine *engine, struct instant now, bool at_once,
                             struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    attempt->operation = OPERATION_NONE;
    attempt->operation_id = 0;
    attempt->tries++;
    if (!engine->connected)
        return; /* EVENT_SESSION_UP goes on from here */
    if (at_once && attempt->tries == 1)
        engine_fetch(engine, out);
    else
        attempt->retry_at = instant_add(now, attempt_pause(attempt));
}

/* --- from order to start -------------------------------------------------------------------- */

static void engine_settle_order(struct engine *engine, enum effect_kind kind, uint64_t delay_ms,
                                struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    engine_message(out, kind, &attempt->order.key, attempt->handle, delay_ms);
    attempt_move(attempt, PHASE_DONE);
    attempt->handle[0] = '\0';
    attempt->ruled = false;
}

static void engine_rule(struct engine *engine, struct ruling ruling, struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    attempt_move(attempt, PHASE_REPORTING);
    attempt->ruling = ruling;
    attempt->ruled = true;
    engine_store(engine, out, attempt->start_seq);
}

static void engine_started(struct engine *engine, uint64_t start_seq, struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    CHECK(start_seq != 0);
    attempt->start_seq = start_seq;
    if (attempt->cancel_asked) {
        engine_rule(engine,
                    (struct ruling){ATTEMPT_CANCELLED, "CANCELLED", "cancelled before it started"},
                    out);
        return;
    }
    if (attempt->order.refusal != NULL) {
        engine_rule(engine, (struct ruling){ATTEMPT_FAILED, "BAD_PARAMS", attempt->order.refusal},
                    out);
        return;
    }
    attempt_move(attempt, PHASE_RUNNING);
    struct effect *effect = engine_push(out, EFFECT_RUN, &attempt->order.key);
    effect->run.order = &attempt->order;
    effect->run.claim = attempt->claim;
}

static void engine_claim(struct engine *engine, struct effects *out)
{
    if (engine->attempt.phase == PHASE_ORDERED)
        attempt_move(&engine->attempt, PHASE_CLAIMING);
    engine_store(engine, out, engine->attempt.order.expected_seq);
}

static void engine_find_claim(struct engine *engine, const struct last *last, struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    const struct attempt_key *key = &attempt->order.key;
    uint64_t seq = last != NULL ? last->seq : 0;
    switch (settle_claim(&attempt->order, attempt->claim, last)) {
    case CLAIM_FREE:
        engine_claim(engine, out);
        return;
    case CLAIM_AGAIN:
        engine_trace(out, key, "attempt.run_again", false, seq);
        engine_started(engine, seq, out);
        return;
    case CLAIM_MINE:
        engine_started(engine, seq, out);
        return;
    case CLAIM_UNKNOWN:
        engine_trace(out, key, "attempt.fate_unknown", true, seq);
        attempt->start_seq = seq;
        engine_rule(
            engine,
            (struct ruling){ATTEMPT_UNKNOWN, "UNKNOWN", "the worker restarted while this task ran"},
            out);
        return;
    case CLAIM_STALE:
        engine_trace(out, key, "order.stale", false, seq);
        engine_settle_order(engine, EFFECT_ACK, 0, out);
        return;
    case CLAIM_FORGOTTEN:
        engine_trace(out, key, "server.forgot_records", true, attempt->order.expected_seq);
        engine_settle_order(engine, EFFECT_LATER, LIMIT_AMNESIA_LATER_MS, out);
        return;
    case CLAIM_FINDING_COUNT:
        break;
    }
    UNREACHABLE();
}

static void engine_hold(struct engine *engine, const char *handle, struct instant now)
{
    struct attempt *attempt = &engine->attempt;
    if (!engine->connected)
        return;
    size_t len = strnlen(handle, LIMIT_HANDLE_BYTES - 1);
    memcpy(attempt->handle, handle, len);
    attempt->handle[len] = '\0';
    attempt->working_at = instant_add(now, DURATION_MS(LIMIT_WORKING_MS));
}

static enum status engine_order(struct engine *engine, const struct event *event,
                                struct effects *out, struct error *err)
{
    struct attempt *attempt = &engine->attempt;
    const struct order *order = &event->order.order;
    const char *handle = event->order.handle;
    if (!engine_idle(engine) && attempt_key_equal(&attempt->order.key, &order->key)) {
        /* The same order again: redelivered, or published twice. The newer handle counts. */
        engine_trace(out, &order->key, "order.repeated", false, 0);
        engine_hold(engine, handle, event->now);
        return STATUS_OK;
    }
    if (!engine_idle(engine) || engine->draining || !engine->connected) {
        engine_message(out, EFFECT_LATER, &order->key, handle, LIMIT_BUSY_LATER_MS);
        return STATUS_OK;
    }
    enum status status = attempt_begin(attempt, order, event->order.claim, err);
    if (status != STATUS_OK) {
        engine_message(out, EFFECT_LATER, &order->key, handle, LIMIT_BUSY_LATER_MS);
        return status;
    }
    engine_hold(engine, handle, event->now);
    /* An owner that took the job over may expect a START of this very attempt: appending behind it
     * would succeed, and what must not run twice would. */
    if (!order->idempotent && order->expected_seq != 0)
        engine_fetch(engine, out);
    else
        engine_claim(engine, out);
    return STATUS_OK;
}

/* --- from outcome to ack -------------------------------------------------------------------- */

static void engine_finish(struct engine *engine, const char *how, bool loud, uint64_t seq,
                          struct effects *out)
{
    struct attempt_key key = engine->attempt.order.key;
    engine_trace(out, &key, how, loud, seq);
    engine_settle_order(engine, EFFECT_ACK, 0, out);
    (void)engine_push(out, EFFECT_RELEASE, &key);
}

static void engine_find_report(struct engine *engine, const struct last *last, struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    uint64_t seq = last != NULL ? last->seq : 0;
    switch (settle_report(&attempt->order, attempt->claim, attempt->start_seq, last)) {
    case REPORT_OPEN:
        engine_store(engine, out, seq);
        return;
    case REPORT_FORGOTTEN:
        engine_trace(out, &attempt->order.key, "server.forgot_records", true, attempt->start_seq);
        engine_store(engine, out, seq);
        return;
    case REPORT_MINE:
        engine_finish(engine, "attempt.reported", false, seq, out);
        return;
    case REPORT_LATE:
        engine_finish(engine, "attempt.outcome_late", true, seq, out);
        return;
    case REPORT_FINDING_COUNT:
        break;
    }
    UNREACHABLE();
}

/* --- events --------------------------------------------------------------------------------- */

static void engine_stored(struct engine *engine, const struct event *event, struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    if (attempt->operation != OPERATION_STORE || attempt->operation_id != event->stored.id)
        return; /* the network may speak late */
    if (event->stored.answer != ANSWER_OK) {
        engine_read_back(engine, event->now, event->stored.answer == ANSWER_CONFLICT, out);
        return;
    }
    attempt->operation = OPERATION_NONE;
    attempt->operation_id = 0;
    if (attempt->phase == PHASE_CLAIMING)
        engine_started(engine, event->stored.seq, out);
    else
        engine_finish(engine, "attempt.reported", false, event->stored.seq, out);
}

static void engine_fetched(struct engine *engine, const struct event *event, struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    if (attempt->operation != OPERATION_FETCH || attempt->operation_id != event->fetched.id)
        return;
    enum answer answer = event->fetched.answer;
    if (answer != ANSWER_OK && answer != ANSWER_MISSING) {
        engine_read_back(engine, event->now, false, out);
        return;
    }
    attempt->operation = OPERATION_NONE;
    attempt->operation_id = 0;
    const struct last *last = answer == ANSWER_OK ? &event->fetched.last : NULL;
    if (attempt->phase == PHASE_REPORTING)
        engine_find_report(engine, last, out);
    else
        engine_find_claim(engine, last, out);
}

static void engine_exited(struct engine *engine, const struct event *event, struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    if (attempt->phase != PHASE_RUNNING ||
        !attempt_key_equal(&attempt->order.key, &event->exited.key))
        return;
    attempt_move(attempt, PHASE_ENDING);
    (void)engine_push(out, EFFECT_FLUSH, &attempt->order.key);
}

static void engine_flushed(struct engine *engine, const struct event *event, struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    if (attempt->phase != PHASE_ENDING ||
        !attempt_key_equal(&attempt->order.key, &event->flushed.key))
        return;
    attempt_move(attempt, PHASE_REPORTING);
    if (engine->connected)
        engine_store(engine, out, attempt->start_seq);
}

static void engine_cancel(struct engine *engine, uint64_t grace_ms, struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    bool first = !attempt->cancel_asked;
    if (attempt->phase == PHASE_ORDERED || attempt->phase == PHASE_CLAIMING)
        attempt->cancel_asked = true;
    if (attempt->phase != PHASE_RUNNING || !first)
        return; /* the owner repeats itself until it sees the end */
    attempt->cancel_asked = true;
    engine_push(out, EFFECT_KILL, &attempt->order.key)->kill.grace_ms = grace_ms;
}

static void engine_session_up(struct engine *engine, struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    engine->connected = true;
    bool on_bus = attempt->phase == PHASE_ORDERED || attempt->phase == PHASE_CLAIMING ||
                  attempt->phase == PHASE_REPORTING;
    if (on_bus && attempt->operation == OPERATION_NONE)
        engine_fetch(engine, out);
}

static void engine_session_down(struct engine *engine)
{
    struct attempt *attempt = &engine->attempt;
    engine->connected = false;
    attempt->handle[0] = '\0';
    attempt->operation = OPERATION_NONE;
    attempt->operation_id = 0;
    attempt->retry_at = INSTANT_NEVER;
}

static void engine_tick(struct engine *engine, struct instant now, struct effects *out)
{
    struct attempt *attempt = &engine->attempt;
    if (attempt->handle[0] != '\0' && instant_reached(now, attempt->working_at)) {
        engine_message(out, EFFECT_WORKING, &attempt->order.key, attempt->handle, 0);
        attempt->working_at = instant_add(now, DURATION_MS(LIMIT_WORKING_MS));
    }
    if (attempt->retry_at.ns != INSTANT_NEVER.ns && instant_reached(now, attempt->retry_at))
        engine_fetch(engine, out);
}

struct instant engine_deadline(const struct engine *engine)
{
    const struct attempt *attempt = &engine->attempt;
    struct instant working = attempt->handle[0] != '\0' ? attempt->working_at : INSTANT_NEVER;
    return instant_min(working, attempt->retry_at);
}

enum status engine_step(struct engine *engine, const struct event *event, struct effects *out,
                        struct error *err)
{
    enum status status = STATUS_OK;
    out->count = 0;
    engine_check(engine);
    switch (event->kind) {
    case EVENT_ORDER:
        status = engine_order(engine, event, out, err);
        break;
    case EVENT_STORED:
        engine_stored(engine, event, out);
        break;
    case EVENT_FETCHED:
        engine_fetched(engine, event, out);
        break;
    case EVENT_EXITED:
        engine_exited(engine, event, out);
        break;
    case EVENT_FLUSHED:
        engine_flushed(engine, event, out);
        break;
    case EVENT_CANCEL:
        if (attempt_key_equal(&engine->attempt.order.key, &event->cancel.key))
            engine_cancel(engine, event->cancel.grace_ms, out);
        break;
    case EVENT_ABORT:
        engine->draining = true;
        engine_cancel(engine, event->abort.grace_ms, out);
        break;
    case EVENT_DRAIN:
        engine->draining = true;
        break;
    case EVENT_SESSION_UP:
        engine_session_up(engine, out);
        break;
    case EVENT_SESSION_DOWN:
        engine_session_down(engine);
        break;
    case EVENT_TICK:
        engine_tick(engine, event->now, out);
        break;
    case EVENT_KIND_COUNT:
        UNREACHABLE();
    }
    engine_check(engine);
    return status;
}
