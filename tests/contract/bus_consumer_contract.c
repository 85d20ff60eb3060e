/* Work from durable consumers: order, refusal, and consumers that vanish. */
#include <stdio.h>

#include "bench.h"

static void bench_queue(struct bench *bench, int count)
{
    bench_stream(bench, "QUEUE", "queue.*", BUS_WORK_QUEUE);
    for (int i = 1; i <= count; i++)
        assert_int_equal(bench_store(bench, "queue.a", "x").seq, i);
}

static void
with_one_ack_pending_order_is_strict_and_a_refused_message_comes_back_first(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct seen seen = {.bench = bench};
    struct bus_consumer consumer = {
        .stream = "QUEUE", .name = "c", .subject = "queue.a", .ack_pending_max = 1, .memory = true};
    bench_queue(bench, 3);
    (void)bus_pull(bench->bus, &consumer, 4, bench_each, bench_trouble, &seen);
    AWAIT(bench, seen.count == 1);
    bench_idle(bench, 200); /* nothing comes before it is settled */
    assert_int_equal(seen.count, 1);
    bus_ack_later(bench->bus, &seen.last[0].ack, DURATION_MS(100));
    AWAIT(bench, seen.count == 2);
    assert_int_equal(seen.last[1].stream_seq, 1);
    assert_int_equal(seen.last[1].delivered, 2);
    for (unsigned i = 1; i <= 3; i++) {
        AWAIT(bench, seen.count == i + 1);
        assert_int_equal(seen.last[i].stream_seq, i);
        bus_ack(bench->bus, &seen.last[i].ack);
    }
    assert_int_equal(seen.trouble, 0);
}

static void a_message_neither_settled_nor_worked_on_comes_again_before_its_successors(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct seen seen = {.bench = bench};
    struct bus_consumer consumer = {.stream = "QUEUE",
                                    .name = "c",
                                    .ack_pending_max = 1,
                                    .ack_wait = DURATION_MS(1500),
                                    .memory = true};
    bench_queue(bench, 2);
    (void)bus_pull(bench->bus, &consumer, 2, bench_each, bench_trouble, &seen);
    AWAIT(bench, seen.count == 1);
    for (int i = 0; i < 6; i++) {
        bench_idle(bench, 500); /* 3 s, twice ack_wait */
        assert_int_equal(seen.count, 1);
        bus_ack_working(bench->bus, &seen.last[0].ack);
    }
    AWAIT(bench, seen.count == 2);
    assert_int_equal(seen.last[1].stream_seq, 1);
    assert_int_equal(seen.last[1].delivered, 2);
}

static void a_late_word_of_work_on_a_settled_message_does_not_hold_up_its_successors(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct seen seen = {.bench = bench};
    struct bus_consumer consumer = {
        .stream = "QUEUE", .name = "c", .ack_pending_max = 1, .memory = true};
    bench_queue(bench, 3);
    (void)bus_pull(bench->bus, &consumer, 1, bench_each, bench_trouble, &seen);
    for (unsigned i = 0; i < 3; i++) {
        AWAIT(bench, seen.count == i + 1);
        assert_int_equal(seen.last[i].stream_seq, i + 1);
        bus_ack(bench->bus, &seen.last[i].ack);
        bus_ack_working(bench->bus, &seen.last[i].ack);
    }
}

static void no_more_than_a_batch_is_out_at_a_time(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct seen seen = {.bench = bench};
    struct bus_consumer consumer = {.stream = "QUEUE", .name = "c"};
    bench_queue(bench, 8);
    (void)bus_pull(bench->bus, &consumer, 3, bench_each, bench_trouble, &seen);
    AWAIT(bench, seen.count == 3);
    bench_idle(bench, 200);
    assert_int_equal(seen.count, 3);
    bus_ack(bench->bus, &seen.last[1].ack);
    AWAIT(bench, seen.count == 4);
    bench_idle(bench, 200);
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.last[3].stream_seq, 4);
}

static void
a_consumer_deleted_under_a_pull_is_made_anew_and_what_was_unacked_comes_again(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct seen seen = {.bench = bench};
    struct bus_consumer consumer = {
        .stream = "QUEUE", .name = "c", .ack_pending_max = 1, .memory = true};
    bench_queue(bench, 2);
    (void)bus_pull(bench->bus, &consumer, 1, bench_each, bench_trouble, &seen);
    AWAIT(bench, seen.count == 1);
    struct got deleted = bench_api(bench, "$JS.API.CONSUMER.DELETE.QUEUE.c", "");
    assert_non_null(strstr(deleted.body, "\"success\":true"));
    /* The ack goes nowhere; then every answer to our pull is silence on 2.9. */
    bus_ack(bench->bus, &seen.last[0].ack);
    AWAIT(bench, seen.count == 2);
    assert_int_equal(seen.last[1].stream_seq, 1);
    bus_ack(bench->bus, &seen.last[1].ack);
    AWAIT(bench, seen.count == 3);
    assert_int_equal(seen.last[2].stream_seq, 2);
}

static void a_memory_backed_consumer_is_made_anew_after_a_server_restart(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct seen seen = {.bench = bench};
    struct bus_consumer consumer = {
        .stream = "QUEUE", .name = "c", .ack_pending_max = 1, .memory = true};
    bench_queue(bench, 1);
    (void)bus_pull(bench->bus, &consumer, 1, bench_each, bench_trouble, &seen);
    AWAIT(bench, seen.count == 1);
    nats_server_kill(&bench->server);
    AWAIT(bench, bench->lost_count == 1);
    bench_close_first(bench);
    assert_true(nats_server_restart(&bench->server));
    bench->bus = bench_open(bench);
    (void)bus_pull(bench->bus, &consumer, 1, bench_each, bench_trouble, &seen);
    AWAIT(bench, seen.count == 2);
    assert_int_equal(seen.last[1].stream_seq, 1);
}

static void a_pull_waits_for_a_stream_that_is_not_there_yet_and_tells_of_it(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct seen seen = {.bench = bench};
    struct bus_consumer consumer = {.stream = "QUEUE", .name = "c"};
    (void)bus_pull(bench->bus, &consumer, 1, bench_each_ack, bench_trouble, &seen);
    AWAIT(bench, seen.trouble > 0);
    assert_int_equal(seen.trouble_outcome, BUS_NOT_FOUND);
    bench_queue(bench, 1);
    AWAIT(bench, seen.count == 1);
}

static void a_consumer_with_other_settings_is_trouble_and_left_alone(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct seen seen = {.bench = bench};
    bench_queue(bench, 1);
    (void)bench_api(bench, "$JS.API.CONSUMER.DURABLE.CREATE.QUEUE.c",
                    "{\"stream_name\":\"QUEUE\",\"config\":{\"durable_name\":\"c\","
                    "\"ack_policy\":\"explicit\",\"max_ack_pending\":7,\"max_deliver\":-1}}");
    struct bus_consumer consumer = {.stream = "QUEUE", .name = "c", .ack_pending_max = 1};
    (void)bus_pull(bench->bus, &consumer, 1, bench_each, bench_trouble, &seen);
    AWAIT(bench, seen.trouble > 0);
    assert_int_equal(seen.trouble_outcome, BUS_MISMATCH);
    assert_string_equal(seen.trouble_text, "max_ack_pending: asked for 1, the server has 7");
    assert_int_equal(seen.count, 0);
    struct got info = bench_api(bench, "$JS.API.CONSUMER.INFO.QUEUE.c", "");
    assert_non_null(strstr(info.body, "\"max_ack_pending\":7"));
}

static void two_pullers_of_one_consumer_share_its_messages(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct bus *second = bench_open(bench);
    struct bench other = {.bus = second};
    struct seen a = {.bench = bench};
    struct seen b = {.bench = &other};
    struct bus_consumer consumer = {.stream = "QUEUE", .name = "c"};
    bench_stream(bench, "QUEUE", "queue.*", BUS_WORK_QUEUE);
    (void)bus_pull(bench->bus, &consumer, 1, bench_each_ack, bench_trouble, &a);
    (void)bus_pull(second, &consumer, 1, bench_each_ack, bench_trouble, &b);
    for (int i = 0; i < 40; i++)
        (void)bench_store(bench, "queue.a", "x");
    AWAIT(bench, a.count + b.count == 40);
    bench_idle(bench, 100);
    assert_int_equal(a.count + b.count, 40);
    assert_true(a.count > 0 && b.count > 0);
    bench_close(bench, second);
}

struct stopper {
    struct seen seen;
    struct bus_pull *pull;
};

static void stop_the_pull(void *ctx, const struct bus_message *message)
{
    struct stopper *stopper = (struct stopper *)ctx;
    bus_pull_stop(stopper->pull);
    bench_each(&stopper->seen, message);
}

static void a_callback_may_stop_its_own_pull(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct stopper stopper = {.seen = {.bench = bench}};
    struct bus_consumer consumer = {.stream = "QUEUE", .name = "c"};
    bench_queue(bench, 5);
    stopper.pull = bus_pull(bench->bus, &consumer, 5, stop_the_pull, NULL, &stopper);
    AWAIT(bench, stopper.seen.count == 1);
    bench_idle(bench, 100);
    assert_int_equal(stopper.seen.count, 1);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(with_one_ack_pending_order_is_strict_and_a_refused_message_comes_back_first),
        ROW(a_message_neither_settled_nor_worked_on_comes_again_before_its_successors),
        ROW(a_late_word_of_work_on_a_settled_message_does_not_hold_up_its_successors),
        ROW(no_more_than_a_batch_is_out_at_a_time),
        ROW(a_consumer_deleted_under_a_pull_is_made_anew_and_what_was_unacked_comes_again),
        ROW(a_memory_backed_consumer_is_made_anew_after_a_server_restart),
        ROW(a_pull_waits_for_a_stream_that_is_not_there_yet_and_tells_of_it),
        ROW(a_consumer_with_other_settings_is_trouble_and_left_alone),
        ROW(two_pullers_of_one_consumer_share_its_messages),
        ROW(a_callback_may_stop_its_own_pull),
    };
    return cmocka_run_group_tests_name("bus: consumers", tests, NULL, NULL);
}
