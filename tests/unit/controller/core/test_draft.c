#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/draft.h"
#include "core/limits.h"
#include "play.h"
#include "wire/record_wire.h"

static void add_skipped(struct draft *draft, uint32_t step, uint32_t node)
{
    draft_add_to_wave(draft, ENTRY_SKIPPED, step, 0, SKIP_STOPPED, node);
}

static void add_claimed(struct draft *draft)
{
    struct entry entry = {.kind = ENTRY_CLAIMED, .claimed = {.from_owner = "ctl-0"}};
    draft_add(draft, &entry);
}

static void nodes_of_one_step_gather_in_one_entry(void **state)
{
    (void)state;
    AUTO(draft_done) struct draft draft = {0};
    for (uint32_t node = 0; node < 1000; node++) {
        add_skipped(&draft, 1, node);
        draft_add_to_wave(&draft, ENTRY_SCHEDULED, 2, 1, SKIP_NONE, node);
    }
    assert_int_equal(draft.count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(draft.entries[i].wave.node_count, 1000);
        for (uint32_t node = 0; node < 1000; node++)
            assert_int_equal(draft.entries[i].wave.nodes[node], node);
    }
}

static void another_attempt_or_reason_is_another_entry(void **state)
{
    (void)state;
    AUTO(draft_done) struct draft draft = {0};
    draft_add_to_wave(&draft, ENTRY_SCHEDULED, 0, 1, SKIP_NONE, 0);
    draft_add_to_wave(&draft, ENTRY_SCHEDULED, 0, 2, SKIP_NONE, 1);
    draft_add_to_wave(&draft, ENTRY_SKIPPED, 0, 0, SKIP_CONDITION, 2);
    draft_add_to_wave(&draft, ENTRY_SKIPPED, 0, 0, SKIP_EXCLUDED, 3);
    assert_int_equal(draft.count, 4);
}

static void no_node_joins_an_entry_before_a_fact_that_came_in_between(void **state)
{
    (void)state;
    AUTO(draft_done) struct draft draft = {0};
    add_skipped(&draft, 1, 0);
    add_claimed(&draft);
    add_skipped(&draft, 1, 1);
    assert_int_equal(draft.count, 3);
    assert_int_equal(draft.entries[2].wave.nodes[0], 1);
}

static void what_happens_to_one_node_keeps_its_order(void **state)
{
    (void)state;
    AUTO(draft_done) struct draft draft = {0};
    add_skipped(&draft, 2, 0);
    add_skipped(&draft, 1, 1); /* node 1 is a step behind */
    add_skipped(&draft, 2, 1); /* must not join the entry in front */
    add_skipped(&draft, 2, 2);
    assert_int_equal(draft.count, 3);
    assert_int_equal(draft.entries[0].wave.node_count, 1);
    assert_int_equal(draft.entries[1].wave.step, 1);
    assert_int_equal(draft.entries[2].wave.node_count, 2);
}

static void long_runs_of_skipped_steps_gather_as_well(void **state)
{
    (void)state;
    AUTO(draft_done) struct draft draft = {0};
    for (uint32_t node = 0; node < 500; node++) {
        for (uint32_t step = node % 7; step < 300; step++)
            add_skipped(&draft, step, node);
    }
    assert_in_range(draft.count, 300, 3000);
}

static void texts_are_copied(void **state)
{
    (void)state;
    AUTO(draft_done) struct draft draft = {0};
    char code[] = "EXIT";
    char error[] = "it failed";
    struct entry entry = {.kind = ENTRY_ENDED};
    entry.ended.outcome = (struct outcome){.state = ATTEMPT_FAILED, .code = code, .error = error};
    draft_add(&draft, &entry);
    code[0] = error[0] = '!';
    assert_string_equal(draft.entries[0].ended.outcome.code, "EXIT");
    assert_string_equal(draft.entries[0].ended.outcome.error, "it failed");
}

static void the_estimate_is_not_far_below_what_is_packed(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct plan *plan = NULL;
    struct entry created = play_created(
        &play, "{target: {scope: all}, tasks: [{backend: test, action: succeed}]}", 5000, &plan);
    AUTO(draft_done) struct draft draft = {0};
    draft_add(&draft, &created);
    for (uint32_t node = 0; node < 5000; node++)
        draft_add_to_wave(&draft, ENTRY_SCHEDULED, 0, 1, SKIP_NONE, node);
    struct record record = {
        .index = 1, .owner = "ctl", .entries = draft.entries, .entry_count = draft.count};
    AUTO(buffer_done) struct buffer packed = {0};
    assert_int_equal(record_wire_pack(&record, &packed), STATUS_OK);
    assert_true(draft.bytes >= packed.len * 9 / 10);
    plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_of_one_step_gather_in_one_entry),
        cmocka_unit_test(another_attempt_or_reason_is_another_entry),
        cmocka_unit_test(no_node_joins_an_entry_before_a_fact_that_came_in_between),
        cmocka_unit_test(what_happens_to_one_node_keeps_its_order),
        cmocka_unit_test(long_runs_of_skipped_steps_gather_as_well),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(the_estimate_is_not_far_below_what_is_packed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
