#include "shell/loop.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "shell/intake.h"
#include "sys/clock.h"

enum {
    LOOP_CONNECT_MS = 100,      /* before the first new attempt to connect; doubles */
    LOOP_CONNECT_MS_MAX = 5000, /* ... up to this */
    LOOP_ACK_WAIT_MS = 30000,   /* the core gives a sign of life three times as often */
    LOOP_ABORT_MS = 10000,      /* after a second signal: to kill, report and go */
    LOOP_ABORT_GRACE_MS = 2000,
    LOOP_SAY_OFFLINE_MS = 3000,    /* a bus that is away does not hold up the stop */
    LOOP_PAYLOAD_MIN = 512 * 1024, /* an END with four full captures is half of that */
};

static void loop_connect(struct worker *worker);
static void loop_stop_if_idle(struct worker *worker);

/* --- the engine's turn --------------------------------------------------------------------- */

static void loop_deadline_fired(uv_timer_t *timer)
{
    worker_feed(timer->data, (struct event){.kind = EVENT_TICK});
}

static void loop_arm(struct worker *worker)
{
    struct instant deadline = engine_deadline(&worker->engine);
    if (deadline.ns == INSTANT_NEVER.ns) {
        CHECK(uv_timer_stop(&worker->deadline_timer) == 0);
        return;
    }
    uint64_t ms = duration_to_ms(instant_since(deadline, clock_now())) + 1;
    CHECK(uv_timer_start(&worker->deadline_timer, loop_deadline_fired, ms, 0) == 0);
}

static void loop_step(struct worker *worker, struct event *event)
{
    struct effects effects;
    struct error err = {0};
    event->now = clock_now();
    if (engine_step(&worker->engine, event, &effects, &err) != STATUS_OK)
        log_event(worker->log, LOG_ERROR, "worker.step_failed", LOG_TEXT("node", worker->node),
                  LOG_ERR(&err));
    for (uint32_t i = 0; i < effects.count; i++)
        perform_effect(worker, &effects.items[i]);
}

void worker_feed(struct worker *worker, struct event event)
{
    if (worker->stepping) {
        /* Performing an effect gave rise to an event: it waits until the effects are done. Only
         * events without borrowed texts arise so. */
        CHECK(worker->pending_count < WORKER_PENDING);
        worker->pending[worker->pending_count++] = event;
        return;
    }
    worker->stepping = true;
    loop_step(worker, &event);
    for (unsigned i = 0; i < worker->pending_count; i++)
        loop_step(worker, &worker->pending[i]);
    worker->pending_count = 0;
    worker->stepping = false;
    loop_arm(worker);
    loop_stop_if_idle(worker);
}

/* --- messages ------------------------------------------------------------------------------- */

static void loop_claim(char ret_claim[LIMIT_CLAIM_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t chance[LIMIT_CLAIM_BYTES / 2];
    CHECK(getrandom(chance, sizeof chance, 0) == (ssize_t)sizeof chance);
    for (unsigned i = 0; i < sizeof chance; i++) {
        ret_claim[2 * i] = digits[chance[i] >> 4];
        ret_claim[2 * i + 1] = digits[chance[i] & 15];
    }
    ret_claim[LIMIT_CLAIM_BYTES] = '\0';
}

static void loop_order_came(void *ctx, const struct bus_message *message)
{
    struct worker *worker = ctx;
    AUTO(arena_done) struct arena arena = {0};
    struct error err = {0};
    struct bus_ack ack = bus_ack_of(message);
    char claim[LIMIT_CLAIM_BYTES + 1];
    struct event event = {.kind = EVENT_ORDER};
    worker->last_trouble = NULL;
    enum status status =
        intake_order(message->body, worker->node, &arena, &event.order.order, &err);
    if (status != STATUS_OK) {
        log_event(worker->log, LOG_WARN, "order.foreign", LOG_TEXT("node", worker->node),
                  LOG_TEXT("subject", message->subject), LOG_UINT("seq", message->stream_seq),
                  LOG_ERR(&err));
        if (status == STATUS_NOMEM)
            bus_ack_later(worker->bus, &ack, DURATION_MS(LIMIT_BUSY_LATER_MS));
        else
            bus_ack(worker->bus, &ack); /* it would only come again */
        return;
    }
    loop_claim(claim);
    event.order.handle = ack.reply;
    event.order.claim = claim;
    worker_feed(worker, event);
}

static void loop_cancel_came(void *ctx, const struct bus_message *message)
{
    struct worker *worker = ctx;
    struct error err = {0};
    struct event event = {.kind = EVENT_CANCEL};
    if (intake_cancel(message->body, &event.cancel.key, &event.cancel.grace_ms, &err) !=
        STATUS_OK) {
        log_event(worker->log, LOG_WARN, "cancel.foreign", LOG_TEXT("node", worker->node),
                  LOG_TEXT("subject", message->subject), LOG_ERR(&err));
        return;
    }
    worker_feed(worker, event);
}

static void loop_pull_trouble(void *ctx, const struct bus_answer *answer)
{
    struct worker *worker = ctx;
    const char *outcome = bus_outcome_text(answer->outcome);
    if (outcome != worker->last_trouble)
        log_event(worker->log, LOG_WARN, "worker.waits_for_cell", LOG_TEXT("node", worker->node),
                  LOG_TEXT("cell", worker->cell), LOG_TEXT("outcome", outcome),
                  LOG_TEXT("error", answer->text));
    worker->last_trouble = outcome;
}

/* --- the session ---------------------------------------------------------------------------- */

static void loop_take_orders(struct worker *worker)
{
    struct subject stream = subject_stream(worker->cell, CELL_TASKS);
    struct subject subject = subject_task(worker->cell, worker->node);
    struct subject name = subject_worker_consumer(worker->node);
    const struct bus_consumer consumer = {
        .stream = stream.text,
        .name = name.text,
        .subject = subject.text,
        .ack_pending_max = 1,
        .ack_wait = DURATION_MS(LOOP_ACK_WAIT_MS),
        .memory = true,
    };
    worker->pull = bus_pull(worker->bus, &consumer, 1, loop_order_came, loop_pull_trouble, worker);
}

static void loop_consumer_dropped(void *ctx, const struct bus_answer *answer)
{
    struct worker *worker = ctx;
    if (answer->outcome == BUS_LOST)
        return;
    /* While draining: for the handle of the attempt at hand. */
    if (worker->stop == STOP_NOT || !engine_idle(&worker->engine))
        loop_take_orders(worker);
}

/* The session before, or an earlier life of this worker, may have ended with an order in hand: its
 * consumer would keep that, and all behind it, for the rest of ack_wait. Consumers are disposable;
 * a new one starts from the first order that is not acknowledged. */
static void loop_drop_consumer(struct worker *worker)
{
    struct subject stream = subject_stream(worker->cell, CELL_TASKS);
    struct subject name = subject_worker_consumer(worker->node);
    char subject[3 * SUBJECT_BYTES_MAX];
    (void)snprintf(subject, sizeof subject, "$JS.API.CONSUMER.DELETE.%s.%s", stream.text,
                   name.text);
    bus_request(worker->bus, subject, NULL, bytes_of(NULL, 0), (struct duration){0},
                loop_consumer_dropped, worker);
}

static void loop_connect_fired(uv_timer_t *timer)
{
    loop_connect(timer->data);
}

static void loop_connect_later(struct worker *worker)
{
    uint64_t ms = LOOP_CONNECT_MS;
    for (unsigned i = 0; i < worker->connect_failures && ms < LOOP_CONNECT_MS_MAX; i++)
        ms *= 2;
    worker->connect_failures++;
    if (worker->stop == STOP_STOPPED)
        return;
    CHECK(uv_timer_start(&worker->connect_timer, loop_connect_fired,
                         ms < LOOP_CONNECT_MS_MAX ? ms : LOOP_CONNECT_MS_MAX, 0) == 0);
}

static void loop_end_handles(struct worker *worker);

static void loop_session_closed(void *ctx)
{
    struct worker *worker = ctx;
    worker->session = SESSION_NONE;
    if (worker->stop == STOP_STOPPED)
        loop_end_handles(worker);
    else
        loop_connect_later(worker);
}

static void loop_close_session(struct worker *worker)
{
    struct bus *bus = STEAL(worker->bus);
    worker->session = SESSION_CLOSING;
    register_session(worker->registration, NULL);
    if (worker->work.output != NULL)
        output_session(worker->work.output, NULL);
    bus_pull_stop(STEAL(worker->pull));
    bus_unsubscribe(STEAL(worker->cancels));
    bus_close(bus, loop_session_closed, worker);
}

static void loop_session_lost(void *ctx, const char *why)
{
    struct worker *worker = ctx;
    log_event(worker->log, LOG_WARN, "bus.lost", LOG_TEXT("node", worker->node),
              LOG_TEXT("error", why));
    if (worker->session != SESSION_OPEN)
        return;
    loop_close_session(worker);
    worker_feed(worker, (struct event){.kind = EVENT_SESSION_DOWN});
}

static void loop_session_refused(struct worker *worker, struct bus *bus, const struct error *err)
{
    if (worker->stop != STOP_STOPPED && worker->connect_failures % 12 == 0)
        log_event(worker->log, LOG_WARN, "bus.unreachable", LOG_TEXT("node", worker->node),
                  LOG_TEXT("server", worker->bus_options.url), LOG_ERR(err));
    if (bus == NULL) {
        loop_session_closed(worker);
        return;
    }
    worker->session = SESSION_CLOSING;
    bus_close(bus, loop_session_closed, worker);
}

static void loop_session_opened(void *ctx, struct bus *bus, const struct error *err)
{
    struct worker *worker = ctx;
    struct error small = {0};
    if (bus != NULL && bus_payload_bytes_max(bus) < LOOP_PAYLOAD_MIN) {
        (void)ERROR(&small, STATUS_UNSUPPORTED, "the server's max_payload of %zu is below %d",
                    bus_payload_bytes_max(bus), LOOP_PAYLOAD_MIN);
        err = &small;
    }
    if (bus == NULL || small.status != STATUS_OK || worker->stop == STOP_STOPPED) {
        loop_session_refused(worker, bus, err != NULL ? err : &small);
        return;
    }
    worker->session = SESSION_OPEN;
    worker->bus = bus;
    worker->connect_failures = 0;
    log_event(worker->log, LOG_INFO, "bus.connected", LOG_TEXT("node", worker->node),
              LOG_TEXT("server", bus_server_url(bus)),
              LOG_TEXT("version", bus_server_version(bus)));
    struct subject cancels = subject_cancel(worker->cell, worker->node);
    worker->cancels = bus_subscribe(bus, cancels.text, NULL, loop_cancel_came, worker);
    worker_feed(worker, (struct event){.kind = EVENT_SESSION_UP});
    if (worker->work.output != NULL)
        output_session(worker->work.output, bus);
    loop_drop_consumer(worker);
    register_session(worker->registration, bus);
}

static void loop_connect(struct worker *worker)
{
    struct error err = {0};
    worker->session = SESSION_OPENING;
    if (bus_open(worker->loop, &worker->bus_options, loop_session_opened, loop_session_lost, worker,
                 &err) == STATUS_OK)
        return;
    loop_session_refused(worker, NULL, &err);
}

/* --- stopping ------------------------------------------------------------------------------- */

static void loop_handle_closed(uv_handle_t *handle)
{
    (void)handle;
}

static void loop_end_handles(struct worker *worker)
{
    uv_handle_t *handles[] = {
        (uv_handle_t *)&worker->deadline_timer, (uv_handle_t *)&worker->connect_timer,
        (uv_handle_t *)&worker->stop_timer,     (uv_handle_t *)&worker->term_signal,
        (uv_handle_t *)&worker->int_signal,
    };
    for (unsigned i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        if (!uv_is_closing(handles[i]))
            uv_close(handles[i], loop_handle_closed);
    }
}

/* The end, with or without the cell knowing. */
static void loop_finish(struct worker *worker)
{
    if (worker->stop == STOP_STOPPED)
        return;
    worker->stop = STOP_STOPPED;
    bool settled = engine_idle(&worker->engine);
    log_event(worker->log, settled ? LOG_INFO : LOG_WARN, "worker.stopped",
              LOG_TEXT("node", worker->node), LOG_BOOL("settled", settled));
    CHECK(uv_timer_stop(&worker->connect_timer) == 0);
    CHECK(uv_timer_stop(&worker->stop_timer) == 0);
    perform_drop_work(worker, settled);
    if (worker->session == SESSION_OPEN)
        loop_close_session(worker);
    else if (worker->session == SESSION_NONE)
        loop_end_handles(worker);
    /* Else: the session that is being opened or closed ends everything when it is. */
    register_free(STEAL(worker->registration));
}

static void loop_told_offline(void *ctx)
{
    loop_finish(ctx);
}

static void loop_stop_fired(uv_timer_t *timer)
{
    loop_finish(timer->data);
}

static void loop_stop_if_idle(struct worker *worker)
{
    bool stopping = worker->stop == STOP_DRAINING || worker->stop == STOP_ABORTING;
    if (!stopping || !engine_idle(&worker->engine))
        return;
    worker->stop = STOP_SAYING;
    CHECK(uv_timer_start(&worker->stop_timer, loop_stop_fired, LOOP_SAY_OFFLINE_MS, 0) == 0);
    register_say(worker->registration, REGISTER_OFFLINE, loop_told_offline, worker);
}

static void loop_signalled(uv_signal_t *handle, int number)
{
    struct worker *worker = handle->data;
    if (worker->stop == STOP_NOT) {
        log_event(worker->log, LOG_INFO, "worker.draining", LOG_TEXT("node", worker->node),
                  LOG_INT("signal", number), LOG_BOOL("busy", !engine_idle(&worker->engine)));
        worker->stop = STOP_DRAINING;
        if (!engine_idle(&worker->engine))
            register_say(worker->registration, REGISTER_DRAINING, NULL, NULL);
        else
            bus_pull_stop(STEAL(worker->pull));
        worker_feed(worker, (struct event){.kind = EVENT_DRAIN});
    } else if (worker->stop == STOP_DRAINING) {
        log_event(worker->log, LOG_WARN, "worker.aborting", LOG_TEXT("node", worker->node),
                  LOG_INT("signal", number));
        worker->stop = STOP_ABORTING;
        CHECK(uv_timer_start(&worker->stop_timer, loop_stop_fired, LOOP_ABORT_MS, 0) == 0);
        worker_feed(worker, (struct event){.kind = EVENT_ABORT,
                                           .abort = {.grace_ms = LOOP_ABORT_GRACE_MS}});
    } else {
        loop_finish(worker);
    }
}

/* --- the whole ------------------------------------------------------------------------------ */

void loop_init(struct worker *worker, const struct loop_options *options)
{
    *worker = (struct worker){
        .loop = options->loop,
        .log = options->log,
        .bus_options = options->bus,
        .cell = options->cell,
        .node = options->node,
        .runner_program = options->runner_program,
        .workdir = options->workdir,
        .registration = options->registration,
        .results_stream = subject_stream(options->cell, CELL_RESULTS),
    };
    engine_init(&worker->engine);
    uv_timer_t *timers[] = {&worker->deadline_timer, &worker->connect_timer, &worker->stop_timer};
    for (unsigned i = 0; i < sizeof timers / sizeof timers[0]; i++) {
        CHECK(uv_timer_init(worker->loop, timers[i]) == 0);
        timers[i]->data = worker;
    }
    uv_signal_t *signals[] = {&worker->term_signal, &worker->int_signal};
    const int numbers[] = {SIGTERM, SIGINT};
    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        CHECK(uv_signal_init(worker->loop, signals[i]) == 0);
        CHECK(uv_signal_start(signals[i], loop_signalled, numbers[i]) == 0);
        signals[i]->data = worker;
    }
}

void loop_run(struct worker *worker)
{
    loop_connect(worker);
    (void)uv_run(worker->loop, UV_RUN_DEFAULT);
    engine_done(&worker->engine);
}
