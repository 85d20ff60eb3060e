/* Bytes from the bus: what is an order, a cancel or a record, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "result.pb-c.h"
#include "shell/intake.h"
#include "task.pb-c.h"

static Baton__V1__TaskOrder message_of(void)
{
    Baton__V1__TaskOrder message = BATON__V1__TASK_ORDER__INIT;
    message.version = 1;
    message.job = (char[]){"job-1"};
    message.step = 2;
    message.attempt = 1;
    message.node = (char[]){"n"};
    return message;
}

struct packed {
    uint8_t bytes[512];
    size_t len;
};

static struct packed pack(char *job, char *node, char *backend, char *params, uint32_t version)
{
    Baton__V1__TaskOrder message = message_of();
    struct packed packed = {.len = 0};
    message.version = version;
    message.job = job;
    message.node = node;
    message.path = (char[]){"1.0"};
    message.backend = backend;
    message.action = (char[]){"echo"};
    message.params = params;
    message.timeout_ms = 7;
    message.expected_seq = 9;
    message.idempotent = true;
    assert_true(baton__v1__task_order__get_packed_size(&message) <= sizeof packed.bytes);
    packed.len = baton__v1__task_order__pack(&message, packed.bytes);
    return packed;
}

static enum status take(struct packed packed, struct arena *arena, struct order *order)
{
    struct error err = {0};
    return intake_order(bytes_of(packed.bytes, packed.len), "n", arena, order, &err);
}

static void an_order_is_read_with_all_its_fields(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    struct order order = {0};
    struct packed packed = pack((char[]){"job-1"}, (char[]){"n"}, (char[]){"ping"},
                                (char[]){"{\"message\":\"hi\"}"}, 1);
    assert_int_equal(take(packed, &arena, &order), STATUS_OK);
    assert_string_equal(order.key.job.text, "job-1");
    assert_int_equal(order.key.step, 2);
    assert_int_equal(order.key.attempt, 1);
    assert_string_equal(order.path, "1.0");
    assert_string_equal(order.backend, "ping");
    assert_string_equal(order.action, "echo");
    assert_int_equal(order.timeout_ms, 7);
    assert_int_equal(order.expected_seq, 9);
    assert_true(order.idempotent);
    assert_null(order.refusal);
}

static void an_order_that_can_not_be_run_carries_the_reason(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    struct order order = {0};
    struct packed packed =
        pack((char[]){"job-1"}, (char[]){"n"}, (char[]){"nope"}, (char[]){"{}"}, 1);
    assert_int_equal(take(packed, &arena, &order), STATUS_OK);
    assert_string_equal(order.refusal, "unknown backend 'nope'");
    packed = pack((char[]){"job-1"}, (char[]){"n"}, (char[]){"ping"}, (char[]){"{\"x\":1}"}, 1);
    assert_int_equal(take(packed, &arena, &order), STATUS_OK);
    assert_non_null(strstr(order.refusal, "params.x: unknown parameter of ping echo"));
}

static void what_is_not_an_order_for_this_node_is_malformed(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    struct order order = {0};
    char ping[] = "ping";
    char none[] = "{}";
    assert_int_equal(take(pack((char[]){"a.b"}, (char[]){"n"}, ping, none, 1), &arena, &order),
                     STATUS_MALFORMED);
    assert_int_equal(take(pack((char[]){""}, (char[]){"n"}, ping, none, 1), &arena, &order),
                     STATUS_MALFORMED);
    assert_int_equal(take(pack((char[]){"j"}, (char[]){"m"}, ping, none, 1), &arena, &order),
                     STATUS_MALFORMED);
    assert_int_equal(take(pack((char[]){"j"}, (char[]){"n"}, ping, none, 2), &arena, &order),
                     STATUS_MALFORMED);
    assert_int_equal(take((struct packed){.len = 0}, &arena, &order), STATUS_MALFORMED);
}

static void every_truncation_is_survived(void **state)
{
    (void)state;
    struct packed packed =
        pack((char[]){"job-1"}, (char[]){"n"}, (char[]){"ping"}, (char[]){"{}"}, 1);
    for (size_t len = 0; len < packed.len; len++) {
        AUTO(arena_done) struct arena arena = {0};
        struct order order = {0};
        struct attempt_key key;
        uint64_t grace_ms = 0;
        assert_true(intake_order(bytes_of(packed.bytes, len), "n", &arena, &order, NULL) <
                    STATUS_COUNT);
        assert_true(intake_cancel(bytes_of(packed.bytes, len), &key, &grace_ms, NULL) <
                    STATUS_COUNT);
        assert_int_equal(intake_last(bytes_of(packed.bytes, len), 3, &arena).seq, 3);
    }
}

static void a_cancel_names_an_attempt_and_has_a_grace(void **state)
{
    (void)state;
    Baton__V1__TaskCancel message = BATON__V1__TASK_CANCEL__INIT;
    message.version = 1;
    message.job = (char[]){"job-1"};
    message.step = 3;
    message.attempt = 2;
    uint8_t bytes[128];
    struct attempt_key key = {0};
    uint64_t grace_ms = 0;
    size_t len = baton__v1__task_cancel__pack(&message, bytes);
    assert_int_equal(intake_cancel(bytes_of(bytes, len), &key, &grace_ms, NULL), STATUS_OK);
    assert_string_equal(key.job.text, "job-1");
    assert_int_equal(key.step, 3);
    assert_int_equal(key.attempt, 2);
    assert_int_equal(grace_ms, 2000);
    message.attempt = 0;
    len = baton__v1__task_cancel__pack(&message, bytes);
    assert_int_equal(intake_cancel(bytes_of(bytes, len), &key, &grace_ms, NULL), STATUS_MALFORMED);
}

static void a_record_is_what_it_says_or_foreign(void **state)
{
    (void)state;
    static const enum last_kind kinds[] = {LAST_FOREIGN, LAST_START, LAST_END, LAST_REVOKE,
                                           LAST_FOREIGN};
    AUTO(arena_done) struct arena arena = {0};
    uint8_t bytes[128];
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        Baton__V1__ResultRecord message = BATON__V1__RESULT_RECORD__INIT;
        message.version = 1;
        message.kind = (Baton__V1__ResultKind)i;
        message.claim = (char[]){"c"};
        message.step = 4;
        message.attempt = 5;
        size_t len = baton__v1__result_record__pack(&message, bytes);
        struct last last = intake_last(bytes_of(bytes, len), 6, &arena);
        assert_int_equal(last.kind, kinds[i]);
        assert_int_equal(last.step, 4);
        assert_int_equal(last.attempt, 5);
        assert_int_equal(last.seq, 6);
        assert_string_equal(last.claim, "c");
    }
    assert_int_equal(intake_last(bytes_of_text("\xff\xff"), 6, &arena).kind, LAST_FOREIGN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_read_with_all_its_fields),
        cmocka_unit_test(an_order_that_can_not_be_run_carries_the_reason),
        cmocka_unit_test(what_is_not_an_order_for_this_node_is_malformed),
        cmocka_unit_test(every_truncation_is_survived),
        cmocka_unit_test(a_cancel_names_an_attempt_and_has_a_grace),
        cmocka_unit_test(a_record_is_what_it_says_or_foreign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
