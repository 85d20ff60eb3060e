#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/utf8.h"

static size_t utf8_test(const char *text)
{
    return utf8_character((const uint8_t *)text, strlen(text));
}

static void every_code_point_is_one_character_and_surrogates_are_none(void **state)
{
    (void)state;
    for (uint32_t point = 0x80; point < 0x110000; point++) {
        uint8_t data[4];
        size_t size = 0;
        if (point < 0x800) {
            data[size++] = (uint8_t)(0xc0 | point >> 6);
        } else {
            if (point < 0x10000) {
                data[size++] = (uint8_t)(0xe0 | point >> 12);
            } else {
                data[size++] = (uint8_t)(0xf0 | point >> 18);
                data[size++] = (uint8_t)(0x80 | (point >> 12 & 0x3f));
            }
            data[size++] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
        }
        data[size++] = (uint8_t)(0x80 | (point & 0x3f));
        bool surrogate = point >= 0xd800 && point <= 0xdfff;
        if (utf8_character(data, size) != (surrogate ? 0 : size))
            fail_msg("U+%04X", point);
        if (utf8_character(data, size - 1) != 0)
            fail_msg("U+%04X, cut", point);
    }
}

static void ascii_is_one_byte_nul_included(void **state)
{
    (void)state;
    for (int c = 0; c < 0x80; c++) {
        uint8_t byte = (uint8_t)c;
        assert_int_equal(utf8_character(&byte, 1), 1);
    }
}

static void what_is_no_utf8_is_refused(void **state)
{
    (void)state;
    assert_int_equal(utf8_test("\x80"), 0);             /* a continuation alone */
    assert_int_equal(utf8_test("\xc0\x80"), 0);         /* overlong NUL */
    assert_int_equal(utf8_test("\xc1\xbf"), 0);         /* overlong */
    assert_int_equal(utf8_test("\xe0\x9f\xbf"), 0);     /* overlong */
    assert_int_equal(utf8_test("\xf0\x8f\xbf\xbf"), 0); /* overlong */
    assert_int_equal(utf8_test("\xf4\x90\x80\x80"), 0); /* beyond U+10FFFF */
    assert_int_equal(utf8_test("\xf5\x80\x80\x80"), 0);
    assert_int_equal(utf8_test("\xff"), 0);
    assert_int_equal(utf8_test("\xe2\x28\xa1"), 0); /* no continuation in the middle */
}

static void bytes_that_are_no_characters_are_replaced_one_by_one(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer out = {0};
    assert_int_equal(utf8_append(&out, bytes_of("a\xff\xfe"
                                                "b\xc3\xa4\xe2\x82",
                                                8)),
                     STATUS_OK);
    assert_string_equal(buffer_text(&out), "a\xEF\xBF\xBD\xEF\xBF\xBD"
                                           "b\xc3\xa4\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void good_text_is_appended_as_it_is(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer out = {0};
    assert_int_equal(utf8_append(&out, bytes_of_text("gr\xc3\xbc\xc3\x9f dich")), STATUS_OK);
    assert_string_equal(buffer_text(&out), "gr\xc3\xbc\xc3\x9f dich");
    assert_int_equal(utf8_append(&out, bytes_of(NULL, 0)), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_one_character_and_surrogates_are_none),
        cmocka_unit_test(ascii_is_one_byte_nul_included),
        cmocka_unit_test(what_is_no_utf8_is_refused),
        cmocka_unit_test(bytes_that_are_no_characters_are_replaced_one_by_one),
        cmocka_unit_test(good_text_is_appended_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
