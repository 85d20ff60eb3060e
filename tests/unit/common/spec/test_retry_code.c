#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spec/retry_code.h"

static void codes_and_exit_codes_are_names_of_ends(void **state)
{
    (void)state;
    static const char *const good[] = {"EXIT", "TIMEOUT", "INTERNAL", "1", "75", "255"};
    static const char *const bad[] = {"",        "OK", "CANCELLED", "LOST", "UNKNOWN",
                                      "timeout", "0",  "01",        "256",  "1000",
                                      "-1",      "1x", "x1",        "+1",   "EXI"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(retry_code_valid(bytes_of_text(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(retry_code_valid(bytes_of_text(bad[i])));
    for (size_t i = 0; retry_code_at(i) != NULL; i++)
        assert_true(retry_code_valid(bytes_of_text(retry_code_at(i))));
}

static void an_end_is_named_by_its_code_or_its_exit_code(void **state)
{
    (void)state;
    static const char *const on[] = {"TIMEOUT", "75"};
    assert_true(retry_code_named(on, 2, "TIMEOUT", false, 0));
    assert_true(retry_code_named(on, 2, "EXIT", true, 75));
    assert_false(retry_code_named(on, 2, "EXIT", true, 7));
    assert_false(retry_code_named(on, 2, "SIGNAL", false, 75));
    assert_true(retry_code_named(NULL, 0, "EXIT", true, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_and_exit_codes_are_names_of_ends),
        cmocka_unit_test(an_end_is_named_by_its_code_or_its_exit_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
