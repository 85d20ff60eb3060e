#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/target.h"
#include "play.h"

static const char *const WEB[] = {"web", "all-hands"};
static const char *const DB[] = {"db"};
static const struct target_node NODES[] = {
    {"a", WEB, 2, false}, {"b", DB, 1, false}, {"c", WEB, 1, true}, {"d", NULL, 0, false}};

static enum status picks(const char *target, const char *expected, struct error *err)
{
    AUTO(buffer_done) struct buffer spec = {0};
    assert_int_equal(
        buffer_print(&spec, "{target: %s, tasks: [{backend: test, action: succeed}]}", target),
        STATUS_OK);
    struct plan *plan = play_plan(buffer_text(&spec));
    bool picked[4] = {false};
    enum status status = target_pick(plan, NODES, 4, picked, err);
    for (size_t i = 0; status == STATUS_OK && i < 4; i++)
        assert_int_equal(picked[i], expected[i] == 'x');
    plan_free(plan);
    return status;
}

static void all_nodes_are_picked_but_for_those_that_said_goodbye(void **state)
{
    (void)state;
    assert_int_equal(picks("{scope: all}", "xx.x", NULL), STATUS_OK);
}

static void a_group_or_several_pick_their_members(void **state)
{
    (void)state;
    assert_int_equal(picks("{scope: group, value: web}", "x...", NULL), STATUS_OK);
    assert_int_equal(picks("{scope: group, value: [db, all-hands]}", "xx..", NULL), STATUS_OK);
}

static void nodes_are_picked_by_name_in_the_order_of_the_cell(void **state)
{
    (void)state;
    assert_int_equal(picks("{scope: node, value: [d, a]}", "x..x", NULL), STATUS_OK);
}

static void a_named_node_that_is_missing_or_stopped_is_an_error_that_names_it(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(picks("{scope: node, value: [a, zz]}", "", &err), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.text, "\"zz\""));
    assert_int_equal(picks("{scope: node, value: [a, c]}", "", &err), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.text, "\"c\" is offline"));
}

static void nobody_to_run_on_is_an_error(void **state)
{
    (void)state;
    struct error err = {0};
    assert_int_equal(picks("{scope: group, value: moon}", "", &err), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.text, "\"moon\""));
    struct plan *plan =
        play_plan("{target: {scope: all}, tasks: [{backend: test, action: succeed}]}");
    assert_int_equal(target_pick(plan, NULL, 0, NULL, &err), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.text, "no node is registered"));
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_nodes_are_picked_but_for_those_that_said_goodbye),
        cmocka_unit_test(a_group_or_several_pick_their_members),
        cmocka_unit_test(nodes_are_picked_by_name_in_the_order_of_the_cell),
        cmocka_unit_test(a_named_node_that_is_missing_or_stopped_is_an_error_that_names_it),
        cmocka_unit_test(nobody_to_run_on_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
