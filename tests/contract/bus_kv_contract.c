/* Buckets: create, update, watch, delete, as other NATS clients do it. */
#include <stdio.h>

#include "bench.h"

struct changes {
    unsigned count;
    unsigned caught_up;
    unsigned count_at_catching_up;
    char story[BENCH_TEXT_MAX]; /* "+key=value " or "-key " each */
    uint64_t revision;
};

static void changes_each(void *ctx, enum kv_change change, const char *key, struct bytes value,
                         uint64_t revision)
{
    struct changes *changes = (struct changes *)ctx;
    size_t len = strlen(changes->story);
    changes->count++;
    assert_true(revision > changes->revision);
    changes->revision = revision;
    if (change == KV_PUT)
        (void)snprintf(changes->story + len, sizeof(changes->story) - len, "+%s=%.*s ", key,
                       (int)value.len, (const char *)value.data);
    else
        (void)snprintf(changes->story + len, sizeof(changes->story) - len, "-%s ", key);
}

static void changes_caught_up(void *ctx)
{
    struct changes *changes = (struct changes *)ctx;
    changes->caught_up++;
    changes->count_at_catching_up = changes->count;
}

static int bucket_setup(void **state)
{
    int failed = bench_setup(state);
    if (failed != 0)
        return failed;
    struct bench *bench = (struct bench *)*state;
    struct got got = {0};
    bus_kv_ensure(bench->bus, "b", 1, 1 << 20, bench_answer, &got);
    AWAIT(bench, got.count == 1);
    return got.outcome == BUS_OK ? 0 : -1;
}

static struct got bucket_get(struct bench *bench, const char *key)
{
    struct got got = {0};
    bus_kv_get(bench->bus, "b", key, bench_answer, &got);
    AWAIT(bench, got.count == 1);
    return got;
}

static struct got bucket_put(struct bench *bench, const char *key, const char *value)
{
    struct got got = {0};
    bus_kv_put(bench->bus, "b", key, bytes_of_text(value), bench_answer, &got);
    AWAIT(bench, got.count == 1);
    return got;
}

static struct got bucket_update(struct bench *bench, const char *key, const char *value,
                                uint64_t revision)
{
    struct got got = {0};
    bus_kv_update(bench->bus, "b", key, bytes_of_text(value), revision, bench_answer, &got);
    AWAIT(bench, got.count == 1);
    return got;
}

static struct got bucket_delete(struct bench *bench, const char *key)
{
    struct got got = {0};
    bus_kv_delete(bench->bus, "b", key, bench_answer, &got);
    AWAIT(bench, got.count == 1);
    return got;
}

static void a_key_is_put_read_and_deleted(void **state)
{
    struct bench *bench = (struct bench *)*state;
    assert_int_equal(bucket_get(bench, "k").outcome, BUS_NOT_FOUND);
    struct got put = bucket_put(bench, "k", "one");
    assert_int_equal(put.outcome, BUS_OK);
    struct got got = bucket_get(bench, "k");
    assert_int_equal(got.outcome, BUS_OK);
    assert_int_equal(got.seq, put.seq);
    assert_string_equal(got.body, "one");
    assert_int_equal(bucket_delete(bench, "k").outcome, BUS_OK);
    assert_int_equal(bucket_get(bench, "k").outcome, BUS_NOT_FOUND);
}

static void an_update_is_refused_unless_the_revision_is_the_last(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct got first = bucket_update(bench, "k", "one", 0);
    assert_int_equal(first.outcome, BUS_OK);
    assert_int_equal(bucket_update(bench, "k", "two", 0).outcome, BUS_CONFLICT);
    (void)bucket_put(bench, "other", "x");
    struct got second = bucket_update(bench, "k", "two", first.seq);
    assert_int_equal(second.outcome, BUS_OK);
    assert_int_equal(bucket_update(bench, "k", "three", first.seq).outcome, BUS_CONFLICT);
    assert_string_equal(bucket_get(bench, "k").body, "two");
}

static void a_deleted_key_may_be_created_again_by_one(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct got racers[8];
    memset(racers, 0, sizeof(racers));
    assert_int_equal(bucket_update(bench, "k", "one", 0).outcome, BUS_OK);
    assert_int_equal(bucket_delete(bench, "k").outcome, BUS_OK);
    for (int i = 0; i < 8; i++)
        bus_kv_update(bench->bus, "b", "k", bytes_of_text("two"), 0, bench_answer, &racers[i]);
    int winners = 0;
    for (int i = 0; i < 8; i++) {
        AWAIT(bench, racers[i].count == 1);
        winners += racers[i].outcome == BUS_OK;
        if (racers[i].outcome != BUS_OK)
            assert_int_equal(racers[i].outcome, BUS_CONFLICT);
    }
    assert_int_equal(winners, 1);
    assert_string_equal(bucket_get(bench, "k").body, "two");
}

static void a_watch_gives_what_there_is_then_caught_up_then_each_change(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct changes changes = {0};
    (void)bucket_put(bench, "a", "1");
    (void)bucket_put(bench, "a", "2");
    (void)bucket_put(bench, "b", "3");
    struct bus_kv_watch *watch =
        bus_kv_watch(bench->bus, "b", "*", changes_each, changes_caught_up, &changes);
    AWAIT(bench, changes.caught_up == 1);
    assert_int_equal(changes.count_at_catching_up, 2);
    (void)bucket_put(bench, "c", "4");
    (void)bucket_delete(bench, "a");
    AWAIT(bench, changes.count == 4);
    assert_string_equal(changes.story, "+a=2 +b=3 +c=4 -a ");
    bus_kv_watch_stop(watch);
    (void)bucket_put(bench, "c", "5");
    bench_idle(bench, 100);
    assert_int_equal(changes.count, 4);
    assert_int_equal(changes.caught_up, 1);
}

static void a_watch_of_one_key_gives_only_that(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct changes changes = {0};
    (void)bucket_put(bench, "a", "1");
    (void)bus_kv_watch(bench->bus, "b", "k", changes_each, changes_caught_up, &changes);
    AWAIT(bench, changes.caught_up == 1);
    assert_int_equal(changes.count, 0);
    (void)bucket_put(bench, "a", "2");
    (void)bucket_put(bench, "k", "3");
    AWAIT(bench, changes.count == 1);
    assert_string_equal(changes.story, "+k=3 ");
}

static void a_bucket_with_other_settings_is_refused(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct got got = {0};
    bus_kv_ensure(bench->bus, "b", 1, 2 << 20, bench_answer, &got);
    AWAIT(bench, got.count == 1);
    assert_int_equal(got.outcome, BUS_MISMATCH);
    got = (struct got){0};
    bus_kv_ensure(bench->bus, "b", 0, 1 << 20, bench_answer, &got);
    AWAIT(bench, got.count == 1);
    assert_int_equal(got.outcome, BUS_OK);
}

static void an_empty_value_is_a_value(void **state)
{
    struct bench *bench = (struct bench *)*state;
    assert_int_equal(bucket_put(bench, "k", "").outcome, BUS_OK);
    struct got got = bucket_get(bench, "k");
    assert_int_equal(got.outcome, BUS_OK);
    assert_string_equal(got.body, "");
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, bucket_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_key_is_put_read_and_deleted),
        ROW(an_update_is_refused_unless_the_revision_is_the_last),
        ROW(a_deleted_key_may_be_created_again_by_one),
        ROW(a_watch_gives_what_there_is_then_caught_up_then_each_change),
        ROW(a_watch_of_one_key_gives_only_that),
        ROW(a_bucket_with_other_settings_is_refused),
        ROW(an_empty_value_is_a_value),
    };
    return cmocka_run_group_tests_name("bus: buckets", tests, NULL, NULL);
}
