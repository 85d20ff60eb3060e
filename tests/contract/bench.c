#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

/* --- waiting --- */

/* It ticks, because one turn of the loop runs due timers first and then waits for whatever comes
 * next: a condition met by a timer would be seen only much later. */
static void bench_tick(uv_timer_t *timer)
{
    struct bench *bench = (struct bench *)timer->data;
    bench->expired = uv_now(&bench->loop) >= bench->expires_at_ms;
}

void bench_guard(struct bench *bench, uint64_t ms)
{
    bench->expired = false;
    uv_update_time(&bench->loop);
    bench->expires_at_ms = uv_now(&bench->loop) + ms;
    assert_int_equal(uv_timer_start(&bench->guard, bench_tick, BENCH_TICK_MS, BENCH_TICK_MS), 0);
}

void bench_turn(struct bench *bench, const char *condition, const char *file, int line)
{
    (void)uv_run(&bench->loop, UV_RUN_ONCE);
    bench->turns++;
    if (bench->expired) {
        print_error("%s:%d: waited too long for: %s\n", file, line, condition);
        fail();
    }
}

void bench_idle(struct bench *bench, uint64_t ms)
{
    bench_guard(bench, ms);
    while (!bench->expired)
        (void)uv_run(&bench->loop, UV_RUN_ONCE);
}

/* --- sessions --- */

static void bench_opened(void *ctx, struct bus *bus, const struct error *err)
{
    struct bench_opening *opening = (struct bench_opening *)ctx;
    opening->done = true;
    opening->bus = bus;
    if (err != NULL)
        opening->error = *err;
}

static void bench_lost(void *ctx, const char *why)
{
    assert_non_null(why);
    ((struct bench_opening *)ctx)->bench->lost_count++;
}

struct bus *bench_try_open(struct bench *bench, const struct bus_options *options)
{
    struct bench_opening *opening = &bench->openings[bench->opening_count++ % BENCH_SESSIONS_MAX];
    assert_true(bench->opening_count <= BENCH_SESSIONS_MAX);
    opening->bench = bench;
    assert_int_equal(
        bus_open(&bench->loop, options, bench_opened, bench_lost, opening, &bench->refused),
        STATUS_OK);
    assert_false(opening->done); /* never before the asking function has returned */
    AWAIT(bench, opening->done);
    bench->refused = opening->error;
    return opening->bus;
}

struct bus *bench_open(struct bench *bench)
{
    struct bus_options options = {.url = bench->server.url, .name = "contract"};
    struct bus *bus = bench_try_open(bench, &options);
    if (bus == NULL)
        print_error("%s\n", bench->refused.text);
    assert_non_null(bus);
    return bus;
}

static void bench_closed(void *ctx)
{
    *(bool *)ctx = true;
}

void bench_close(struct bench *bench, struct bus *bus)
{
    bool closed = false;
    bus_close(bus, bench_closed, &closed);
    assert_false(closed);
    AWAIT(bench, closed);
}

void bench_close_first(struct bench *bench)
{
    struct bus *bus = bench->bus;
    bench->bus = NULL;
    if (bus != NULL)
        bench_close(bench, bus);
}

int bench_setup(void **state)
{
    struct bench *bench = (struct bench *)calloc(1, sizeof(*bench));
    if (bench == NULL || uv_loop_init(&bench->loop) != 0)
        return -1;
    *state = bench;
    (void)uv_timer_init(&bench->loop, &bench->guard);
    bench->guard.data = bench;
    if (!nats_server_start(&bench->server, NULL))
        return -1;
    bench->bus = bench_open(bench);
    return 0;
}

int bench_teardown(void **state)
{
    struct bench *bench = (struct bench *)*state;
    bench_close_first(bench);
    nats_server_stop(&bench->server);
    uv_close((uv_handle_t *)&bench->guard, NULL);
    (void)uv_run(&bench->loop, UV_RUN_DEFAULT);
    int left = uv_loop_close(&bench->loop);
    if (left != 0)
        print_error("the loop has something left: %s\n", uv_strerror(left));
    free(bench);
    return left;
}

/* --- callbacks --- */

void bench_answer(void *ctx, const struct bus_answer *answer)
{
    struct got *got = (struct got *)ctx;
    got->count++;
    got->outcome = answer->outcome;
    got->err_code = answer->err_code;
    got->seq = answer->seq;
    got->duplicate = answer->duplicate;
    assert_non_null(answer->text);
    (void)snprintf(got->text, sizeof(got->text), "%s", answer->text);
    if (answer->message == NULL)
        return;
    (void)snprintf(got->body, sizeof(got->body), "%.*s", (int)answer->message->body.len,
                   (const char *)answer->message->body.data);
    const char *error = bus_header_get(answer->message, "Nats-Service-Error");
    (void)snprintf(got->header, sizeof(got->header), "%s", error == NULL ? "" : error);
}

void bench_each(void *ctx, const struct bus_message *message)
{
    struct seen *seen = (struct seen *)ctx;
    size_t at = seen->count++ % BENCH_MESSAGES_MAX;
    seen->last[at].stream_seq = message->stream_seq;
    seen->last[at].delivered = message->delivered;
    seen->last[at].ack = bus_ack_of(message);
    (void)snprintf(seen->last[at].subject, sizeof(seen->last[at].subject), "%s", message->subject);
    (void)snprintf(seen->last[at].body, sizeof(seen->last[at].body), "%.*s", (int)message->body.len,
                   (const char *)message->body.data);
}

void bench_each_ack(void *ctx, const struct bus_message *message)
{
    struct seen *seen = (struct seen *)ctx;
    bench_each(ctx, message);
    struct bus_ack ack = bus_ack_of(message);
    bus_ack(seen->bench->bus, &ack);
}

void bench_caught_up(void *ctx)
{
    ((struct seen *)ctx)->caught_up++;
}

void bench_trouble(void *ctx, const struct bus_answer *answer)
{
    struct seen *seen = (struct seen *)ctx;
    seen->trouble++;
    seen->trouble_outcome = answer->outcome;
    (void)snprintf(seen->trouble_text, sizeof(seen->trouble_text), "%s", answer->text);
}

/* --- asking and waiting --- */

static struct got bench_store_with(struct bench *bench, const struct bus_store *store)
{
    struct got got = {0};
    bus_store(bench->bus, store, bench_answer, &got);
    assert_int_equal(got.count, 0);
    AWAIT(bench, got.count > 0);
    return got;
}

struct got bench_store(struct bench *bench, const char *subject, const char *body)
{
    struct bus_store store = {.subject = subject, .body = bytes_of_text(body)};
    return bench_store_with(bench, &store);
}

struct got bench_store_expecting(struct bench *bench, const char *subject, const char *body,
                                 uint64_t expect_seq)
{
    struct bus_store store = {.subject = subject,
                              .body = bytes_of_text(body),
                              .expect_set = true,
                              .expect_seq = expect_seq};
    return bench_store_with(bench, &store);
}

struct got bench_fetch(struct bench *bench, const char *stream, uint64_t seq, const char *subject)
{
    struct got got = {0};
    bus_fetch(bench->bus, stream, seq, subject, bench_answer, &got);
    AWAIT(bench, got.count > 0);
    return got;
}

struct got bench_api(struct bench *bench, const char *subject, const char *body)
{
    struct got got = {0};
    bus_request(bench->bus, subject, NULL, bytes_of_text(body), (struct duration){0}, bench_answer,
                &got);
    AWAIT(bench, got.count > 0);
    return got;
}

void bench_stream(struct bench *bench, const char *name, const char *subject,
                  enum bus_retention retention)
{
    const char *const subjects[] = {subject, NULL};
    struct bus_stream stream = {
        .name = name, .subjects = subjects, .retention = retention, .discard_new = true};
    struct got got = {0};
    bus_stream_ensure(bench->bus, &stream, bench_answer, &got);
    AWAIT(bench, got.count > 0);
    if (got.outcome != BUS_OK)
        print_error("%s\n", got.text);
    assert_int_equal(got.outcome, BUS_OK);
}
