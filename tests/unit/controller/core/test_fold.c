#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/limits.h"
#include "play.h"

/* Items: 0 a step; 1 a pipeline of two steps; 4 a step that may be retried. Steps 0 to 3. */
#define TREE                                                                                       \
    "{target: {scope: all}, tasks: [{backend: test, action: succeed},"                             \
    "{tasks: [{backend: test, action: succeed}, {backend: test, action: succeed}]},"               \
    "{backend: test, action: succeed, max_retries: 2}]}"

enum { NODES = 2, STEPS = 4 };

static struct entry wave(enum entry_kind kind, uint32_t step, uint32_t attempt,
                         const uint32_t *nodes, uint32_t count)
{
    struct entry entry = {.kind = kind};
    entry.wave.step = step;
    entry.wave.attempt = attempt;
    entry.wave.reason = kind == ENTRY_SKIPPED ? SKIP_STOPPED : SKIP_NONE;
    entry.wave.nodes = nodes;
    entry.wave.node_count = count;
    return entry;
}

static struct entry ended(uint32_t step, uint32_t node, uint32_t attempt, enum attempt_state state)
{
    struct entry entry = {.kind = ENTRY_ENDED};
    entry.ended.step = step;
    entry.ended.node = node;
    entry.ended.attempt = attempt;
    entry.ended.outcome = (struct outcome){.state = state, .code = "X", .error = ""};
    return entry;
}

static struct entry stopping(enum stop_reason reason)
{
    struct entry entry = {.kind = ENTRY_STOPPING};
    entry.stopping.reason = reason;
    entry.stopping.text = "because";
    return entry;
}

static struct entry finished(enum job_state state, bool partial)
{
    struct entry entry = {.kind = ENTRY_FINISHED};
    entry.finished.state = state;
    entry.finished.partial = partial;
    entry.finished.error = "";
    return entry;
}

/* The next record, with these entries. */
static enum status folded(struct job *job, const struct entry *entries, uint32_t count)
{
    struct error err = {0};
    struct record record = {.index = job->last_index + 1,
                            .prev_seq = job->last_seq,
                            .owner = "ctl-1",
                            .epoch = 1,
                            .at_ms = 7,
                            .entries = entries,
                            .entry_count = count};
    enum status status = fold_record(job, &record, job->last_seq + 1, &err);
    assert_int_equal(status == STATUS_OK, err.text[0] == '\0');
    job_check(job);
    return status;
}

static void folds(struct job *job, struct entry entry)
{
    assert_int_equal(folded(job, &entry, 1), STATUS_OK);
}

static void refused(struct job *job, struct entry entry)
{
    uint64_t before = job_digest(job);
    assert_int_equal(folded(job, &entry, 1), STATUS_MALFORMED);
    assert_int_equal(job_digest(job), before);
}

static const uint32_t BOTH[] = {0, 1};

static void a_whole_life_can_be_folded(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, TREE, NODES);
    for (uint32_t step = 0; step < STEPS; step++) {
        folds(job, wave(ENTRY_SCHEDULED, step, 1, BOTH, 2));
        folds(job, ended(step, 0, 1, ATTEMPT_SUCCEEDED));
        folds(job, ended(step, 1, 1, ATTEMPT_SUCCEEDED));
    }
    folds(job, finished(JOB_COMPLETED, false));
    assert_int_equal(job->state, JOB_COMPLETED);
    assert_int_equal(job->finished_at_ms, 7);
    job_free(job);
}

static void waves_of_steps_nodes_or_attempts_that_cannot_be_are_refused(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, TREE, NODES);
    static const uint32_t third[] = {2};
    static const uint32_t huge[] = {UINT32_MAX};
    for (enum entry_kind kind = ENTRY_SCHEDULED; kind <= ENTRY_SKIPPED; kind++) {
        if (kind == ENTRY_ENDED)
            continue;
        refused(job, wave(kind, STEPS, 1, BOTH, 1));
        refused(job, wave(kind, UINT32_MAX, 1, BOTH, 1));
        refused(job, wave(kind, 0, 1, third, 1));
        refused(job, wave(kind, 0, 1, huge, 1));
        refused(job, wave(kind, 1, 1, BOTH, 1)); /* jumps over step 0 */
    }
    refused(job, wave(ENTRY_SCHEDULED, 0, 0, BOTH, 1));
    refused(job, wave(ENTRY_SCHEDULED, 0, 2, BOTH, 1));
    refused(job, wave(ENTRY_SCHEDULED, 0, UINT32_MAX, BOTH, 1));
    job_free(job);
}

static void a_node_named_twice_is_refused_at_the_second(void **state)
{
    (void)state;
    static const uint32_t twice[] = {0, 0};
    for (enum entry_kind kind = ENTRY_SCHEDULED; kind <= ENTRY_SKIPPED; kind++) {
        AUTO(play_done) struct play play = {0};
        struct job *job = play_job(&play, TREE, NODES);
        struct entry entry = wave(kind, 0, 1, twice, 2);
        if (kind != ENTRY_ENDED)
            assert_int_equal(folded(job, &entry, 1), STATUS_MALFORMED);
        job_free(job);
    }
}

static void a_step_cannot_be_scheduled_while_another_is_open_nor_after_it_has_passed(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, TREE, NODES);
    folds(job, wave(ENTRY_SCHEDULED, 0, 1, BOTH, 1));
    refused(job, wave(ENTRY_SCHEDULED, 0, 1, BOTH, 1));
    refused(job, wave(ENTRY_SCHEDULED, 0, 2, BOTH, 1));
    refused(job, wave(ENTRY_SCHEDULED, 1, 1, BOTH, 1));
    refused(job, wave(ENTRY_SKIPPED, 0, 0, BOTH, 1));
    refused(job, wave(ENTRY_SKIPPED, 1, 0, BOTH, 1));
    folds(job, ended(0, 0, 1, ATTEMPT_SUCCEEDED));
    refused(job, wave(ENTRY_SCHEDULED, 0, 2, BOTH, 1));
    refused(job, wave(ENTRY_SKIPPED, 0, 0, BOTH, 1));
    folds(job, wave(ENTRY_SKIPPED, 1, 0, BOTH, 1));
    refused(job, wave(ENTRY_SKIPPED, 1, 0, BOTH, 1));
    job_free(job);
}

static void ends_of_attempts_that_are_not_open_are_refused(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, TREE, NODES);
    refused(job, ended(0, 0, 1, ATTEMPT_SUCCEEDED));
    folds(job, wave(ENTRY_SCHEDULED, 0, 1, BOTH, 1));
    refused(job, ended(0, 0, 0, ATTEMPT_SUCCEEDED));
    refused(job, ended(0, 0, 2, ATTEMPT_SUCCEEDED));
    refused(job, ended(0, 1, 1, ATTEMPT_SUCCEEDED));
    refused(job, ended(1, 0, 1, ATTEMPT_SUCCEEDED));
    refused(job, ended(STEPS, 0, 1, ATTEMPT_SUCCEEDED));
    refused(job, ended(0, NODES, 1, ATTEMPT_SUCCEEDED));
    refused(job, ended(UINT32_MAX, UINT32_MAX, UINT32_MAX, ATTEMPT_SUCCEEDED));
    folds(job, ended(0, 0, 1, ATTEMPT_SUCCEEDED));
    refused(job, ended(0, 0, 1, ATTEMPT_SUCCEEDED));
    job_free(job);
}

static void an_attempt_ends_only_in_a_final_state(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, TREE, NODES);
    folds(job, wave(ENTRY_SCHEDULED, 0, 1, BOTH, 1));
    for (enum attempt_state at = 0; at <= ATTEMPT_RUNNING; at++)
        refused(job, ended(0, 0, 1, at));
    refused(job, ended(0, 0, 1, ATTEMPT_STATE_COUNT));
    refused(job, ended(0, 0, 1, (enum attempt_state)INT32_MAX));
    refused(job, ended(0, 0, 1, (enum attempt_state) - 1));
    job_free(job);
}

static void only_what_may_be_tried_again_waits_for_a_retry(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, TREE, NODES);
    folds(job, wave(ENTRY_SCHEDULED, 0, 1, BOTH, 1));
    struct entry entry = ended(0, 0, 1, ATTEMPT_SUCCEEDED);
    entry.ended.retry = true;
    refused(job, entry);
    entry.ended.outcome.state = ATTEMPT_CANCELLED;
    refused(job, entry);
    entry.ended.outcome.state = ATTEMPT_FAILED;
    folds(job, entry);
    refused(job, entry); /* it waits: nothing is there that could end */
    refused(job, wave(ENTRY_SCHEDULED, 0, 1, BOTH, 1));
    refused(job, wave(ENTRY_SKIPPED, 0, 0, BOTH, 1));
    refused(job, wave(ENTRY_SCHEDULED, 1, 1, BOTH, 1));
    folds(job, wave(ENTRY_SCHEDULED, 0, 2, BOTH, 1));
    job_free(job);
}

static void a_job_stops_only_for_a_reason_and_not_after_a_cancel(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, TREE, NODES);
    refused(job, stopping(STOP_NONE));
    refused(job, stopping((enum stop_reason)4));
    refused(job, stopping((enum stop_reason) - 1));
    folds(job, stopping(STOP_FAILURE));
    folds(job, stopping(STOP_TIMEOUT));
    folds(job, stopping(STOP_CANCEL));
    assert_int_equal(job->state, JOB_CANCELLING);
    for (enum stop_reason reason = STOP_NONE; reason <= STOP_CANCEL; reason++)
        refused(job, stopping(reason));
    job_free(job);
}

static void a_job_ends_when_its_nodes_are_through_and_as_its_stop_says(void **state)
{
    (void)state;
    static const enum job_state ends[] = {
        [STOP_NONE] = JOB_COMPLETED,
        [STOP_FAILURE] = JOB_FAILED,
        [STOP_TIMEOUT] = JOB_FAILED,
        [STOP_CANCEL] = JOB_CANCELLED,
    };
    for (enum stop_reason reason = STOP_NONE; reason <= STOP_CANCEL; reason++) {
        AUTO(play_done) struct play play = {0};
        struct job *job = play_job(&play, TREE, NODES);
        if (reason != STOP_NONE)
            folds(job, stopping(reason));
        refused(job, finished(ends[reason], false));
        for (uint32_t step = 0; step < STEPS; step++)
            folds(job, wave(ENTRY_SKIPPED, step, 0, BOTH, 2));
        for (enum job_state end = 0; end < JOB_STATE_COUNT; end++) {
            if (end != ends[reason])
                refused(job, finished(end, false));
        }
        if (reason != STOP_NONE)
            refused(job, finished(ends[reason], true));
        folds(job, finished(ends[reason], reason == STOP_NONE));
        job_free(job);
    }
}

static void nothing_comes_after_the_end(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, TREE, 0);
    struct entry entries[] = {finished(JOB_COMPLETED, false), finished(JOB_COMPLETED, false)};
    assert_int_equal(folded(job, entries, 2), STATUS_MALFORMED);
    assert_true(job_ended(job));
    struct entry claimed = {.kind = ENTRY_CLAIMED, .claimed = {.from_owner = "ctl-0"}};
    refused(job, claimed);
    assert_int_equal(folded(job, NULL, 0), STATUS_MALFORMED);
    job_free(job);
}

static void a_second_creation_and_entries_of_no_kind_are_refused(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, TREE, NODES);
    struct entry claimed = {.kind = ENTRY_CLAIMED, .claimed = {.from_owner = "ctl-0"}};
    folds(job, claimed);
    refused(job, (struct entry){.kind = ENTRY_CREATED});
    refused(job, (struct entry){.kind = ENTRY_KIND_COUNT});
    refused(job, (struct entry){.kind = (enum entry_kind)99});
    job_free(job);
}

static void a_record_follows_the_one_before_without_a_gap(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, TREE, NODES);
    struct error err = {0};
    static const struct {
        uint64_t index;
        uint64_t prev_seq;
    } first[] = {{0, 0}, {2, 0}, {1, 5}, {UINT64_MAX, 0}};
    for (size_t i = 0; i < 4; i++) {
        struct record record = {
            .index = first[i].index, .prev_seq = first[i].prev_seq, .owner = "ctl-1"};
        assert_int_equal(fold_record(job, &record, 9, &err), STATUS_MALFORMED);
        assert_non_null(strstr(err.text, "gap"));
    }
    struct record record = {.index = 1, .owner = "ctl-1", .epoch = 3};
    assert_int_equal(fold_record(job, &record, 9, &err), STATUS_OK);
    assert_int_equal(job->epoch, 3);
    assert_int_equal(fold_record(job, &record, 10, &err), STATUS_MALFORMED); /* the same again */
    record.index = 2;
    record.prev_seq = 8;
    assert_int_equal(fold_record(job, &record, 10, &err), STATUS_MALFORMED);
    record.prev_seq = 9;
    assert_int_equal(fold_record(job, &record, 10, &err), STATUS_OK);
    assert_int_equal(job->last_seq, 10);
    job_free(job);
}

static void names_of_nodes_are_names_and_each_is_there_once(void **state)
{
    (void)state;
    static const char *const bad[][2] = {{"a", "a"}, {"a", ""}, {"a", "b.c"}, {"*", "a"}};
    for (size_t i = 0; i < 4; i++) {
        AUTO(play_done) struct play play = {0};
        struct plan *plan = NULL;
        struct job *job = NULL;
        struct entry created = play_created(&play, TREE, 2, &plan);
        play.nodes[0].name = bad[i][0];
        play.nodes[1].name = bad[i][1];
        assert_int_equal(fold_created(&created, plan, &job, NULL), STATUS_MALFORMED);
        assert_null(job);
    }
}

static void too_many_nodes_or_rows_are_a_limit(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct plan *plan = NULL;
    struct job *job = NULL;
    struct entry created = play_created(&play, TREE, 1, &plan);
    created.created.expected_count = EXPECTED_NODES_MAX + 1;
    assert_int_equal(fold_created(&created, plan, &job, NULL), STATUS_LIMIT);
    AUTO(buffer_done) struct buffer wide = {0};
    assert_int_equal(buffer_print(&wide, "{target: {scope: all}, tasks: ["), STATUS_OK);
    for (int i = 0; i < 4000; i++)
        assert_int_equal(buffer_print(&wide, "{backend: test, action: succeed},"), STATUS_OK);
    assert_int_equal(buffer_print(&wide, "]}"), STATUS_OK);
    created = play_created(&play, buffer_text(&wide), 1, &plan);
    created.created.expected_count = ROWS_MAX / 4000 + 1;
    assert_int_equal(fold_created(&created, plan, &job, NULL), STATUS_LIMIT);
}

static void a_refused_spec_is_a_job_without_a_plan_that_only_can_fail(void **state)
{
    (void)state;
    struct job *job = NULL;
    struct entry created = {.kind = ENTRY_CREATED};
    created.created.id = "01job";
    created.created.refusal = "no";
    created.created.spec_sha256 = "";
    assert_int_equal(fold_created(&created, NULL, &job, NULL), STATUS_OK);
    refused(job, wave(ENTRY_SCHEDULED, 0, 1, BOTH, 1));
    refused(job, wave(ENTRY_SKIPPED, 0, 1, BOTH, 1));
    refused(job, ended(0, 0, 1, ATTEMPT_SUCCEEDED));
    refused(job, stopping(STOP_CANCEL));
    refused(job, finished(JOB_COMPLETED, false));
    refused(job, finished(JOB_CANCELLED, false));
    folds(job, finished(JOB_FAILED, false));
    job_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_life_can_be_folded),
        cmocka_unit_test(waves_of_steps_nodes_or_attempts_that_cannot_be_are_refused),
        cmocka_unit_test(a_node_named_twice_is_refused_at_the_second),
        cmocka_unit_test(a_step_cannot_be_scheduled_while_another_is_open_nor_after_it_has_passed),
        cmocka_unit_test(ends_of_attempts_that_are_not_open_are_refused),
        cmocka_unit_test(an_attempt_ends_only_in_a_final_state),
        cmocka_unit_test(only_what_may_be_tried_again_waits_for_a_retry),
        cmocka_unit_test(a_job_stops_only_for_a_reason_and_not_after_a_cancel),
        cmocka_unit_test(a_job_ends_when_its_nodes_are_through_and_as_its_stop_says),
        cmocka_unit_test(nothing_comes_after_the_end),
        cmocka_unit_test(a_second_creation_and_entries_of_no_kind_are_refused),
        cmocka_unit_test(a_record_follows_the_one_before_without_a_gap),
        cmocka_unit_test(names_of_nodes_are_names_and_each_is_there_once),
        cmocka_unit_test(too_many_nodes_or_rows_are_a_limit),
        cmocka_unit_test(a_refused_spec_is_a_job_without_a_plan_that_only_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
