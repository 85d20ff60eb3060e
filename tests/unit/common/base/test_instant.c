#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/instant.h"

static void adding_saturates_at_never(void **state)
{
    (void)state;
    struct instant soon = instant_add((struct instant){5}, DURATION_MS(2));
    assert_int_equal(soon.ns, 2000005);
    assert_true(instant_add(INSTANT_NEVER, DURATION_MS(1)).ns == UINT64_MAX);
    assert_true(instant_add((struct instant){1}, (struct duration){UINT64_MAX}).ns == UINT64_MAX);
}

static void a_span_that_would_be_negative_is_zero(void **state)
{
    (void)state;
    assert_int_equal(instant_since((struct instant){9}, (struct instant){4}).ns, 5);
    assert_int_equal(instant_since((struct instant){4}, (struct instant){9}).ns, 0);
    assert_int_equal(instant_since((struct instant){4}, (struct instant){4}).ns, 0);
}

static void a_deadline_is_reached_at_its_very_instant(void **state)
{
    (void)state;
    assert_false(instant_reached((struct instant){4}, (struct instant){5}));
    assert_true(instant_reached((struct instant){5}, (struct instant){5}));
    assert_true(instant_reached((struct instant){6}, (struct instant){5}));
    assert_false(instant_reached((struct instant){UINT64_MAX - 1}, INSTANT_NEVER));
}

static void the_earlier_of_two_is_the_minimum(void **state)
{
    (void)state;
    assert_int_equal(instant_min((struct instant){1}, (struct instant){2}).ns, 1);
    assert_int_equal(instant_min(INSTANT_NEVER, (struct instant){2}).ns, 2);
}

static void milliseconds_convert_both_ways_and_saturate(void **state)
{
    (void)state;
    assert_int_equal(duration_to_ms(duration_ms(1500)), 1500);
    assert_int_equal(duration_to_ms((struct duration){1999999}), 1);
    assert_true(duration_ms(UINT64_MAX).ns == UINT64_MAX);
    assert_int_equal(DURATION_MS(3).ns, 3000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adding_saturates_at_never),
        cmocka_unit_test(a_span_that_would_be_negative_is_zero),
        cmocka_unit_test(a_deadline_is_reached_at_its_very_instant),
        cmocka_unit_test(the_earlier_of_two_is_the_minimum),
        cmocka_unit_test(milliseconds_convert_both_ways_and_saturate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
