#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "play.h"
#include "wire/record_wire.h"

#define TWO_STEPS                                                                                  \
    "{target: {scope: all}, timeout: 10s, tasks: [{backend: test, action: succeed},"               \
    "{backend: test, action: succeed}]}"

static void an_engine_without_a_job_has_nothing_to_say_or_to_wait_for(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play.engine = engine_new();
    assert_non_null(play.engine);
    assert_null(engine_job(play.engine));
    assert_int_equal(engine_deadline(play.engine).ns, INSTANT_NEVER.ns);
    engine_check(play.engine);
    engine_free(NULL);
}

static void at_most_one_append_is_under_way(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, TWO_STEPS, 2);
    play_accept(&play);
    play_ended(&play, 0, 0, ATTEMPT_SUCCEEDED);
    assert_int_equal(play_count(&play, EFFECT_APPEND), 1);
    play_ended(&play, 0, 1, ATTEMPT_SUCCEEDED);
    assert_int_equal(play_count(&play, EFFECT_APPEND), 0);
    play_step(&play, (struct event){.kind = EVENT_APPENDED, .appended = {.seq = 50}});
    const struct effect *append = play_find(&play, EFFECT_APPEND);
    assert_non_null(append);
    assert_int_equal(append->append->prev_seq, 50);
    assert_int_equal(append->append->index, 3);
}

static void an_answer_nobody_waits_for_is_ignored(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, TWO_STEPS, 1);
    play_accept(&play);
    uint64_t before = job_digest(engine_job(play.engine));
    play_step(&play, (struct event){.kind = EVENT_APPENDED, .appended = {.seq = 99}});
    assert_int_equal(play.effects.count, 0);
    assert_int_equal(job_digest(engine_job(play.engine)), before);
}

static void a_deposed_owner_does_nothing_any_more(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, TWO_STEPS, 1);
    play_step(&play, (struct event){.kind = EVENT_REFUSED});
    assert_int_equal(play.effects.count, 1);
    assert_int_equal(play.effects.items[0].kind, EFFECT_DEPOSED);
    assert_int_equal(engine_deadline(play.engine).ns, INSTANT_NEVER.ns);
    play_started(&play, 0, 0);
    assert_int_equal(play.effects.count, 0);
    play_ended(&play, 0, 0, ATTEMPT_SUCCEEDED);
    assert_int_equal(play.effects.count, 0);
}

static void the_deadline_of_a_job_is_its_timeout_as_long_as_nothing_is_due_before(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, TWO_STEPS, 1);
    play_accept(&play);
    assert_int_equal(engine_deadline(play.engine).ns, DURATION_MS(10000).ns);
}

static void a_new_owner_counts_the_age_of_the_job(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct plan *plan = NULL;
    struct entry created = play_created(&play, TWO_STEPS, 1, &plan);
    play.engine = engine_new();
    struct record record = {
        .index = 1, .owner = "ctl-0", .epoch = 1, .entries = &created, .entry_count = 1};
    struct event event = {.kind = EVENT_REPLAY};
    event.replay.record = &record;
    event.replay.take_plan = plan;
    event.replay.seq = 1;
    play_step(&play, event);
    assert_int_equal(play.status, STATUS_OK);
    assert_int_equal(play.effects.count, 0);
    play.now_ms = 100000;
    event = (struct event){.kind = EVENT_ADOPT};
    event.adopt.owner = "ctl-1";
    event.adopt.epoch = 2;
    event.adopt.age = DURATION_MS(4000);
    play_step(&play, event);
    assert_int_equal(engine_deadline(play.engine).ns, DURATION_MS(106000).ns);
    const struct record *appended = play_find(&play, EFFECT_APPEND)->append;
    assert_int_equal(appended->epoch, 2);
    assert_int_equal(appended->entries[0].kind, ENTRY_CLAIMED);
    assert_string_equal(appended->entries[0].claimed.from_owner, "ctl-0");
    assert_int_equal(appended->entries[1].kind, ENTRY_SCHEDULED);
}

static void an_ended_job_that_is_adopted_is_saved_once_more_and_done(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct plan *plan = NULL;
    struct entry entries[2] = {play_created(&play, TWO_STEPS, 0, &plan)};
    entries[1] = (struct entry){.kind = ENTRY_FINISHED};
    entries[1].finished.state = JOB_COMPLETED;
    entries[1].finished.error = "";
    play.engine = engine_new();
    struct record record = {.index = 1, .owner = "ctl-0", .entries = entries, .entry_count = 2};
    struct event event = {.kind = EVENT_REPLAY};
    event.replay.record = &record;
    event.replay.take_plan = plan;
    event.replay.seq = 1;
    play_step(&play, event);
    event = (struct event){.kind = EVENT_ADOPT};
    event.adopt.owner = "ctl-1";
    play_step(&play, event);
    assert_int_equal(play.effects.count, 2);
    assert_int_equal(play.effects.items[0].kind, EFFECT_SAVE);
    assert_int_equal(play.effects.items[0].save.state, JOB_COMPLETED);
    assert_int_equal(play.effects.items[1].kind, EFFECT_DONE);
}

static void a_log_that_does_not_begin_with_a_creation_is_malformed(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct plan *plan = play_plan(TWO_STEPS);
    play.engine = engine_new();
    struct record record = {.index = 1, .owner = "ctl-0"};
    struct event event = {.kind = EVENT_REPLAY};
    event.replay.record = &record;
    event.replay.take_plan = plan; /* freed all the same */
    play_step(&play, event);
    assert_int_equal(play.status, STATUS_MALFORMED);
}

static void a_second_creation_is_malformed_and_its_plan_is_freed(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct plan *plan = NULL;
    struct entry created = play_created(&play, TWO_STEPS, 1, &plan);
    play.engine = engine_new();
    struct record record = {.index = 1, .owner = "ctl-0", .entries = &created, .entry_count = 1};
    struct event event = {.kind = EVENT_REPLAY};
    event.replay.record = &record;
    event.replay.take_plan = plan;
    event.replay.seq = 1;
    play_step(&play, event);
    assert_int_equal(play.status, STATUS_OK);
    record.index = 2;
    record.prev_seq = 1;
    event.replay.take_plan = play_plan(TWO_STEPS);
    play_step(&play, event);
    assert_int_equal(play.status, STATUS_MALFORMED);
}

static void what_the_creation_borrows_is_not_used_after_its_step(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, TWO_STEPS, 2);
    AUTO(buffer_done) struct buffer packed = {0};
    assert_int_equal(record_wire_pack(play_find(&play, EFFECT_APPEND)->append, &packed), STATUS_OK);
    buffer_done(&play.packed);
    memset(play.names, 'x', 2 * sizeof *play.names);
    play_accept(&play);
    assert_string_equal(engine_job(play.engine)->nodes[1].name, "n1");
    assert_int_equal(play_count(&play, EFFECT_DISPATCH), 2);
}

static void a_job_that_has_ended_waits_for_nothing_but_its_last_append(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play,
               "{target: {scope: all}, timeout: 10s, tasks: ["
               "{backend: test, action: succeed, max_retries: 1}]}",
               1);
    play_accept(&play);
    play_ended(&play, 0, 0, ATTEMPT_FAILED); /* a retry waits */
    play_accept(&play);
    struct event cancel = {.kind = EVENT_CANCEL};
    cancel.cancel.seq = ++play.seq;
    cancel.cancel.by = cancel.cancel.reason = "";
    play_step(&play, cancel);
    assert_int_equal(play_count(&play, EFFECT_APPEND), 1);
    assert_true(job_ended(engine_job(play.engine)));
    assert_int_equal(engine_deadline(play.engine).ns, INSTANT_NEVER.ns);
    play_accept(&play);
    assert_int_equal(play_count(&play, EFFECT_DONE), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_engine_without_a_job_has_nothing_to_say_or_to_wait_for),
        cmocka_unit_test(a_job_that_has_ended_waits_for_nothing_but_its_last_append),
        cmocka_unit_test(at_most_one_append_is_under_way),
        cmocka_unit_test(an_answer_nobody_waits_for_is_ignored),
        cmocka_unit_test(a_deposed_owner_does_nothing_any_more),
        cmocka_unit_test(the_deadline_of_a_job_is_its_timeout_as_long_as_nothing_is_due_before),
        cmocka_unit_test(a_new_owner_counts_the_age_of_the_job),
        cmocka_unit_test(an_ended_job_that_is_adopted_is_saved_once_more_and_done),
        cmocka_unit_test(a_log_that_does_not_begin_with_a_creation_is_malformed),
        cmocka_unit_test(a_second_creation_is_malformed_and_its_plan_is_freed),
        cmocka_unit_test(what_the_creation_borrows_is_not_used_after_its_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
