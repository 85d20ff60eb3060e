#include "spec_cases.h"

#include "spec/path.h"

static void keys_and_indexes_make_a_readable_way(void **state)
{
    (void)state;
    struct path path = {0};
    (void)path_enter_key(&path, bytes_of_text("tasks"));
    (void)path_enter_index(&path, 1);
    (void)path_enter_key(&path, bytes_of_text("tasks"));
    size_t back = path_enter_index(&path, 0);
    (void)path_enter_key(&path, bytes_of_text("timeout"));
    assert_string_equal(path.text, "tasks[1].tasks[0].timeout");
    path_back(&path, back);
    assert_string_equal(path.text, "tasks[1].tasks");
}

static void a_way_too_long_is_cut_and_comes_back(void **state)
{
    (void)state;
    struct path path = {0};
    size_t backs[1000];
    for (size_t i = 0; i < 1000; i++) {
        backs[i] = path_enter_index(&path, (uint32_t)i);
    }
    assert_int_equal(strlen(path.text), PATH_TEXT_MAX - 1);
    for (size_t i = 1000; i > 0; i--) {
        path_back(&path, backs[i - 1]);
    }
    assert_string_equal(path.text, "");
}

static void an_absurd_key_is_cut_between_characters_and_masked(void **state)
{
    (void)state;
    struct path path = {0};
    char key[200];
    memset(key, 'k', sizeof key);
    key[63] = '\xc3';
    key[64] = '\xa9';
    key[1] = '\n';
    (void)path_enter_key(&path, bytes_of(key, sizeof key));
    assert_int_equal(path.len, 63 + 3);
    assert_int_equal(path.text[1], '?');
    assert_string_equal(path.text + 62, "k...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_indexes_make_a_readable_way),
        cmocka_unit_test(a_way_too_long_is_cut_and_comes_back),
        cmocka_unit_test(an_absurd_key_is_cut_between_characters_and_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
