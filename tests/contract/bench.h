/* bench.h - what every contract test works with: a real server, a loop, a session, and waiting for
 * answers with a bound. */
#ifndef BATON_TESTS_BENCH_H
#define BATON_TESTS_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus/bus.h"
#include "nats_server.h"

enum { BENCH_TEXT_MAX = 2048, BENCH_WAIT_MS = 15000, BENCH_TICK_MS = 10, BENCH_SESSIONS_MAX = 32 };

struct bench;
struct bench_opening {
    struct bench *bench;
    bool done;
    struct bus *bus;
    struct error error;
};

struct bench {
    struct nats_server server;
    uv_loop_t loop;
    uv_timer_t guard;
    struct bus *bus;     /* the first session; NULL while there is none */
    unsigned lost_count; /* of sessions that died */
    unsigned turns;      /* of the loop */
    uint64_t expires_at_ms;
    bool expired;         /* the wait has lasted too long */
    struct error refused; /* why the last open failed */
    struct bench_opening openings[BENCH_SESSIONS_MAX];
    size_t opening_count;
};

/* An answer as it came, with copies of what was borrowed. */
struct got {
    unsigned count; /* of answers; exactly one is right */
    enum bus_outcome outcome;
    int err_code;
    uint64_t seq;
    bool duplicate;
    char text[BENCH_TEXT_MAX];
    char body[BENCH_TEXT_MAX];
    char header[BENCH_TEXT_MAX]; /* of Nats-Service-Error */
};

/* Messages as they came. */
enum { BENCH_MESSAGES_MAX = 32 };
struct seen {
    struct bench *bench;
    unsigned count;
    unsigned caught_up;
    unsigned trouble;
    enum bus_outcome trouble_outcome;
    char trouble_text[BENCH_TEXT_MAX];
    struct {
        uint64_t stream_seq;
        uint64_t delivered;
        struct bus_ack ack;
        char subject[128];
        char body[128];
    } last[BENCH_MESSAGES_MAX]; /* message i at i % BENCH_MESSAGES_MAX */
};

/* Fixtures: setup starts a server and opens a session, teardown closes both and fails the test when
 * anything is left on the loop. */
int bench_setup(void **state);
int bench_teardown(void **state);

/** Open another session; fails the test when that fails. */
struct bus *bench_open(struct bench *bench);
/** Try to open one with these options; @return it, or NULL and bench->refused. */
struct bus *bench_try_open(struct bench *bench, const struct bus_options *options);
/** Close a session and wait until it is gone. */
void bench_close(struct bench *bench, struct bus *bus);
/** Close the first session, if it is open. */
void bench_close_first(struct bench *bench);

/** Let the loop turn until `condition` holds; fail the test after BENCH_WAIT_MS. */
#define AWAIT(bench, condition)                                                                    \
    do {                                                                                           \
        bench_guard(bench, BENCH_WAIT_MS);                                                         \
        while (!(condition))                                                                       \
            bench_turn(bench, #condition, __FILE__, __LINE__);                                     \
    } while (0)
void bench_guard(struct bench *bench, uint64_t ms);
void bench_turn(struct bench *bench, const char *condition, const char *file, int line);
/** Let the loop turn for a while, to see that something does not happen. */
void bench_idle(struct bench *bench, uint64_t ms);

/* Callbacks: ctx is a struct got, or a struct seen. */
void bench_answer(void *ctx, const struct bus_answer *answer);
void bench_each(void *ctx, const struct bus_message *message);
void bench_each_ack(void *ctx, const struct bus_message *message);
void bench_caught_up(void *ctx);
void bench_trouble(void *ctx, const struct bus_answer *answer);

/* Ask and wait for the answer. */
struct got bench_store(struct bench *bench, const char *subject, const char *body);
struct got bench_store_expecting(struct bench *bench, const char *subject, const char *body,
                                 uint64_t expect_seq);
struct got bench_fetch(struct bench *bench, const char *stream, uint64_t seq, const char *subject);
struct got bench_api(struct bench *bench, const char *subject, const char *body);
/** Ensure a stream with one subject; fails the test unless it is BUS_OK. */
void bench_stream(struct bench *bench, const char *name, const char *subject,
                  enum bus_retention retention);

#endif
