/* Reading streams in order, and buckets: no gap, no repeat, whatever happens to the consumer. */
#include <stdio.h>

#include "bench.h"

enum { MANY = 20000 };

/* Every message must be the next one. */
struct reader {
    uint64_t next_seq;
    uint64_t count;
    unsigned caught_up;
    uint64_t count_at_catching_up;
};

static void reader_each(void *ctx, const struct bus_message *message)
{
    struct reader *reader = (struct reader *)ctx;
    assert_int_equal(message->stream_seq, reader->next_seq);
    assert_true(message->stored_at_ms > 0);
    reader->next_seq++;
    reader->count++;
}

static void reader_caught_up(void *ctx)
{
    struct reader *reader = (struct reader *)ctx;
    reader->caught_up++;
    reader->count_at_catching_up = reader->count;
}

struct counter {
    unsigned ok;
    unsigned other;
};

static void counter_answer(void *ctx, const struct bus_answer *answer)
{
    struct counter *counter = (struct counter *)ctx;
    if (answer->outcome == BUS_OK)
        counter->ok++;
    else
        counter->other++;
}

static void store_many(struct bench *bench, const char *subject, unsigned count)
{
    struct counter counter = {0};
    struct bus_store store = {.subject = subject, .body = bytes_of_text("a record")};
    for (unsigned i = 0; i < count; i++)
        bus_store(bench->bus, &store, counter_answer, &counter);
    AWAIT(bench, counter.ok + counter.other == count);
    assert_int_equal(counter.other, 0);
}

static void a_follow_gives_a_long_stream_in_order_and_then_says_caught_up(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct reader reader = {.next_seq = 1};
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    store_many(bench, "log.a", MANY);
    struct bus_follow_options options = {.stream = "LOG", .from_seq = 1};
    (void)bus_follow(bench->bus, &options, reader_each, reader_caught_up, &reader);
    AWAIT(bench, reader.caught_up == 1);
    assert_int_equal(reader.count_at_catching_up, MANY);
    store_many(bench, "log.b", 10);
    AWAIT(bench, reader.count == MANY + 10);
    assert_int_equal(reader.caught_up, 1);
}

static void a_follow_of_an_empty_stream_is_caught_up_at_once(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct reader reader = {.next_seq = 1};
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    struct bus_follow_options options = {.stream = "LOG", .from_seq = 1};
    (void)bus_follow(bench->bus, &options, reader_each, reader_caught_up, &reader);
    AWAIT(bench, reader.caught_up == 1);
    store_many(bench, "log.a", 3);
    AWAIT(bench, reader.count == 3);
    assert_int_equal(reader.caught_up, 1);
}

static void a_follow_from_now_on_leaves_out_what_was_before(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct reader reader = {.next_seq = 6};
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    store_many(bench, "log.a", 5);
    struct bus_follow_options options = {.stream = "LOG"};
    (void)bus_follow(bench->bus, &options, reader_each, reader_caught_up, &reader);
    AWAIT(bench, reader.caught_up == 1);
    assert_int_equal(reader.count, 0);
    store_many(bench, "log.a", 5);
    AWAIT(bench, reader.count == 5);
}

static void a_follow_with_a_subject_gives_only_that(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct seen seen = {.bench = bench};
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    for (int i = 0; i < 4; i++) {
        (void)bench_store(bench, "log.a", "a");
        (void)bench_store(bench, "log.b", "b");
    }
    struct bus_follow_options options = {.stream = "LOG", .subject = "log.b", .from_seq = 3};
    struct bus_follow *follow =
        bus_follow(bench->bus, &options, bench_each, bench_caught_up, &seen);
    AWAIT(bench, seen.caught_up == 1);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.last[0].stream_seq, 4);
    assert_string_equal(seen.last[0].subject, "log.b");
    bus_follow_stop(follow);
    (void)bench_store(bench, "log.b", "b");
    bench_idle(bench, 100);
    assert_int_equal(seen.count, 3);
    /* It is tidied away at once, long before the server would. */
    struct got names = bench_api(bench, "$JS.API.CONSUMER.NAMES.LOG", "");
    for (int i = 0; i < 100 && strstr(names.body, "\"total\":0") == NULL; i++) {
        bench_idle(bench, 20); /* the server does what it is asked side by side */
        names = bench_api(bench, "$JS.API.CONSUMER.NAMES.LOG", "");
    }
    assert_non_null(strstr(names.body, "\"total\":0"));
}

/* A new session goes on behind the last message it knows, over a kill -9 of the server. */
static void a_follow_has_no_gap_and_no_repeat_across_a_server_restart(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct reader reader = {.next_seq = 1};
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    uint64_t stored = 0;
    for (int life = 0; life < 3; life++) {
        struct bus_follow_options options = {.stream = "LOG", .from_seq = reader.next_seq};
        (void)bus_follow(bench->bus, &options, reader_each, reader_caught_up, &reader);
        store_many(bench, "log.a", 500);
        stored += 500;
        if (life < 2) {
            /* In the middle of it. */
            AWAIT(bench, reader.count > stored - 400);
            nats_server_kill(&bench->server);
            AWAIT(bench, bench->lost_count == (unsigned)life + 1);
            bench_close_first(bench);
            assert_true(nats_server_restart(&bench->server));
            bench->bus = bench_open(bench);
        }
    }
    AWAIT(bench, reader.count == stored);
    bench_idle(bench, 100);
    assert_int_equal(reader.count, stored);
}

static void a_follow_whose_consumer_was_deleted_goes_on_without_gap_or_repeat(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct reader reader = {.next_seq = 1};
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    struct bus_follow_options options = {.stream = "LOG", .from_seq = 1};
    (void)bus_follow(bench->bus, &options, reader_each, reader_caught_up, &reader);
    store_many(bench, "log.a", 10);
    AWAIT(bench, reader.count == 10);
    struct got names = bench_api(bench, "$JS.API.CONSUMER.NAMES.LOG", "");
    const char *first = strstr(names.body, "\"consumers\":[\"");
    assert_non_null(first);
    char subject[128];
    char name[64] = "";
    assert_int_equal(sscanf(first, "\"consumers\":[\"%63[^\"]", name), 1);
    (void)snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.DELETE.LOG.%s", name);
    struct got deleted = bench_api(bench, subject, "");
    assert_non_null(strstr(deleted.body, "\"success\":true"));
    store_many(bench, "log.a", 10);
    AWAIT(bench, reader.count == 20);
    assert_int_equal(reader.caught_up, 1);
}

static void a_follow_from_now_on_pins_its_start_even_if_nothing_has_come_yet(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct reader reader = {.next_seq = 4};
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    store_many(bench, "log.a", 3);
    struct bus_follow_options options = {.stream = "LOG"};
    (void)bus_follow(bench->bus, &options, reader_each, reader_caught_up, &reader);
    AWAIT(bench, reader.caught_up == 1);
    struct got names = bench_api(bench, "$JS.API.CONSUMER.NAMES.LOG", "");
    char subject[128];
    char name[64] = "";
    const char *first = strstr(names.body, "\"consumers\":[\"");
    assert_non_null(first);
    assert_int_equal(sscanf(first, "\"consumers\":[\"%63[^\"]", name), 1);
    (void)snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.DELETE.LOG.%s", name);
    (void)bench_api(bench, subject, "");
    store_many(bench, "log.a", 2);
    AWAIT(bench, reader.count == 2);
}

/* A server that forgot the end of a stream gives those numbers to new messages: they must be seen,
 * so that their reader can find out. */
static void a_follow_from_behind_the_end_gives_what_is_stored_next(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct reader reader = {.next_seq = 6};
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    store_many(bench, "log.a", 5);
    struct bus_follow_options options = {.stream = "LOG", .from_seq = 1000};
    (void)bus_follow(bench->bus, &options, reader_each, reader_caught_up, &reader);
    AWAIT(bench, reader.caught_up == 1);
    store_many(bench, "log.a", 5);
    AWAIT(bench, reader.count == 5);
}

static void a_follow_waits_for_its_stream(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct reader reader = {.next_seq = 1};
    struct bus_follow_options options = {.stream = "LOG", .from_seq = 1};
    (void)bus_follow(bench->bus, &options, reader_each, reader_caught_up, &reader);
    bench_idle(bench, 200);
    assert_int_equal(reader.caught_up, 0);
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    AWAIT(bench, reader.caught_up == 1);
}

struct stopper {
    unsigned count;
    struct bus_follow *follow;
};

static void stop_the_follow(void *ctx, const struct bus_message *message)
{
    struct stopper *stopper = (struct stopper *)ctx;
    (void)message;
    stopper->count++;
    bus_follow_stop(stopper->follow);
}

static void a_callback_may_stop_its_own_follow(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct stopper stopper = {0};
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    store_many(bench, "log.a", 10);
    struct bus_follow_options options = {.stream = "LOG", .from_seq = 1};
    stopper.follow = bus_follow(bench->bus, &options, stop_the_follow, NULL, &stopper);
    AWAIT(bench, stopper.count == 1);
    bench_idle(bench, 100);
    assert_int_equal(stopper.count, 1);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_follow_gives_a_long_stream_in_order_and_then_says_caught_up),
        ROW(a_follow_of_an_empty_stream_is_caught_up_at_once),
        ROW(a_follow_from_now_on_leaves_out_what_was_before),
        ROW(a_follow_with_a_subject_gives_only_that),
        ROW(a_follow_has_no_gap_and_no_repeat_across_a_server_restart),
        ROW(a_follow_whose_consumer_was_deleted_goes_on_without_gap_or_repeat),
        ROW(a_follow_from_now_on_pins_its_start_even_if_nothing_has_come_yet),
        ROW(a_follow_from_behind_the_end_gives_what_is_stored_next),
        ROW(a_follow_waits_for_its_stream),
        ROW(a_callback_may_stop_its_own_follow),
    };
    return cmocka_run_group_tests_name("bus: following", tests, NULL, NULL);
}
