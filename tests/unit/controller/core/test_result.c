#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/result.h"
#include "play.h"

#define STEP(more)                                                                                 \
    "{target: {scope: all}, strategy: continue, tasks: [{backend: test, action: succeed" more "}]" \
    "}"

static struct event result(enum result_kind kind, const char *node, uint32_t step, uint32_t attempt,
                           uint64_t seq)
{
    struct event event = {.kind = EVENT_RESULT};
    event.result.kind = kind;
    event.result.node = node;
    event.result.step = step;
    event.result.attempt = attempt;
    event.result.seq = seq;
    event.result.outcome = (struct outcome){.state = ATTEMPT_SUCCEEDED, .code = "OK", .error = ""};
    return event;
}

static void nothing_changes(struct play *play, struct event event)
{
    uint64_t before = job_digest(engine_job(play->engine));
    play_step(play, event);
    assert_int_equal(play->status, STATUS_OK);
    assert_int_equal(play_count(play, EFFECT_APPEND), 0);
    assert_int_equal(job_digest(engine_job(play->engine)), before);
}

static void results_of_unknown_nodes_steps_and_attempts_are_ignored(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, STEP(""), 1);
    play_accept(&play);
    nothing_changes(&play, result(RESULT_END, "stranger", 0, 1, 1));
    nothing_changes(&play, result(RESULT_END, "n0", 1, 1, 1));
    nothing_changes(&play, result(RESULT_END, "n0", UINT32_MAX, 1, 1));
    nothing_changes(&play, result(RESULT_END, "n0", 0, 0, 1));
    nothing_changes(&play, result(RESULT_END, "n0", 0, 2, 1));
    nothing_changes(&play, result(RESULT_START, "n0", 0, 2, 1));
    nothing_changes(&play, result(RESULT_END, "n0", 0, 1, 0));
}

static void an_end_in_no_final_state_is_ignored(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, STEP(""), 1);
    play_accept(&play);
    for (enum attempt_state at = 0; at <= ATTEMPT_RUNNING; at++) {
        struct event event = result(RESULT_END, "n0", 0, 1, 1 + (uint64_t)at);
        event.result.outcome.state = at;
        nothing_changes(&play, event);
    }
}

static void a_start_is_told_once_and_not_logged(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, STEP(""), 1);
    play_accept(&play);
    play_step(&play, result(RESULT_START, "n0", 0, 1, 1));
    assert_int_equal(play_count(&play, EFFECT_TELL), 1);
    assert_int_equal(play_count(&play, EFFECT_APPEND), 0);
    assert_int_equal(row_state(job_row(engine_job(play.engine), 0, 0)), ATTEMPT_RUNNING);
    play_step(&play, result(RESULT_START, "n0", 0, 1, 1));
    assert_int_equal(play.effects.count, 0);
}

static void an_end_without_a_start_counts(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, STEP(""), 1);
    play_accept(&play);
    play_step(&play, result(RESULT_END, "n0", 0, 1, 2));
    play_accept(&play);
    assert_int_equal(engine_job(play.engine)->state, JOB_COMPLETED);
    nothing_changes(&play, result(RESULT_START, "n0", 0, 1, 1));
    nothing_changes(&play, result(RESULT_END, "n0", 0, 1, 3));
}

static void failed_and_timed_out_attempts_are_tried_again_and_no_others(void **state)
{
    (void)state;
    for (enum attempt_state end = ATTEMPT_SUCCEEDED; end < ATTEMPT_STATE_COUNT; end++) {
        AUTO(play_done) struct play play = {0};
        play_begin(&play, STEP(", max_retries: 1"), 1);
        play_accept(&play);
        play_ended(&play, 0, 0, end);
        play_accept(&play);
        bool again = end == ATTEMPT_FAILED || end == ATTEMPT_TIMED_OUT;
        assert_int_equal(job_row(engine_job(play.engine), 0, 0)->retrying, again);
        assert_int_equal(job_ended(engine_job(play.engine)), !again);
        assert_int_equal(engine_job(play.engine)->partial, !again && attempt_state_failed(end));
    }
}

static void retries_come_one_two_and_four_seconds_later(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, STEP(", max_retries: 3"), 1);
    play_accept(&play);
    for (uint64_t gap = 1000; gap <= 4000; gap *= 2) {
        uint64_t ended_ms = play.now_ms;
        play_ended(&play, 0, 0, ATTEMPT_FAILED);
        play_accept(&play);
        play_tick(&play);
        assert_int_equal(play.now_ms - ended_ms, gap);
        play_accept(&play);
        assert_int_equal(play_count(&play, EFFECT_DISPATCH), 1);
    }
    play_ended(&play, 0, 0, ATTEMPT_FAILED);
    play_accept(&play);
    assert_true(job_ended(engine_job(play.engine)));
    assert_int_equal(job_row(engine_job(play.engine), 0, 0)->attempts, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_of_unknown_nodes_steps_and_attempts_are_ignored),
        cmocka_unit_test(an_end_in_no_final_state_is_ignored),
        cmocka_unit_test(a_start_is_told_once_and_not_logged),
        cmocka_unit_test(an_end_without_a_start_counts),
        cmocka_unit_test(failed_and_timed_out_attempts_are_tried_again_and_no_others),
        cmocka_unit_test(retries_come_one_two_and_four_seconds_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
