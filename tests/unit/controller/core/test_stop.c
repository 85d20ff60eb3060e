#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/limits.h"
#include "core/stop.h"
#include "play.h"

#define TWO_STEPS                                                                                  \
    "{target: {scope: all}, timeout: 5s, tasks: [{backend: test, action: succeed},"                \
    "{backend: test, action: succeed}]}"

static struct event cancel(uint64_t seq, const char *by, const char *reason)
{
    struct event event = {.kind = EVENT_CANCEL};
    event.cancel.seq = seq;
    event.cancel.by = by;
    event.cancel.reason = reason;
    return event;
}

static void a_cancel_says_who_and_why(void **state)
{
    (void)state;
    static const char *const table[][3] = {
        {"", "", "cancelled"},
        {"ops", "", "cancelled by ops"},
        {"", "fire", "cancelled: fire"},
        {"ops", "fire", "cancelled by ops: fire"},
    };
    for (size_t i = 0; i < 4; i++) {
        AUTO(play_done) struct play play = {0};
        play_begin(&play, TWO_STEPS, 1);
        play_step(&play, cancel(1, table[i][0], table[i][1]));
        assert_string_equal(engine_job(play.engine)->stop_text, table[i][2]);
    }
}

static void a_second_cancel_and_an_old_one_change_nothing(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, TWO_STEPS, 1);
    play_accept(&play);
    play_step(&play, cancel(5, "ops", ""));
    play_accept(&play);
    play_step(&play, cancel(5, "ops", ""));
    assert_int_equal(play_count(&play, EFFECT_APPEND), 0);
    play_step(&play, cancel(6, "eve", ""));
    assert_int_equal(play_count(&play, EFFECT_APPEND), 0);
    assert_string_equal(engine_job(play.engine)->stop_text, "cancelled by ops");
}

static void a_long_reason_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        AUTO(play_done) struct play play = {0};
        char reason[1024] = "";
        size_t at = shift;
        memset(reason, 'x', shift);
        for (; at + 4 < sizeof reason; at += 3)
            memcpy(reason + at, "\xe2\x82\xac", 3);
        play_begin(&play, TWO_STEPS, 1);
        play_step(&play, cancel(1, "", reason));
        const char *text = engine_job(play.engine)->stop_text;
        size_t len = strlen(text);
        assert_in_range(len, STOP_TEXT_MAX - 5, STOP_TEXT_MAX - 1);
        assert_memory_equal(text + len - 3, "\xe2\x82\xac", 3);
    }
}

static void the_first_failure_stops_the_job_and_the_second_does_not_again(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, TWO_STEPS, 2);
    play_accept(&play);
    play_ended(&play, 0, 1, ATTEMPT_FAILED);
    play_accept(&play);
    play_ended(&play, 0, 0, ATTEMPT_FAILED);
    play_accept(&play);
    assert_non_null(
        strstr(engine_job(play.engine)->stop_text, "step 0 (test succeed) failed on n1"));
    assert_int_equal(engine_job(play.engine)->state, JOB_FAILED);
}

static void the_timeout_takes_precedence_over_a_failure_and_a_cancel_over_both(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, TWO_STEPS, 2);
    play_accept(&play);
    play_started(&play, 0, 0);
    play_ended(&play, 0, 1, ATTEMPT_FAILED);
    play_accept(&play);
    assert_int_equal(engine_job(play.engine)->stop, STOP_FAILURE);
    play_tick(&play);
    play_accept(&play);
    assert_int_equal(play.now_ms, 5000);
    assert_int_equal(engine_job(play.engine)->stop, STOP_TIMEOUT);
    play_step(&play, cancel(play.seq + 1, "ops", ""));
    play_accept(&play);
    assert_int_equal(engine_job(play.engine)->stop, STOP_CANCEL);
    assert_int_equal(engine_job(play.engine)->state, JOB_CANCELLING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancel_says_who_and_why),
        cmocka_unit_test(a_second_cancel_and_an_old_one_change_nothing),
        cmocka_unit_test(a_long_reason_is_cut_between_characters),
        cmocka_unit_test(the_first_failure_stops_the_job_and_the_second_does_not_again),
        cmocka_unit_test(the_timeout_takes_precedence_over_a_failure_and_a_cancel_over_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
