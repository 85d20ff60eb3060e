#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "play.h"

#define ONE_STEP "{target: {scope: all}, tasks: [{backend: test, action: succeed}]}"

/* Rows: from; columns: to, in the order of the enum. */
static const char *const legal[JOB_STATE_COUNT] = {
    /*                  PRCcfx */
    [JOB_PENDING] = ".xxxxx",   [JOB_RUNNING] = "..xxx.", [JOB_CANCELLING] = ".....x",
    [JOB_COMPLETED] = "......", [JOB_FAILED] = "......",  [JOB_CANCELLED] = "......",
};

static void every_pair_of_states_is_legal_or_not_as_the_table_says(void **state)
{
    (void)state;
    for (enum job_state from = 0; from < JOB_STATE_COUNT; from++) {
        struct job job = {.state = from};
        assert_int_equal(job_ended(&job), strchr(legal[from], 'x') == NULL);
        for (enum job_state to = 0; to < JOB_STATE_COUNT; to++) {
            assert_int_equal(job_may_move(from, to), legal[from][to] == 'x');
            job.state = from;
            if (!job_may_move(from, to))
                continue;
            job_move(&job, to);
            assert_int_equal(job.state, to);
        }
    }
}

static void every_node_is_found_by_its_name_and_no_other_name_is(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, ONE_STEP, 1234);
    for (uint32_t i = 0; i < job->node_count; i++)
        assert_int_equal(job_find_node(job, play.names[i]), i);
    static const char *const others[] = {"", "n", "n1234", "n01", "m1", "o", "n1 "};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(job_find_node(job, others[i]), PLAN_NONE);
    job_free(job);
}

static void a_node_is_looked_at_once_however_often_it_is_marked(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, ONE_STEP, 3);
    uint32_t node = 99;
    for (int i = 0; i < 10; i++)
        job_mark_dirty(job, 1); /* a new job's nodes are all marked, in their order */
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(job_next_dirty(job, &node));
        assert_int_equal(node, i);
    }
    assert_false(job_next_dirty(job, &node));
    job_mark_dirty(job, 1); /* its mark stays until the walk takes it away */
    assert_false(job_next_dirty(job, &node));
    job->nodes[1].dirty = false;
    job_mark_dirty(job, 1);
    assert_true(job_next_dirty(job, &node));
    assert_int_equal(node, 1);
    job_free(job);
}

static void the_digest_sees_what_is_folded_and_not_what_only_the_owner_knows(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, ONE_STEP, 2);
    fold_scheduled(job, 0, 0, 1, 5);
    uint64_t before = job_digest(job);
    job->nodes[1].silent = true;
    job->nodes[0].seen_seq = 7;
    row_move(job_row(job, 0, 0), ATTEMPT_RUNNING);
    assert_int_equal(job_digest(job), before);
    fold_scheduled(job, 0, 1, 1, 6);
    assert_int_not_equal(job_digest(job), before);
    job_free(job);
}

static void freeing_no_job_is_fine(void **state)
{
    (void)state;
    job_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_states_is_legal_or_not_as_the_table_says),
        cmocka_unit_test(every_node_is_found_by_its_name_and_no_other_name_is),
        cmocka_unit_test(a_node_is_looked_at_once_however_often_it_is_marked),
        cmocka_unit_test(the_digest_sees_what_is_folded_and_not_what_only_the_owner_knows),
        cmocka_unit_test(freeing_no_job_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
