#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/status.h"

static void every_status_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a < STATUS_COUNT; a++) {
        assert_true(strlen(status_text((enum status)a)) > 0);
        for (int b = 0; b < a; b++)
            assert_string_not_equal(status_text((enum status)a), status_text((enum status)b));
    }
}

static void an_error_carries_status_text_and_place(void **state)
{
    (void)state;
    struct error err = {0};
    enum status status = ERROR(&err, STATUS_LIMIT, "%d of %s", 33, "32");
    assert_int_equal(status, STATUS_LIMIT);
    assert_int_equal(err.status, STATUS_LIMIT);
    assert_string_equal(err.text, "33 of 32");
    assert_non_null(strstr(err.where, "test_status.c:"));
}

static void a_caller_may_decline_the_text(void **state)
{
    (void)state;
    assert_int_equal(ERROR(NULL, STATUS_IO, "unread"), STATUS_IO);
}

static void a_long_text_is_cut_at_the_limit(void **state)
{
    (void)state;
    struct error err = {0};
    (void)ERROR(&err, STATUS_MALFORMED, "%01000d", 1);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_text_of_its_own),
        cmocka_unit_test(an_error_carries_status_text_and_place),
        cmocka_unit_test(a_caller_may_decline_the_text),
        cmocka_unit_test(a_long_text_is_cut_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
