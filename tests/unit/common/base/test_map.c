#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/cleanup.h"
#include "base/map.h"

enum { KEYS = 300 };

static char keys[KEYS][24];
static int values[KEYS];

static int map_test_keys(void **state)
{
    (void)state;
    for (int i = 0; i < KEYS; i++)
        (void)snprintf(keys[i], sizeof keys[i], "node-%d", i);
    return 0;
}

static void an_empty_map_holds_nothing(void **state)
{
    (void)state;
    struct map map = {0};
    size_t at = 0;
    assert_null(map_get(&map, "a"));
    assert_null(map_remove(&map, "a"));
    assert_null(map_next(&map, &at));
    map_done(&map);
}

static void a_value_is_found_by_an_equal_key(void **state)
{
    (void)state;
    AUTO(map_done) struct map map = {0};
    char key[] = "node-1"; /* equal, but elsewhere */
    assert_true(map_put(&map, keys[1], &values[1]));
    assert_ptr_equal(map_get(&map, key), &values[1]);
    assert_null(map_get(&map, "node-"));
    assert_null(map_get(&map, "node-11"));
    assert_null(map_get(&map, ""));
}

static void a_second_put_replaces_the_value_and_the_key(void **state)
{
    (void)state;
    AUTO(map_done) struct map map = {0};
    char key[] = "node-1";
    assert_true(map_put(&map, key, &values[1]));
    assert_true(map_put(&map, keys[1], &values[2]));
    key[0] = 'x'; /* the first key may go now */
    assert_ptr_equal(map_get(&map, "node-1"), &values[2]);
    assert_int_equal(map.count, 1);
}

static void many_keys_are_all_found_and_visited_once(void **state)
{
    (void)state;
    AUTO(map_done) struct map map = {0};
    for (int i = 0; i < KEYS; i++)
        assert_true(map_put(&map, keys[i], &values[i]));
    assert_int_equal(map.count, KEYS);
    for (int i = 0; i < KEYS; i++)
        assert_ptr_equal(map_get(&map, keys[i]), &values[i]);
    bool seen[KEYS] = {false};
    size_t at = 0;
    for (int *value = map_next(&map, &at); value != NULL; value = map_next(&map, &at)) {
        assert_false(seen[value - values]);
        seen[value - values] = true;
    }
    for (int i = 0; i < KEYS; i++)
        assert_true(seen[i]);
}

static void removing_never_hides_another_key(void **state)
{
    (void)state;
    AUTO(map_done) struct map map = {0};
    bool there[KEYS] = {false};
    uint32_t chance = 1;
    for (int turn = 0; turn < 20000; turn++) {
        chance = chance * 1664525u + 1013904223u;
        size_t i = (chance >> 8) % KEYS;
        if (there[i])
            assert_ptr_equal(map_remove(&map, keys[i]), &values[i]);
        else
            assert_true(map_put(&map, keys[i], &values[i]));
        there[i] = !there[i];
        size_t other = (chance >> 16) % KEYS;
        assert_ptr_equal(map_get(&map, keys[other]), there[other] ? &values[other] : NULL);
    }
    size_t count = 0;
    for (int i = 0; i < KEYS; i++) {
        count += there[i];
        assert_ptr_equal(map_get(&map, keys[i]), there[i] ? &values[i] : NULL);
    }
    assert_int_equal(map.count, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_holds_nothing),
        cmocka_unit_test(a_value_is_found_by_an_equal_key),
        cmocka_unit_test(a_second_put_replaces_the_value_and_the_key),
        cmocka_unit_test(many_keys_are_all_found_and_visited_once),
        cmocka_unit_test(removing_never_hides_another_key),
    };
    return cmocka_run_group_tests(tests, map_test_keys, NULL);
}
