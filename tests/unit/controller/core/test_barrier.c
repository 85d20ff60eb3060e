#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "core/barrier.h"
#include "core/limits.h"
#include "play.h"

CLEANUP_FREE(struct job, job_free)

#define LEAF(more) "{backend: test, action: succeed" more "}"
#define TWO(sync) "{target: {scope: all}, tasks: [" LEAF(", sync: " sync) ", " LEAF("") "]}"

static const char *const groups_a[] = {"a"};
static const char *const groups_ab[] = {"a", "b", "a"};
static const char *const groups_b[] = {"b"};
static const char *const groups_own[] = {"own"};

static const struct expected_node some[] = {{"n0", groups_a, 1},
                                            {"n1", groups_ab, 3},
                                            {"n2", groups_b, 1},
                                            {"n3", NULL, 0},
                                            {"n4", groups_own, 1}};
enum { SOME = 5 };

static struct job *job_of(const char *yaml)
{
    struct entry created = {.kind = ENTRY_CREATED};
    created.created.id = "01job";
    created.created.refusal = created.created.spec_sha256 = "";
    created.created.expected = some;
    created.created.expected_count = SOME;
    struct job *job = NULL;
    assert_int_equal(fold_created(&created, play_plan(yaml), &job, NULL), STATUS_OK);
    return job;
}

static void come_past(struct job *job, uint32_t step, uint32_t node)
{
    fold_skipped(job, step, node);
    job_check(job);
}

/* One letter for each node: w for one that waits in front of the item. */
static void assert_waiting(const struct job *job, uint32_t item, const char *expected)
{
    char found[SOME + 1] = "";
    for (uint32_t node = 0; node < SOME; node++)
        found[node] = barrier_closed(job, node, item) ? 'w' : '-';
    assert_string_equal(found, expected);
}

static void behind_all_everybody_waits_for_everybody(void **state)
{
    (void)state;
    AUTO_PTR(job_free) struct job *job = job_of(TWO("all"));
    for (uint32_t node = 0; node < SOME; node++) {
        assert_waiting(job, 1, "wwwww");
        come_past(job, 0, node);
    }
    assert_waiting(job, 1, "-----");
}

static void behind_none_nobody_waits(void **state)
{
    (void)state;
    AUTO_PTR(job_free) struct job *job = job_of(TWO("none"));
    assert_waiting(job, 1, "-----");
}

static void behind_group_a_node_waits_for_every_node_it_shares_a_group_with(void **state)
{
    (void)state;
    AUTO_PTR(job_free) struct job *job = job_of(TWO("group"));
    assert_int_equal(job->group_count, 2); /* nobody shares `own` */
    assert_waiting(job, 1, "www--");
    come_past(job, 0, 1);
    assert_waiting(job, 1, "www--");
    come_past(job, 0, 2);
    assert_waiting(job, 1, "ww---");
    come_past(job, 0, 0);
    assert_waiting(job, 1, "-----");
}

static void only_the_nodes_that_are_set_free_are_looked_at_again(void **state)
{
    (void)state;
    AUTO_PTR(job_free) struct job *job = job_of(TWO("group"));
    uint32_t node = 0;
    while (job_next_dirty(job, &node))
        job->nodes[node].dirty = false;
    come_past(job, 0, 1);
    assert_int_equal(job->dirty_count, 1);
    come_past(job, 0, 2); /* opens b, which 1 and 2 are in */
    assert_int_equal(job->dirty_count, 2);
    come_past(job, 0, 0);
    assert_int_equal(job->dirty_count, 3);
}

static void behind_the_last_item_of_a_pipeline_the_pipelines_own_barrier_counts(void **state)
{
    (void)state;
    AUTO_PTR(job_free)
    struct job *job = job_of("{target: {scope: all}, tasks: [{sync: none, tasks: [" LEAF(
        "") "," LEAF(", sync: all") "]}, " LEAF("") "]}");
    assert_waiting(job, 1, "-----"); /* the first of its list */
    assert_waiting(job, 2, "-----");
    assert_waiting(job, 3, "-----");
}

static void too_many_groups_for_so_many_barriers_are_refused(void **state)
{
    (void)state;
    enum { GROUPS = 1100, STEPS = PLAN_ITEMS_MAX };
    _Static_assert((size_t)GROUPS * (STEPS - 1) > ROWS_MAX, "or nothing is refused");
    AUTO(buffer_done) struct buffer spec = {0};
    assert_int_equal(buffer_print(&spec, "{target: {scope: all}, tasks: ["), STATUS_OK);
    for (int i = 0; i < STEPS; i++)
        assert_int_equal(buffer_print(&spec, LEAF(", sync: group") ","), STATUS_OK);
    assert_int_equal(buffer_print(&spec, "]}"), STATUS_OK);
    static char names[GROUPS][8];
    static const char *groups[GROUPS];
    for (int i = 0; i < GROUPS; i++) {
        (void)snprintf(names[i], sizeof names[i], "g%d", i);
        groups[i] = names[i];
    }
    struct expected_node nodes[] = {{"n0", groups, GROUPS}, {"n1", groups, GROUPS}};
    struct entry created = {.kind = ENTRY_CREATED};
    created.created.id = "01job";
    created.created.refusal = created.created.spec_sha256 = "";
    created.created.expected = nodes;
    created.created.expected_count = 2;
    struct job *job = NULL;
    assert_int_equal(fold_created(&created, play_plan(buffer_text(&spec)), &job, NULL),
                     STATUS_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behind_all_everybody_waits_for_everybody),
        cmocka_unit_test(behind_none_nobody_waits),
        cmocka_unit_test(behind_group_a_node_waits_for_every_node_it_shares_a_group_with),
        cmocka_unit_test(only_the_nodes_that_are_set_free_are_looked_at_again),
        cmocka_unit_test(behind_the_last_item_of_a_pipeline_the_pipelines_own_barrier_counts),
        cmocka_unit_test(too_many_groups_for_so_many_barriers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
