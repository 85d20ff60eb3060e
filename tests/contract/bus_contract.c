/* Facts about JetStream the controller and the worker are built on, shown on a real server through
 * our own bus: if one of these fails, the protocol has lost a leg. */
#include <stdio.h>

#include "bench.h"
#include "bus/jetstream.h"

enum { RACERS = 6, RACES = 40 };

static void create_once_has_exactly_one_winner_among_racers(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct bus *racers[RACERS];
    static struct got got[RACES][RACERS];
    memset(got, 0, sizeof(got));
    bench_stream(bench, "RACE", "race.*", BUS_LIMITS);
    for (int i = 0; i < RACERS; i++)
        racers[i] = bench_open(bench);
    for (int race = 0; race < RACES; race++) {
        char subject[32];
        (void)snprintf(subject, sizeof(subject), "race.%d", race);
        struct bus_store store = {
            .subject = subject, .body = bytes_of_text("mine"), .expect_set = true};
        for (int i = 0; i < RACERS; i++)
            bus_store(racers[i], &store, bench_answer, &got[race][i]);
    }
    for (int race = 0; race < RACES; race++) {
        int winners = 0;
        for (int i = 0; i < RACERS; i++) {
            AWAIT(bench, got[race][i].count == 1);
            winners += got[race][i].outcome == BUS_OK;
            if (got[race][i].outcome != BUS_OK)
                assert_int_equal(got[race][i].outcome, BUS_CONFLICT);
        }
        assert_int_equal(winners, 1);
    }
    for (int i = 0; i < RACERS; i++)
        bench_close(bench, racers[i]);
}

static void a_conditional_append_fences_off_a_deposed_writer(void **state)
{
    struct bench *bench = (struct bench *)*state;
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    struct got first = bench_store_expecting(bench, "log.job", "old owner", 0);
    assert_int_equal(first.outcome, BUS_OK);
    (void)bench_store(bench, "log.other", "another subject does not matter");
    struct got second = bench_store_expecting(bench, "log.job", "new owner", first.seq);
    assert_int_equal(second.outcome, BUS_OK);
    struct got deposed = bench_store_expecting(bench, "log.job", "old owner", first.seq);
    assert_int_equal(deposed.outcome, BUS_CONFLICT);
    struct got last = bench_fetch(bench, "LOG", 0, "log.job");
    assert_int_equal(last.outcome, BUS_OK);
    assert_int_equal(last.seq, second.seq);
    assert_string_equal(last.body, "new owner");
}

static void the_same_message_id_is_stored_once(void **state)
{
    struct bench *bench = (struct bench *)*state;
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    struct bus_store store = {
        .subject = "log.job", .body = bytes_of_text("x"), .msg_id = "the-same"};
    struct got first = {0};
    struct got again = {0};
    bus_store(bench->bus, &store, bench_answer, &first);
    bus_store(bench->bus, &store, bench_answer, &again);
    AWAIT(bench, first.count == 1 && again.count == 1);
    assert_int_equal(first.outcome, BUS_OK);
    assert_false(first.duplicate);
    assert_int_equal(again.outcome, BUS_OK);
    assert_true(again.duplicate);
    assert_int_equal(again.seq, first.seq);
}

static void an_ensured_stream_may_be_ensured_again(void **state)
{
    struct bench *bench = (struct bench *)*state;
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    struct got info = {0};
    bus_stream_info(bench->bus, "LOG", bench_answer, &info);
    AWAIT(bench, info.count == 1);
    assert_int_equal(info.outcome, BUS_OK);
    assert_non_null(strstr(info.body, "\"log.*\""));
    info = (struct got){0};
    bus_stream_info(bench->bus, "NONE", bench_answer, &info);
    AWAIT(bench, info.count == 1);
    assert_int_equal(info.outcome, BUS_NOT_FOUND);
}

static void a_stream_with_other_settings_is_refused_by_name_and_left_alone(void **state)
{
    struct bench *bench = (struct bench *)*state;
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    const char *const subjects[] = {"log.*", NULL};
    struct bus_stream stream = {.name = "LOG",
                                .subjects = subjects,
                                .retention = BUS_LIMITS,
                                .discard_new = true,
                                .bytes_max = 1 << 20};
    struct got got = {0};
    bus_stream_ensure(bench->bus, &stream, bench_answer, &got);
    AWAIT(bench, got.count == 1);
    assert_int_equal(got.outcome, BUS_MISMATCH);
    assert_string_equal(got.text, "max_bytes: asked for 1048576, the server has -1");
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
}

/* 2.9 takes `filter_subjects` without a word and makes the consumer unfiltered. */
static void a_setting_the_server_ignores_is_found_by_comparing_its_echo(void **state)
{
    struct bench *bench = (struct bench *)*state;
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    json_t *wanted = json_pack("{s:s, s:s, s:[s, s]}", "durable_name", "c", "ack_policy",
                               "explicit", "filter_subjects", "log.a", "log.b");
    json_t *body = json_pack("{s:s, s:O}", "stream_name", "LOG", "config", wanted);
    char *text = json_dumps(body, 0);
    struct got got = bench_api(bench, "$JS.API.CONSUMER.DURABLE.CREATE.LOG.c", text);
    free(text);
    json_decref(body);
    json_t *reply = json_loads(got.body, 0, NULL);
    char difference[256] = "";
    bool equal = jetstream_echo_equal(wanted, json_object_get(reply, "config"), difference,
                                      sizeof(difference));
    json_decref(reply);
    json_decref(wanted);
    int minor = 0;
    assert_int_equal(sscanf(bus_server_version(bench->bus), "2.%d.", &minor), 1);
    assert_int_equal(equal, minor >= 10);
    if (minor < 10)
        assert_string_equal(difference, "filter_subjects: asked for [\"log.a\",\"log.b\"], "
                                        "the server has nothing");
}

static void
a_slot_on_a_limits_stream_stays_taken_and_on_a_work_queue_is_free_after_the_ack(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct seen seen = {.bench = bench};
    struct bus_consumer consumer = {.stream = "QUEUE", .name = "c"};
    bench_stream(bench, "SLOTS", "slot.*", BUS_LIMITS);
    bench_stream(bench, "QUEUE", "queue.*", BUS_WORK_QUEUE);
    assert_int_equal(bench_store_expecting(bench, "slot.a", "1", 0).outcome, BUS_OK);
    assert_int_equal(bench_store_expecting(bench, "slot.a", "2", 0).outcome, BUS_CONFLICT);
    assert_int_equal(bench_store_expecting(bench, "queue.a", "1", 0).outcome, BUS_OK);
    assert_int_equal(bench_store_expecting(bench, "queue.a", "2", 0).outcome, BUS_CONFLICT);
    struct bus_pull *pull =
        bus_pull(bench->bus, &consumer, 1, bench_each_ack, bench_trouble, &seen);
    AWAIT(bench, seen.count == 1);
    bus_pull_stop(pull);
    /* The ack has no answer: ask until the message has gone. */
    struct got last = {0};
    for (int tries = 0; tries < 500 && last.outcome != BUS_NOT_FOUND; tries++)
        last = bench_fetch(bench, "QUEUE", 1, NULL);
    assert_int_equal(last.outcome, BUS_NOT_FOUND);
    assert_int_equal(bench_store_expecting(bench, "queue.a", "3", 0).outcome, BUS_OK);
}

static void deleting_by_sequence_leaves_the_consumer_whole(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct seen seen = {.bench = bench};
    struct bus_consumer consumer = {.stream = "QUEUE", .name = "c", .ack_pending_max = 1};
    bench_stream(bench, "QUEUE", "queue.*", BUS_WORK_QUEUE);
    for (int i = 1; i <= 4; i++)
        assert_int_equal(bench_store(bench, "queue.a", "x").seq, i);
    (void)bus_pull(bench->bus, &consumer, 1, bench_each, bench_trouble, &seen);
    AWAIT(bench, seen.count == 1);
    /* The one delivered and unacked, and one that still waits. */
    for (uint64_t seq = 1; seq <= 3; seq += 2) {
        struct got got = {0};
        bus_delete(bench->bus, "QUEUE", seq, bench_answer, &got);
        AWAIT(bench, got.count == 1);
        assert_int_equal(got.outcome, BUS_OK);
    }
    bus_ack(bench->bus, &seen.last[0].ack);
    AWAIT(bench, seen.count == 2);
    assert_int_equal(seen.last[1].stream_seq, 2);
    bus_ack(bench->bus, &seen.last[1].ack);
    AWAIT(bench, seen.count == 3);
    assert_int_equal(seen.last[2].stream_seq, 4);
}

static void deleting_what_is_not_there_is_not_found(void **state)
{
    struct bench *bench = (struct bench *)*state;
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    assert_int_equal(bench_store(bench, "log.a", "x").seq, 1);
    for (int i = 0; i < 3; i++) {
        static const uint64_t seqs[] = {1, 1, 77};
        struct got got = {0};
        bus_delete(bench->bus, "LOG", seqs[i], bench_answer, &got);
        AWAIT(bench, got.count == 1);
        assert_int_equal(got.outcome, i == 0 ? BUS_OK : BUS_NOT_FOUND);
    }
    assert_int_equal(bench_fetch(bench, "LOG", 1, NULL).outcome, BUS_NOT_FOUND);
    assert_int_equal(bench_fetch(bench, "LOG", 0, "log.b").outcome, BUS_NOT_FOUND);
    assert_int_equal(bench_fetch(bench, "NONE", 1, NULL).outcome, BUS_NOT_FOUND);
}

static void a_fetched_message_has_its_headers_body_and_time(void **state)
{
    struct bench *bench = (struct bench *)*state;
    static const char body[] = "zero\0and \xff bytes";
    struct bus_header headers[] = {
        {"Nats-Service-Error", "a value: with a colon"}, {"Other", "x"}, {NULL, NULL}};
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    struct bus_store store = {
        .subject = "log.a", .headers = headers, .body = bytes_of(body, sizeof(body))};
    struct got stored = {0};
    bus_store(bench->bus, &store, bench_answer, &stored);
    AWAIT(bench, stored.count == 1);
    struct got got = bench_fetch(bench, "LOG", stored.seq, NULL);
    assert_int_equal(got.outcome, BUS_OK);
    assert_string_equal(got.header, "a value: with a colon");
    assert_string_equal(got.body, "zero");
}

static void a_full_stream_refuses_rather_than_forgets(void **state)
{
    struct bench *bench = (struct bench *)*state;
    const char *const subjects[] = {"small.*", NULL};
    struct bus_stream stream = {
        .name = "SMALL", .subjects = subjects, .bytes_max = 2000, .discard_new = true};
    struct got got = {0};
    char body[900];
    memset(body, 'x', sizeof(body) - 1);
    body[sizeof(body) - 1] = '\0';
    bus_stream_ensure(bench->bus, &stream, bench_answer, &got);
    AWAIT(bench, got.count == 1);
    assert_int_equal(got.outcome, BUS_OK);
    assert_int_equal(bench_store(bench, "small.a", body).outcome, BUS_OK);
    assert_int_equal(bench_store(bench, "small.a", body).outcome, BUS_OK);
    got = bench_store(bench, "small.a", body);
    assert_int_equal(got.outcome, BUS_REFUSED);
    assert_string_equal(got.text, "maximum bytes exceeded");
    assert_int_equal(bench_fetch(bench, "SMALL", 1, NULL).outcome, BUS_OK);
}

static void what_was_acked_is_there_after_kill_9_of_the_server(void **state)
{
    struct bench *bench = (struct bench *)*state;
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    struct got stored = bench_store(bench, "log.a", "kept");
    assert_int_equal(stored.outcome, BUS_OK);
    nats_server_kill(&bench->server);
    AWAIT(bench, bench->lost_count == 1);
    bench_close_first(bench);
    assert_true(nats_server_restart(&bench->server));
    bench->bus = bench_open(bench);
    struct got got = bench_fetch(bench, "LOG", stored.seq, NULL);
    assert_int_equal(got.outcome, BUS_OK);
    assert_string_equal(got.body, "kept");
    assert_int_equal(bench_store_expecting(bench, "log.a", "again", 0).outcome, BUS_CONFLICT);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(create_once_has_exactly_one_winner_among_racers),
        ROW(a_conditional_append_fences_off_a_deposed_writer),
        ROW(the_same_message_id_is_stored_once),
        ROW(an_ensured_stream_may_be_ensured_again),
        ROW(a_stream_with_other_settings_is_refused_by_name_and_left_alone),
        ROW(a_setting_the_server_ignores_is_found_by_comparing_its_echo),
        ROW(a_slot_on_a_limits_stream_stays_taken_and_on_a_work_queue_is_free_after_the_ack),
        ROW(deleting_by_sequence_leaves_the_consumer_whole),
        ROW(deleting_what_is_not_there_is_not_found),
        ROW(a_fetched_message_has_its_headers_body_and_time),
        ROW(a_full_stream_refuses_rather_than_forgets),
        ROW(what_was_acked_is_there_after_kill_9_of_the_server),
    };
    return cmocka_run_group_tests_name("bus: streams", tests, NULL, NULL);
}
