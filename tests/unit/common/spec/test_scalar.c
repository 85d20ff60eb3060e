#include "spec_cases.h"

#include "spec/scalar.h"

static enum scalar_kind kind_of(const char *text)
{
    return scalar_of_plain(bytes_of_text(text)).kind;
}

static void words_mean_what_the_core_schema_says(void **state)
{
    (void)state;
    static const char *const NULLS[] = {"", "~", "null", "Null", "NULL"};
    static const char *const BOOLS[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
    static const char *const TEXTS[] = {"yes",  "no",  "on",  "off",   "y",    "nULL", "tRue",
                                        "1:30", "1_0", "0b1", "1.2.3", "-",    "+",    ".",
                                        "e5",   "1e",  "0x",  "0o8",   "-0x1", "1 ",   "inf"};
    for (size_t i = 0; i < sizeof NULLS / sizeof NULLS[0]; i++) {
        assert_int_equal(kind_of(NULLS[i]), SCALAR_NULL);
    }
    for (size_t i = 0; i < sizeof BOOLS / sizeof BOOLS[0]; i++) {
        assert_int_equal(kind_of(BOOLS[i]), SCALAR_BOOL);
        assert_int_equal(scalar_of_plain(bytes_of_text(BOOLS[i])).truth, i < 3);
    }
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        assert_int_equal(kind_of(TEXTS[i]), SCALAR_TEXT);
    }
}

static void whole_numbers_come_in_three_bases(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } CASES[] = {{"0", 0},
                 {"-0", 0},
                 {"+7", 7},
                 {"-12", -12},
                 {"010", 10},
                 {"0o17", 15},
                 {"0xfF", 255},
                 {"9223372036854775807", INT64_MAX},
                 {"-9223372036854775808", INT64_MIN}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct scalar scalar = scalar_of_plain(bytes_of_text(CASES[i].text));
        assert_int_equal(scalar.kind, SCALAR_INT);
        assert_false(scalar.overflow);
        assert_true(scalar.integer == CASES[i].value);
    }
    assert_true(scalar_of_plain(bytes_of_text("9223372036854775808")).overflow);
    assert_true(scalar_of_plain(bytes_of_text("0xffffffffffffffffff")).overflow);
}

static void other_numbers_are_floats(void **state)
{
    (void)state;
    assert_true(scalar_of_plain(bytes_of_text("1.5")).real > 1.4);
    assert_int_equal(kind_of("1."), SCALAR_FLOAT);
    assert_int_equal(kind_of("-.5"), SCALAR_FLOAT);
    assert_int_equal(kind_of("1e3"), SCALAR_FLOAT);
    assert_int_equal(kind_of("1E-3"), SCALAR_FLOAT);
    assert_int_equal(kind_of("-.Inf"), SCALAR_FLOAT);
    assert_int_equal(kind_of(".nan"), SCALAR_FLOAT);
}

static void a_number_of_a_thousand_digits_is_text(void **state)
{
    (void)state;
    char digits[1000];
    memset(digits, '7', sizeof digits);
    assert_int_equal(scalar_of_plain(bytes_of(digits, sizeof digits)).kind, SCALAR_TEXT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_mean_what_the_core_schema_says),
        cmocka_unit_test(whole_numbers_come_in_three_bases),
        cmocka_unit_test(other_numbers_are_floats),
        cmocka_unit_test(a_number_of_a_thousand_digits_is_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
