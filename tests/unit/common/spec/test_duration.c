#include "spec_cases.h"

#include "spec/duration.h"

static uint64_t ms_of(const char *text)
{
    struct duration duration = {0};
    return duration_parse(bytes_of_text(text), &duration) ? duration_to_ms(duration) : UINT64_MAX;
}

static void numbers_with_units_add_up(void **state)
{
    (void)state;
    assert_int_equal(ms_of("500ms"), 500);
    assert_int_equal(ms_of("90s"), 90000);
    assert_int_equal(ms_of("5m"), 300000);
    assert_int_equal(ms_of("1h30m"), 5400000);
    assert_int_equal(ms_of("1d2h3m4s5ms"), 93784005);
    assert_int_equal(ms_of("0s"), 0);
    assert_int_equal(ms_of("007s"), 7000);
    assert_int_equal(ms_of("365d"), 31536000000);
}

static void anything_else_is_no_duration(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "",
        "5",
        "s",
        "5 s",
        " 5s",
        "5s ",
        "-5s",
        "+5s",
        "1.5s",
        "5x",
        "5S",
        "1s2",
        "5m1h",
        "5s5s",
        "5ms5s",
        "s5",
        "5sm",
        "366d",
        "8761h",
        "364d999999999999s",
        "99999999999999999999s",
        "5\xc2\xb5s",
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        if (ms_of(TEXTS[i]) != UINT64_MAX) {
            fail_msg("\"%s\" was taken for a duration", TEXTS[i]);
        }
    }
}

static void what_is_printed_reads_as_the_same(void **state)
{
    (void)state;
    static const uint64_t VALUES_MS[] = {0,     1,     999,     1000,     1001,       59999,
                                         60000, 90000, 5400000, 86399999, 31536000000};
    for (size_t i = 0; i < sizeof VALUES_MS / sizeof VALUES_MS[0]; i++) {
        char text[DURATION_TEXT_MAX];
        duration_print(duration_ms(VALUES_MS[i]), text);
        assert_int_equal(ms_of(text), VALUES_MS[i]);
    }
    char text[DURATION_TEXT_MAX];
    duration_print(duration_ms(5400000), text);
    assert_string_equal(text, "1h30m");
    duration_print((struct duration){UINT64_MAX}, text);
    assert_true(strlen(text) < DURATION_TEXT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_with_units_add_up),
        cmocka_unit_test(anything_else_is_no_duration),
        cmocka_unit_test(what_is_printed_reads_as_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
