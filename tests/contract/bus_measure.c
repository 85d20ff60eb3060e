/* How quick one session is on loopback; run by hand, judged by people. Prints one line a figure. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

enum { SEQUENTIAL = 5000, PIPELINED = 50000, WINDOW = 1000 };

struct run {
    struct bench *bench;
    struct bus_store store;
    bool is_store;
    unsigned asked, answered, failed, window;
    unsigned total;
    uint64_t since_ns;
    uint64_t *took_ns;
};

static void measure_next(struct run *run);

static void measure_answer(void *ctx, const struct bus_answer *answer)
{
    struct run *run = (struct run *)ctx;
    if (run->window == 1)
        run->took_ns[run->answered] = uv_hrtime() - run->since_ns;
    run->failed += answer->outcome != BUS_OK;
    run->answered++;
    measure_next(run);
}

static void measure_next(struct run *run)
{
    while (run->asked < run->total && run->asked - run->answered < run->window) {
        run->asked++;
        run->since_ns = uv_hrtime();
        if (run->is_store)
            bus_store(run->bench->bus, &run->store, measure_answer, run);
        else
            bus_request(run->bench->bus, "echo", NULL, run->store.body, (struct duration){0},
                        measure_answer, run);
    }
}

static int measure_order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void measure(struct bench *bench, const char *what, bool is_store, unsigned total,
                    unsigned window)
{
    static const char body[128] = "";
    struct run run = {.bench = bench,
                      .store = {.subject = "log.a", .body = bytes_of(body, sizeof(body))},
                      .is_store = is_store,
                      .window = window,
                      .total = total};
    run.took_ns = (uint64_t *)calloc(total, sizeof(uint64_t));
    assert_non_null(run.took_ns);
    uint64_t start_ns = uv_hrtime();
    measure_next(&run);
    AWAIT(bench, run.answered == total);
    double seconds = (double)(uv_hrtime() - start_ns) / 1e9;
    assert_int_equal(run.failed, 0);
    if (window == 1) {
        qsort(run.took_ns, total, sizeof(uint64_t), measure_order);
        print_message("# %s: p50 %.1f us, p99 %.1f us\n", what,
                      (double)run.took_ns[total / 2] / 1e3,
                      (double)run.took_ns[total * 99 / 100] / 1e3);
    } else {
        print_message("# %s: %.0f/s\n", what, (double)total / seconds);
    }
    free(run.took_ns);
}

static void respond(void *ctx, const struct bus_message *message)
{
    bus_respond((struct bus *)ctx, message->reply, message->body);
}

static void count_each(void *ctx, const struct bus_message *message)
{
    (void)message;
    ++*(unsigned *)ctx;
}

static void figures(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct bus *other = bench_open(bench);
    unsigned followed = 0;
    (void)bus_subscribe(other, "echo", NULL, respond, other);
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    measure(bench, "request and answer between two sessions", false, SEQUENTIAL, 1);
    measure(bench, "store until its PubAck", true, SEQUENTIAL, 1);
    measure(bench, "requests, 1000 in flight", false, PIPELINED, WINDOW);
    measure(bench, "stores, 1000 in flight", true, PIPELINED, WINDOW);
    struct bus_follow_options options = {.stream = "LOG", .from_seq = 1};
    uint64_t start_ns = uv_hrtime();
    (void)bus_follow(other, &options, count_each, NULL, &followed);
    AWAIT(bench, followed == SEQUENTIAL + PIPELINED);
    print_message("# follow: %.0f/s\n", (double)followed * 1e9 / (double)(uv_hrtime() - start_ns));
    unsigned heard = 0;
    (void)bus_subscribe(bench->bus, "flood", NULL, count_each, &heard);
    struct got got = bench_api(bench, "$JS.API.INFO", ""); /* subscribed by now */
    assert_int_equal(got.outcome, BUS_OK);
    start_ns = uv_hrtime();
    for (unsigned i = 0; i < 4 * PIPELINED; i++)
        bus_publish(other, "flood", NULL, NULL, bytes_of_text("a hundred bytes or less"));
    AWAIT(bench, heard == 4 * PIPELINED);
    print_message("# publish to subscriber: %.0f/s\n",
                  (double)heard * 1e9 / (double)(uv_hrtime() - start_ns));
    bench_close(bench, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(figures, bench_setup, bench_teardown)};
    return cmocka_run_group_tests_name("bus: figures", tests, NULL, NULL);
}
