#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus/slots.h"

enum { COUNT = 1000 };

static void an_object_is_found_by_its_number_until_it_is_removed(void **state)
{
    (void)state;
    struct slots slots = {0};
    int objects[COUNT];
    uint64_t ids[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(slots_add(&slots, &objects[i], &ids[i]), STATUS_OK);
    for (size_t i = 0; i < COUNT; i++)
        assert_ptr_equal(slots_find(&slots, ids[i]), &objects[i]);
    assert_int_equal(slots.count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_ptr_equal(slots_remove(&slots, ids[i]), &objects[i]);
        assert_null(slots_find(&slots, ids[i]));
        assert_null(slots_remove(&slots, ids[i]));
    }
    assert_int_equal(slots.count, 0);
    slots_done(&slots);
}

static void a_number_is_never_given_again(void **state)
{
    (void)state;
    struct slots slots = {0};
    int object = 0;
    uint64_t first = 0;
    assert_int_equal(slots_add(&slots, &object, &first), STATUS_OK);
    uint64_t last = first;
    for (int i = 0; i < COUNT; i++) {
        uint64_t next = 0;
        (void)slots_remove(&slots, last);
        assert_int_equal(slots_add(&slots, &object, &next), STATUS_OK);
        assert_int_not_equal(next, last);
        assert_null(slots_find(&slots, last));
        last = next;
    }
    assert_null(slots_find(&slots, first));
    assert_null(slots_find(&slots, 0));
    assert_null(slots_find(&slots, UINT64_MAX));
    slots_done(&slots);
}

static void a_walk_meets_each_object_and_allows_removal(void **state)
{
    (void)state;
    struct slots slots = {0};
    uint64_t ids[10];
    int objects[10] = {0};
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(slots_add(&slots, &objects[i], &ids[i]), STATUS_OK);
    (void)slots_remove(&slots, ids[4]);
    uint32_t place = 0;
    int count = 0;
    for (int *one = slots_walk(&slots, &place); one != NULL; one = slots_walk(&slots, &place)) {
        (void)slots_remove(&slots, ids[one - objects]);
        ++*one;
        count++;
    }
    assert_int_equal(count, 9);
    assert_int_equal(objects[4], 0);
    assert_int_equal(slots.count, 0);
    slots_done(&slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_found_by_its_number_until_it_is_removed),
        cmocka_unit_test(a_number_is_never_given_again),
        cmocka_unit_test(a_walk_meets_each_object_and_allows_removal),
    };
    return cmocka_run_group_tests_name("bus: slots", tests, NULL, NULL);
}
