#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus/alarms.h"

enum { COUNT = 500 };

static void they_come_in_order_of_time_and_ties_in_the_order_they_were_set(void **state)
{
    (void)state;
    struct alarms alarms = {0};
    struct alarm all[COUNT] = {0};
    for (size_t i = 0; i < COUNT; i++) {
        struct instant at = {i * 7919 % 50}; /* ten of each time */
        assert_int_equal(alarms_set(&alarms, &all[i], at), STATUS_OK);
    }
    struct instant last = {0};
    uint64_t last_order = 0;
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(alarms_next(&alarms).ns, i / 10);
        struct alarm *due = alarms_take_due(&alarms, (struct instant){1000});
        assert_non_null(due);
        assert_true(due->at.ns >= last.ns);
        if (i > 0 && due->at.ns == last.ns)
            assert_true(due->order > last_order);
        last = due->at;
        last_order = due->order;
    }
    assert_null(alarms_take_due(&alarms, INSTANT_NEVER));
    assert_int_equal(alarms_next(&alarms).ns, INSTANT_NEVER.ns);
    alarms_done(&alarms);
}

static void none_comes_early(void **state)
{
    (void)state;
    struct alarms alarms = {0};
    struct alarm alarm = {0};
    assert_int_equal(alarms_set(&alarms, &alarm, (struct instant){10}), STATUS_OK);
    assert_null(alarms_take_due(&alarms, (struct instant){9}));
    assert_ptr_equal(alarms_take_due(&alarms, (struct instant){10}), &alarm);
    alarms_done(&alarms);
}

static void one_may_be_moved_and_cancelled_at_any_place(void **state)
{
    (void)state;
    struct alarms alarms = {0};
    struct alarm all[COUNT] = {0};
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(alarms_set(&alarms, &all[i], (struct instant){i}), STATUS_OK);
    for (size_t i = 0; i < COUNT; i++) {
        if (i % 3 == 0)
            alarms_cancel(&alarms, &all[i]);
        else if (i % 3 == 1)
            assert_int_equal(alarms_set(&alarms, &all[i], (struct instant){2 * COUNT - i}),
                             STATUS_OK);
    }
    alarms_cancel(&alarms, &all[0]); /* once more is fine */
    uint64_t last_ns = 0;
    size_t count = 0;
    for (;;) {
        struct alarm *due = alarms_take_due(&alarms, INSTANT_NEVER);
        if (due == NULL)
            break;
        assert_true(due->at.ns >= last_ns);
        assert_int_equal(due->place, 0);
        assert_int_not_equal((due - all) % 3, 0);
        last_ns = due->at.ns;
        count++;
    }
    assert_int_equal(count, COUNT - (COUNT + 2) / 3);
    alarms_done(&alarms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_in_order_of_time_and_ties_in_the_order_they_were_set),
        cmocka_unit_test(none_comes_early),
        cmocka_unit_test(one_may_be_moved_and_cancelled_at_any_place),
    };
    return cmocka_run_group_tests_name("bus: alarms", tests, NULL, NULL);
}
