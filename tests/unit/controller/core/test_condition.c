#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/condition.h"
#include "play.h"

/* Item 0 a step; then one step for each condition; then a pipeline of each kind with these steps.
 */
#define STEPS                                                                                      \
    "{backend: test, action: succeed},"                                                            \
    "{backend: test, action: succeed, condition: always},"                                         \
    "{backend: test, action: succeed, condition: on_success},"                                     \
    "{backend: test, action: succeed, condition: on_failure}"
#define SPEC(strategy)                                                                             \
    "{target: {scope: all}, strategy: " strategy ", tasks: [" STEPS ", {tasks: [" STEPS            \
    "]}, {condition: always, tasks: [" STEPS "]}, {condition: on_failure, tasks: [" STEPS "]}]}"

enum { UNSET = 0, ALWAYS = 1, ON_SUCCESS = 2, ON_FAILURE = 3 };
enum { PLAIN_BRANCH = 4, ALWAYS_BRANCH = 9, ON_FAILURE_BRANCH = 14 };

/* N: runs; C: its condition does not hold; S: stopped; X: the node is excluded. */
static const char REASONS[] = {
    [SKIP_NONE] = 'N', [SKIP_CONDITION] = 'C', [SKIP_STOPPED] = 'S', [SKIP_EXCLUDED] = 'X'};

static void judged(const struct job *job, uint32_t first, const char *expected)
{
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(REASONS[condition_judge(job, 0, first + i)], expected[i]);
}

static struct job *a_job(struct play *play, const char *spec, enum stop_reason stop, bool failed)
{
    struct job *job = play_job(play, spec, 1);
    job->stop = stop;
    job->nodes[0].failed = failed;
    return job;
}

static void at_top_level_what_counts_under_fail_fast_is_whether_the_job_stopped(void **state)
{
    (void)state;
    static const struct {
        enum stop_reason stop;
        const char *expected; /* unset, always, on_success, on_failure */
    } table[] = {
        {STOP_NONE, "NNNC"}, {STOP_FAILURE, "SNCN"}, {STOP_TIMEOUT, "SNSS"}, {STOP_CANCEL, "SNSS"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        AUTO(play_done) struct play play = {0};
        struct job *job = a_job(&play, SPEC("fail-fast"), table[i].stop, false);
        judged(job, 0, table[i].expected);
        judged(job, PLAIN_BRANCH + 1, table[i].expected);
        job_free(job);
    }
}

static void under_continue_what_counts_is_whether_the_node_failed(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = a_job(&play, SPEC("continue"), STOP_NONE, true);
    judged(job, 0, "XNCN");
    judged(job, PLAIN_BRANCH + 1, "XNCN");
    job->nodes[0].failed = false;
    judged(job, 0, "NNNC");
    job->nodes[0].failed = true;
    job->stop = STOP_CANCEL;
    judged(job, 0, "SNSS");
    job_free(job);
}

static void branches_are_judged_like_steps(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = a_job(&play, SPEC("fail-fast"), STOP_FAILURE, true);
    assert_int_equal(condition_judge(job, 0, PLAIN_BRANCH), SKIP_STOPPED);
    assert_int_equal(condition_judge(job, 0, ALWAYS_BRANCH), SKIP_NONE);
    assert_int_equal(condition_judge(job, 0, ON_FAILURE_BRANCH), SKIP_NONE);
    job->stop = STOP_CANCEL;
    assert_int_equal(condition_judge(job, 0, ALWAYS_BRANCH), SKIP_NONE);
    assert_int_equal(condition_judge(job, 0, ON_FAILURE_BRANCH), SKIP_STOPPED);
    job_free(job);
}

static void inside_a_shield_only_what_failed_in_there_counts(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = a_job(&play, SPEC("fail-fast"), STOP_FAILURE, true);
    judged(job, ALWAYS_BRANCH + 1, "NNNC");
    judged(job, ON_FAILURE_BRANCH + 1, "NNNC");
    job->nodes[0].failed_inside = 1;
    judged(job, ALWAYS_BRANCH + 1, "CNCN");
    judged(job, ON_FAILURE_BRANCH + 1, "CNCN");
    job_free(job);
}

static void after_a_cancel_an_always_branch_goes_on_and_an_on_failure_branch_does_not(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = a_job(&play, SPEC("fail-fast"), STOP_CANCEL, true);
    judged(job, ALWAYS_BRANCH + 1, "NNNC");
    judged(job, ON_FAILURE_BRANCH + 1, "SNSS");
    job->stop = STOP_TIMEOUT;
    judged(job, ALWAYS_BRANCH + 1, "NNNC");
    judged(job, ON_FAILURE_BRANCH + 1, "SNSS");
    job_free(job);
}

static void the_deepest_spec_allowed_can_be_judged_and_walked(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    AUTO(buffer_done) struct buffer spec = {0};
    assert_int_equal(buffer_print(&spec, "{target: {scope: all}, tasks: ["), STATUS_OK);
    for (int i = 1; i < PLAN_DEPTH_MAX; i++)
        assert_int_equal(buffer_print(&spec, "{condition: always, tasks: ["), STATUS_OK);
    assert_int_equal(buffer_print(&spec, "{backend: test, action: succeed}"), STATUS_OK);
    for (int i = 1; i < PLAN_DEPTH_MAX; i++)
        assert_int_equal(buffer_print(&spec, "]}"), STATUS_OK);
    assert_int_equal(buffer_print(&spec, "]}"), STATUS_OK);
    play_begin(&play, buffer_text(&spec), 1);
    const struct plan *plan = engine_job(play.engine)->plan;
    assert_int_equal(condition_depth(plan, plan->item_count - 1), PLAN_DEPTH_MAX - 1);
    play_accept(&play);
    play_ended(&play, 0, 0, ATTEMPT_FAILED);
    play_accept(&play);
    assert_int_equal(engine_job(play.engine)->state, JOB_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_top_level_what_counts_under_fail_fast_is_whether_the_job_stopped),
        cmocka_unit_test(under_continue_what_counts_is_whether_the_node_failed),
        cmocka_unit_test(branches_are_judged_like_steps),
        cmocka_unit_test(inside_a_shield_only_what_failed_in_there_counts),
        cmocka_unit_test(after_a_cancel_an_always_branch_goes_on_and_an_on_failure_branch_does_not),
        cmocka_unit_test(the_deepest_spec_allowed_can_be_judged_and_walked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
