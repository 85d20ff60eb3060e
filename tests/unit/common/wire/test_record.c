#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "wire/record.h"

static void every_state_of_an_attempt_has_its_own_text(void **state)
{
    (void)state;
    for (enum attempt_state a = 0; a < ATTEMPT_STATE_COUNT; a++) {
        assert_true(attempt_state_text(a)[0] != '\0');
        for (enum attempt_state b = 0; b < a; b++)
            assert_string_not_equal(attempt_state_text(a), attempt_state_text(b));
    }
}

static void every_state_of_a_job_has_its_own_text(void **state)
{
    (void)state;
    for (enum job_state a = 0; a < JOB_STATE_COUNT; a++) {
        assert_true(job_state_text(a)[0] != '\0');
        for (enum job_state b = 0; b < a; b++)
            assert_string_not_equal(job_state_text(a), job_state_text(b));
    }
}

static void ended_and_failed_are_what_the_job_spec_says(void **state)
{
    (void)state;
    static const char *const ended = "succeeded failed timed_out cancelled lost unknown skipped";
    static const char *const failed = "failed timed_out lost unknown";
    for (enum attempt_state at = 0; at < ATTEMPT_STATE_COUNT; at++) {
        const char *text = attempt_state_text(at);
        assert_int_equal(attempt_state_ended(at), strstr(ended, text) != NULL);
        assert_int_equal(attempt_state_failed(at), strstr(failed, text) != NULL);
    }
    assert_false(attempt_state_ended(ATTEMPT_STATE_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_of_an_attempt_has_its_own_text),
        cmocka_unit_test(every_state_of_a_job_has_its_own_text),
        cmocka_unit_test(ended_and_failed_are_what_the_job_spec_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
