/* The life of an attempt: which moves are allowed, and the pauses between read-backs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/attempt.h"

static void only_the_moves_of_the_picture_are_allowed(void **state)
{
    (void)state;
    static const char *const allowed[PHASE_COUNT] = {
        [PHASE_ORDERED] = "-cr-pd", [PHASE_CLAIMING] = "--r-pd",  [PHASE_RUNNING] = "---e--",
        [PHASE_ENDING] = "----p-",  [PHASE_REPORTING] = "-----d", [PHASE_DONE] = "------",
    };
    for (unsigned from = 0; from < PHASE_COUNT; from++) {
        for (unsigned to = 0; to < PHASE_COUNT; to++)
            assert_int_equal(attempt_may_move((enum phase)from, (enum phase)to),
                             allowed[from][to] != '-');
    }
}

static void every_phase_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(phase_text(PHASE_ORDERED), "ordered");
    assert_string_equal(phase_text(PHASE_DONE), "done");
}

static void an_attempt_keeps_copies_of_the_orders_texts(void **state)
{
    (void)state;
    char params[] = "{}";
    struct order order = {.path = "0", .backend = "ping", .action = "echo", .params = params};
    struct attempt attempt = {.phase = PHASE_DONE};
    assert_int_equal(attempt_begin(&attempt, &order, "c", NULL), STATUS_OK);
    params[0] = '?';
    assert_string_equal(attempt.order.params, "{}");
    assert_null(attempt.order.refusal);
    assert_int_equal(attempt.phase, PHASE_ORDERED);
    attempt_check(&attempt);
    attempt_done(&attempt);
    assert_int_equal(attempt.phase, PHASE_DONE);
}

static void pauses_double_up_to_a_bound(void **state)
{
    (void)state;
    struct attempt attempt = {.tries = 1};
    static const uint64_t pauses_ms[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
    for (unsigned i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++, attempt.tries++)
        assert_int_equal(duration_to_ms(attempt_pause(&attempt)), pauses_ms[i]);
    attempt.tries = UINT32_MAX;
    assert_int_equal(duration_to_ms(attempt_pause(&attempt)), 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_moves_of_the_picture_are_allowed),
        cmocka_unit_test(every_phase_has_a_name),
        cmocka_unit_test(an_attempt_keeps_copies_of_the_orders_texts),
        cmocka_unit_test(pauses_double_up_to_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
