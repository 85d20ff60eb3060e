#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/backoff.h"

static const struct plan_retry PRESET = {
    .max = 10,
    .initial = {1000000000u},
    .factor = 2.0,
    .cap = {30000000000u},
};

static void delays_double_from_one_second_up_to_the_cap(void **state)
{
    (void)state;
    static const uint64_t seconds[] = {1, 2, 4, 8, 16, 30, 30, 30};
    for (uint32_t retry = 1; retry <= sizeof seconds / sizeof seconds[0]; retry++) {
        uint64_t ms = duration_to_ms(backoff_delay(&PRESET, retry, UINT64_MAX));
        assert_int_equal(ms, seconds[retry - 1] * 1000);
    }
}

static void the_thousandth_retry_waits_no_longer_than_the_cap(void **state)
{
    (void)state;
    assert_int_equal(duration_to_ms(backoff_delay(&PRESET, 1000, 0)), 30000);
    struct plan_retry steep = PRESET;
    steep.factor = 1000.0;
    assert_int_equal(duration_to_ms(backoff_delay(&steep, UINT32_MAX, 0)), 30000);
}

static void a_factor_of_one_keeps_the_delay(void **state)
{
    (void)state;
    struct plan_retry even = PRESET;
    even.factor = 1.0;
    assert_int_equal(duration_to_ms(backoff_delay(&even, UINT32_MAX, 0)), 1000);
}

static void no_delay_at_all_is_possible(void **state)
{
    (void)state;
    struct plan_retry at_once = PRESET;
    at_once.initial = (struct duration){0};
    at_once.jitter = 1.0;
    assert_int_equal(backoff_delay(&at_once, 3, 12345).ns, 0);
}

static void an_initial_delay_above_the_cap_is_cut(void **state)
{
    (void)state;
    struct plan_retry long_first = PRESET;
    long_first.initial = (struct duration){90000000000u};
    assert_int_equal(duration_to_ms(backoff_delay(&long_first, 1, 0)), 30000);
}

static void jitter_stays_within_its_bounds_and_reaches_close_to_both(void **state)
{
    (void)state;
    struct plan_retry policy = PRESET;
    policy.jitter = 0.2;
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    for (uint64_t i = 0; i <= 1000; i++) {
        uint64_t ms = duration_to_ms(backoff_delay(&policy, 3, UINT64_MAX / 1000 * i));
        least = ms < least ? ms : least;
        most = ms > most ? ms : most;
    }
    assert_in_range(least, 3200, 3205);
    assert_in_range(most, 4795, 4800);
}

static void the_same_chance_gives_the_same_delay(void **state)
{
    (void)state;
    struct plan_retry policy = PRESET;
    policy.jitter = 1.0;
    assert_int_equal(backoff_delay(&policy, 2, 42).ns, backoff_delay(&policy, 2, 42).ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_double_from_one_second_up_to_the_cap),
        cmocka_unit_test(the_thousandth_retry_waits_no_longer_than_the_cap),
        cmocka_unit_test(a_factor_of_one_keeps_the_delay),
        cmocka_unit_test(no_delay_at_all_is_possible),
        cmocka_unit_test(an_initial_delay_above_the_cap_is_cut),
        cmocka_unit_test(jitter_stays_within_its_bounds_and_reaches_close_to_both),
        cmocka_unit_test(the_same_chance_gives_the_same_delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
