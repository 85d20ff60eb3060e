#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/name.h"

static void a_name_is_letters_digits_underscore_and_hyphen(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        uint8_t byte = (uint8_t)c;
        bool wanted = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-';
        assert_int_equal(name_valid(bytes_of(&byte, 1)), wanted);
    }
}

static void a_name_has_one_to_sixty_four_bytes(void **state)
{
    (void)state;
    char text[NAME_MAX_BYTES + 2];
    memset(text, 'n', sizeof text);
    assert_false(name_valid(bytes_of(NULL, 0)));
    assert_true(name_valid(bytes_of(text, 1)));
    assert_true(name_valid(bytes_of(text, NAME_MAX_BYTES)));
    assert_false(name_valid(bytes_of(text, NAME_MAX_BYTES + 1)));
}

static void a_nul_inside_is_refused(void **state)
{
    (void)state;
    assert_false(name_valid(bytes_of("a\0b", 3)));
    assert_false(name_valid(bytes_of("ab\0", 3)));
}

static void a_refused_name_leaves_the_old_one(void **state)
{
    (void)state;
    struct name name = {{0}};
    assert_true(name_set(&name, bytes_of_text("node-1")));
    assert_false(name_set(&name, bytes_of_text("node.2")));
    assert_string_equal(name.text, "node-1");
    assert_true(name_set(&name, bytes_of_text("n")));
    assert_string_equal(name.text, "n");
}

static void a_job_id_is_the_text_of_a_ulid_in_lower_case(void **state)
{
    (void)state;
    /* The ULID 01ARZ3NDEKTSV4RRFFQ69G5FAV, taken apart: its time and its ten random bytes. */
    const uint8_t chance[10] = {0xd6, 0x76, 0x4c, 0x61, 0xef, 0xb9, 0x93, 0x02, 0xbd, 0x5b};
    struct name id = name_job_id(1469922850259u, chance);
    assert_string_equal(id.text, "01arz3ndektsv4rrffq69g5fav");
    assert_int_equal(strlen(id.text), JOB_ID_BYTES);
}

static void later_job_ids_sort_behind_earlier_ones(void **state)
{
    (void)state;
    const uint8_t low[10] = {0};
    uint8_t high[10];
    memset(high, 0xff, sizeof high);
    for (uint64_t ms = 1; ms < (UINT64_C(1) << 47); ms *= 2) {
        struct name before = name_job_id(ms, high);
        struct name after = name_job_id(ms + 1, low);
        assert_true(strcmp(before.text, after.text) < 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_letters_digits_underscore_and_hyphen),
        cmocka_unit_test(a_name_has_one_to_sixty_four_bytes),
        cmocka_unit_test(a_nul_inside_is_refused),
        cmocka_unit_test(a_refused_name_leaves_the_old_one),
        cmocka_unit_test(a_job_id_is_the_text_of_a_ulid_in_lower_case),
        cmocka_unit_test(later_job_ids_sort_behind_earlier_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
