#include "spec_cases.h"

/* `count` steps in one phase. */
static void steps_text(struct buffer *text, size_t count)
{
    assert_int_equal(buffer_print(text, "%stasks:\n", CASE_TARGET), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(buffer_print(text, "- %s\n", CASE_PING), STATUS_OK);
    }
}

static void four_thousand_and_ninety_six_steps_are_the_most(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer most = {0};
    steps_text(&most, PLAN_ITEMS_MAX);
    AUTO_PTR(spec_free) struct spec *spec = case_spec(buffer_text(&most));
    assert_int_equal(spec->plan->step_count, PLAN_ITEMS_MAX);
    AUTO(buffer_done) struct buffer more = {0};
    steps_text(&more, PLAN_ITEMS_MAX + 9);
    case_refused(buffer_text(&more),
                 "f:4099:3: tasks[4096]: too many steps: a job has at most 4096");
}

static void nested_text(struct buffer *text, size_t levels)
{
    assert_int_equal(buffer_print(text, "{\"target\":{\"scope\":\"all\"}"), STATUS_OK);
    for (size_t i = 0; i < levels; i++) {
        assert_int_equal(buffer_print(text, "%s\"tasks\":[", i == 0 ? "," : "{"), STATUS_OK);
    }
    assert_int_equal(buffer_print(text, "{\"backend\":\"ping\",\"action\":\"hostname\"}"),
                     STATUS_OK);
    for (size_t i = 0; i < levels; i++) {
        assert_int_equal(buffer_print(text, "]}"), STATUS_OK);
    }
}

static void thirty_two_levels_of_tasks_are_the_deepest(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer deep = {0};
    nested_text(&deep, PLAN_DEPTH_MAX);
    AUTO_PTR(spec_free) struct spec *spec = case_spec(buffer_text(&deep));
    assert_int_equal(spec->plan->item_count, PLAN_DEPTH_MAX);
    AUTO(buffer_done) struct buffer deeper = {0};
    nested_text(&deeper, PLAN_DEPTH_MAX + 1);
    struct problems problems = {0};
    struct spec *none = NULL;
    assert_int_equal(spec_parse(buffer_bytes(&deeper), &none, &problems), STATUS_MALFORMED);
    assert_non_null(
        strstr(problems.items[0].text, ": nested too deeply: more than 32 levels of tasks"));
}

static void a_title_is_one_line_of_bounded_length(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer text = {0};
    assert_int_equal(
        buffer_print(&text, "name: %0128d_\n%stasks: [%s]\n", 7, CASE_TARGET, CASE_PING),
        STATUS_OK);
    case_refused(buffer_text(&text), "f:1:7: name: must be one line of at most 128 bytes");
    case_refused(CASE_TARGET "tasks: [{name: \"a\\tb\", backend: ping, action: hostname}]\n",
                 "f:2:16: tasks[0].name: must be one line of at most 128 bytes");
}

static void checks_go_on_where_the_mapper_found_something(void **state)
{
    (void)state;
    case_refused("target: {scope: group}\ntimeout: 0s\ntasks:\n- backend: [x]\n  action: 'a b'\n"
                 "  params: 5\n- bakend: ping\n  action: echo\n- tasks: {}\n",
                 "f:1:9: target.value: scope group requires the name of a group\n"
                 "f:2:10: timeout: must be longer than 0; leave the key out for the preset\n"
                 "f:4:12: tasks[0].backend: must be text, not a list\n"
                 "f:5:11: tasks[0].action: \"a b\" is not a name: 1 to 64 of A-Z a-z 0-9 _ -\n"
                 "f:6:11: tasks[0].params: must be a mapping (name: value), not a whole number\n"
                 "f:7:3: tasks[1].bakend: unknown key; did you mean \"backend\"?\n"
                 "f:9:10: tasks[2].tasks: must be a list, not a mapping");
}

static void the_later_of_two_exclusive_keys_is_named(void **state)
{
    (void)state;
    case_refused(CASE_TARGET "tasks:\n- {backend: ping, action: hostname, retry: {max: 1}, "
                             "max_retries: 1}\n",
                 "f:3:54: tasks[0].max_retries: retry and max_retries exclude each other; keep one "
                 "of them");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_thousand_and_ninety_six_steps_are_the_most),
        cmocka_unit_test(thirty_two_levels_of_tasks_are_the_deepest),
        cmocka_unit_test(a_title_is_one_line_of_bounded_length),
        cmocka_unit_test(checks_go_on_where_the_mapper_found_something),
        cmocka_unit_test(the_later_of_two_exclusive_keys_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
