#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/once.h"
#include "play.h"

#define LEAF(more) "{backend: test, action: succeed" more "}"
#define ONCE "{target: {scope: all}, tasks: [" LEAF(", run_once: true") ", " LEAF("") "]}"

enum { WIDE = 10000 };

static void without_run_once_every_node_runs(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, ONCE, 2);
    assert_int_equal(once_judge(job, 0, 1), ONCE_RUN);
    assert_int_equal(once_judge(job, 1, 1), ONCE_RUN);
    job_free(job);
}

static void who_leaves_it_out_passes_the_turn_on(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, ONCE, 3);
    assert_int_equal(once_judge(job, 0, 0), ONCE_RUN);
    assert_int_equal(once_judge(job, 1, 0), ONCE_WAIT);
    fold_skipped(job, 0, 1); /* out of turn: nothing changes */
    assert_int_equal(once_judge(job, 0, 0), ONCE_RUN);
    assert_int_equal(once_judge(job, 2, 0), ONCE_WAIT);
    fold_skipped(job, 0, 0);
    assert_int_equal(once_judge(job, 2, 0), ONCE_RUN);
    job_check(job);
    job_free(job);
}

static void once_it_runs_all_others_leave_it_out(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, ONCE, 3);
    fold_scheduled(job, 0, 0, 1, 0);
    assert_int_equal(once_judge(job, 1, 0), ONCE_LEAVE);
    assert_int_equal(once_judge(job, 2, 0), ONCE_LEAVE);
    job_check(job);
    job_free(job);
}

static void one_order_goes_out_and_everybody_goes_on_when_it_has_ended(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, ONCE, WIDE);
    play_accept(&play);
    assert_int_equal(play_count(&play, EFFECT_DISPATCH), 1);
    play_ended(&play, 0, 0, ATTEMPT_SUCCEEDED);
    play_accept(&play);
    assert_int_equal(play_count(&play, EFFECT_DISPATCH), WIDE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_run_once_every_node_runs),
        cmocka_unit_test(who_leaves_it_out_passes_the_turn_on),
        cmocka_unit_test(once_it_runs_all_others_leave_it_out),
        cmocka_unit_test(one_order_goes_out_and_everybody_goes_on_when_it_has_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
