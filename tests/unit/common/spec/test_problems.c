#include "spec_cases.h"

static void each_becomes_a_line_with_its_place(void **state)
{
    (void)state;
    struct problems problems = {0};
    problems_add(&problems, (struct doc_mark){3, 7}, "tasks[0]", "is %d too many", 1);
    problems_add(&problems, (struct doc_mark){4, 1}, "", "is empty");
    problems_add(&problems, (struct doc_mark){0}, "tasks", "has no place");
    case_problems_equal(&problems, "f:3:7: tasks[0]: is 1 too many\nf:4:1: is empty\n"
                                   "f: tasks: has no place");
}

static void they_are_sorted_by_place_and_equal_places_keep_their_order(void **state)
{
    (void)state;
    struct problems problems = {0};
    problems_add(&problems, (struct doc_mark){2, 1}, "", "c");
    problems_add(&problems, (struct doc_mark){1, 9}, "", "a");
    problems_add(&problems, (struct doc_mark){1, 9}, "", "b");
    problems_sort(&problems);
    case_problems_equal(&problems, "f:1:9: a\nf:1:9: b\nf:2:1: c");
}

static void the_twenty_first_is_only_counted(void **state)
{
    (void)state;
    struct problems problems = {0};
    for (uint32_t i = 0; i < PROBLEMS_MAX; i++) {
        assert_true(problems_open(&problems));
        problems_add(&problems, (struct doc_mark){1, 1}, "", "%u", i);
    }
    assert_false(problems.more);
    assert_false(problems_open(&problems));
    problems_add(&problems, (struct doc_mark){1, 1}, "", "another");
    assert_true(problems.more);
    assert_int_equal(problems.count, PROBLEMS_MAX);
}

static void a_long_path_leaves_room_for_the_message(void **state)
{
    (void)state;
    char path[4000];
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    struct problems problems = {0};
    problems_add(&problems, (struct doc_mark){1, 1}, path, "the message");
    assert_non_null(strstr(problems.items[0].text, "p: the message"));
    problems_add(&problems, (struct doc_mark){1, 1}, "", "%s", path);
    assert_int_equal(strlen(problems.items[1].text), PROBLEM_TEXT_MAX - 1);
}

static void quoted_text_is_cut_between_characters_and_masked(void **state)
{
    (void)state;
    assert_string_equal(quoted_of(bytes_of_text("a\tb\n")).text, "\"a?b?\"");
    assert_string_equal(quoted_of(bytes_of(NULL, 0)).text, "\"\"");
    char text[300];
    memset(text, 'x', sizeof text);
    static const char SMILE[4] = {'\xf0', '\x9f', '\x98', '\x80'};
    memcpy(text + 62, SMILE, sizeof SMILE);
    struct quoted quoted = quoted_of(bytes_of(text, sizeof text));
    assert_int_equal(strlen(quoted.text), 1 + 62 + 4);
    assert_string_equal(quoted.text + 62, "x...\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_becomes_a_line_with_its_place),
        cmocka_unit_test(they_are_sorted_by_place_and_equal_places_keep_their_order),
        cmocka_unit_test(the_twenty_first_is_only_counted),
        cmocka_unit_test(a_long_path_leaves_room_for_the_message),
        cmocka_unit_test(quoted_text_is_cut_between_characters_and_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
