#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/finish.h"
#include "play.h"

#define SPEC(strategy)                                                                             \
    "{target: {scope: all}, strategy: " strategy ", tasks: [{backend: test, action: succeed}]}"

static const struct job *played(struct play *play, const char *spec, enum attempt_state first)
{
    play_begin(play, spec, 2);
    play_accept(play);
    play_ended(play, 0, 0, first);
    play_accept(play);
    assert_false(job_ended(engine_job(play->engine)));
    play_ended(play, 0, 1, ATTEMPT_SUCCEEDED);
    play_accept(play);
    assert_int_equal(play_count(play, EFFECT_DONE), 1);
    return engine_job(play->engine);
}

static void a_job_without_failures_is_completed_once_every_node_is_through(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    const struct job *job = played(&play, SPEC("fail-fast"), ATTEMPT_SUCCEEDED);
    assert_int_equal(job->state, JOB_COMPLETED);
    assert_false(job->partial);
    assert_null(engine_summary(play.engine)->error);
}

static void under_continue_failed_nodes_make_it_partial(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    const struct job *job = played(&play, SPEC("continue"), ATTEMPT_FAILED);
    assert_int_equal(job->state, JOB_COMPLETED);
    assert_true(job->partial);
}

static void under_fail_fast_it_has_failed_and_says_where(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    const struct job *job = played(&play, SPEC("fail-fast"), ATTEMPT_TIMED_OUT);
    assert_int_equal(job->state, JOB_FAILED);
    assert_non_null(strstr(engine_summary(play.engine)->error, "timed_out on n0"));
}

static void a_cancelled_job_ends_cancelled_even_if_everything_succeeded(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, SPEC("fail-fast"), 1);
    play_accept(&play);
    struct event event = {.kind = EVENT_CANCEL};
    event.cancel.seq = ++play.seq;
    event.cancel.by = "ops";
    event.cancel.reason = "";
    play_step(&play, event);
    play_accept(&play);
    play_ended(&play, 0, 0, ATTEMPT_SUCCEEDED);
    play_accept(&play);
    assert_int_equal(engine_job(play.engine)->state, JOB_CANCELLED);
    assert_string_equal(engine_summary(play.engine)->error, "cancelled by ops");
}

static void a_job_for_nobody_is_completed_at_once(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, SPEC("fail-fast"), 0);
    play_accept(&play);
    assert_int_equal(engine_job(play.engine)->state, JOB_COMPLETED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_without_failures_is_completed_once_every_node_is_through),
        cmocka_unit_test(under_continue_failed_nodes_make_it_partial),
        cmocka_unit_test(under_fail_fast_it_has_failed_and_says_where),
        cmocka_unit_test(a_cancelled_job_ends_cancelled_even_if_everything_succeeded),
        cmocka_unit_test(a_job_for_nobody_is_completed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
