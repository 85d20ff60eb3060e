#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/row.h"

/* Rows: from; columns: to, in the order of the enum. */
static const char *const legal[ATTEMPT_STATE_COUNT] = {
    /*                      NQRSFTCLUK */
    [ATTEMPT_NONE] = ".x.......x",      [ATTEMPT_QUEUED] = "..xxxxxxxx",
    [ATTEMPT_RUNNING] = "...xxxxxxx",   [ATTEMPT_SUCCEEDED] = "..........",
    [ATTEMPT_FAILED] = ".x........",    [ATTEMPT_TIMED_OUT] = ".x........",
    [ATTEMPT_CANCELLED] = "..........", [ATTEMPT_LOST] = ".x........",
    [ATTEMPT_UNKNOWN] = "..........",   [ATTEMPT_SKIPPED] = "..........",
};

static void every_pair_of_states_is_legal_or_not_as_the_table_says(void **state)
{
    (void)state;
    for (enum attempt_state from = 0; from < ATTEMPT_STATE_COUNT; from++) {
        for (enum attempt_state to = 0; to < ATTEMPT_STATE_COUNT; to++) {
            assert_int_equal(row_may_move(from, to), legal[from][to] == 'x');
            if (!row_may_move(from, to))
                continue;
            struct row row = {.state = (uint8_t)from};
            row_move(&row, to);
            assert_int_equal(row_state(&row), to);
        }
    }
}

static void only_ended_rows_are_settled_and_not_while_a_retry_is_to_follow(void **state)
{
    (void)state;
    for (enum attempt_state at = 0; at < ATTEMPT_STATE_COUNT; at++) {
        struct row row = {.state = (uint8_t)at};
        assert_int_equal(row_settled(&row), at >= ATTEMPT_SUCCEEDED);
        row.retrying = true;
        assert_false(row_settled(&row));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_states_is_legal_or_not_as_the_table_says),
        cmocka_unit_test(only_ended_rows_are_settled_and_not_while_a_retry_is_to_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
