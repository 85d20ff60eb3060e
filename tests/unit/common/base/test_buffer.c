#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/cleanup.h"

static void an_empty_buffer_reads_as_empty_text(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer buffer = {0};
    assert_string_equal(buffer_text(&buffer), "");
    assert_int_equal(buffer_bytes(&buffer).len, 0);
    buffer_clear(&buffer);
    assert_string_equal(buffer_text(&buffer), "");
}

static void appends_follow_each_other_and_end_in_nul(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer buffer = {0};
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(buffer_append(&buffer, bytes_of_text("0123456789")), STATUS_OK);
        assert_int_equal(buffer.data[buffer.len], '\0');
    }
    assert_int_equal(buffer.len, 10000);
    for (size_t i = 0; i < buffer.len; i++)
        assert_int_equal(buffer.data[i], '0' + (char)(i % 10));
}

static void bytes_with_a_nul_inside_are_kept(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer buffer = {0};
    assert_int_equal(buffer_append(&buffer, bytes_of("a\0b", 3)), STATUS_OK);
    assert_true(bytes_equal(buffer_bytes(&buffer), bytes_of("a\0b", 3)));
}

static void nothing_appended_changes_nothing(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer buffer = {0};
    assert_int_equal(buffer_append(&buffer, bytes_of(NULL, 0)), STATUS_OK);
    assert_string_equal(buffer_text(&buffer), "");
    assert_int_equal(buffer.len, 0);
}

static void printing_appends_formatted_text_of_any_length(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer buffer = {0};
    assert_int_equal(buffer_print(&buffer, "%s=%d", "a", 1), STATUS_OK);
    assert_int_equal(buffer_print(&buffer, ";%0500d", 7), STATUS_OK);
    assert_int_equal(buffer.len, 504);
    assert_memory_equal(buffer.data, "a=1;000", 7);
    assert_int_equal(buffer.data[503], '7');
}

static void clearing_keeps_the_memory(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer buffer = {0};
    assert_int_equal(buffer_print(&buffer, "%s", "hello"), STATUS_OK);
    size_t capacity = buffer.capacity;
    buffer_clear(&buffer);
    assert_string_equal(buffer_text(&buffer), "");
    assert_int_equal(buffer.capacity, capacity);
}

static void a_size_that_overflows_is_refused_and_nothing_changes(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer buffer = {0};
    assert_int_equal(buffer_print(&buffer, "%s", "hello"), STATUS_OK);
    assert_int_equal(buffer_reserve(&buffer, SIZE_MAX - 5), STATUS_NOMEM);
    assert_int_equal(buffer_reserve(&buffer, SIZE_MAX), STATUS_NOMEM);
    assert_string_equal(buffer_text(&buffer), "hello");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_reads_as_empty_text),
        cmocka_unit_test(appends_follow_each_other_and_end_in_nul),
        cmocka_unit_test(bytes_with_a_nul_inside_are_kept),
        cmocka_unit_test(nothing_appended_changes_nothing),
        cmocka_unit_test(printing_appends_formatted_text_of_any_length),
        cmocka_unit_test(clearing_keeps_the_memory),
        cmocka_unit_test(a_size_that_overflows_is_refused_and_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
