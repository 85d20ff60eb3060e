#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sys/clock.h"

static void times_are_written_in_utc_with_milliseconds(void **state)
{
    (void)state;
    assert_string_equal(clock_rfc3339(0).text, "1970-01-01T00:00:00.000Z");
    assert_string_equal(clock_rfc3339(1767225600007).text, "2026-01-01T00:00:00.007Z");
    assert_string_equal(clock_rfc3339(1709164800999).text, "2024-02-29T00:00:00.999Z");
}

static void times_before_1970_round_down(void **state)
{
    (void)state;
    assert_string_equal(clock_rfc3339(-1).text, "1969-12-31T23:59:59.999Z");
    assert_string_equal(clock_rfc3339(-1000).text, "1969-12-31T23:59:59.000Z");
}

static void a_time_beyond_all_calendars_is_still_a_text(void **state)
{
    (void)state;
    assert_non_null(strstr(clock_rfc3339(INT64_MAX).text, "T07:12:55.807Z"));
    assert_non_null(strstr(clock_rfc3339(INT64_MIN).text, "Z"));
}

static void the_monotonic_clock_does_not_go_back(void **state)
{
    (void)state;
    struct instant before = clock_now();
    assert_true(instant_reached(clock_now(), before));
    assert_true(clock_unix_ms() > 1700000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_in_utc_with_milliseconds),
        cmocka_unit_test(times_before_1970_round_down),
        cmocka_unit_test(a_time_beyond_all_calendars_is_still_a_text),
        cmocka_unit_test(the_monotonic_clock_does_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
