#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/limits.h"
#include "core/pursue.h"
#include "play.h"

#define STEP(more)                                                                                 \
    "{target: {scope: all}, tasks: [{backend: test, action: succeed" more                          \
    "}, {backend: test, action: succeed}]}"

/* Nothing is waited for any more. */
static void pursue_is_over(const struct play *play)
{
    assert_int_equal(engine_deadline(play->engine).ns, INSTANT_NEVER.ns);
}

static struct event silence(const char *node, bool silent)
{
    struct event event = {.kind = silent ? EVENT_SILENT : EVENT_HEARD};
    if (silent)
        event.silent.node = node;
    else
        event.heard.node = node;
    return event;
}

static struct event sent(enum event_kind kind, uint32_t step, uint32_t node, uint32_t attempt)
{
    struct event event = {.kind = kind};
    if (kind == EVENT_SENT) {
        event.sent.step = step;
        event.sent.node = node;
        event.sent.attempt = attempt;
    } else {
        event.unsent.step = step;
        event.unsent.node = node;
        event.unsent.attempt = attempt;
    }
    return event;
}

static struct event cancel(struct play *play)
{
    struct event event = {.kind = EVENT_CANCEL};
    event.cancel.seq = ++play->seq;
    event.cancel.by = "ops";
    event.cancel.reason = "";
    return event;
}

static void an_order_that_was_not_stored_goes_out_again_until_it_is(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, STEP(""), 2);
    play_accept(&play);
    assert_int_equal(play_count(&play, EFFECT_DISPATCH), 2);
    play_step(&play, sent(EVENT_SENT, 0, 0, 1));
    for (int i = 0; i < 3; i++) {
        play_step(&play, sent(EVENT_UNSENT, 0, 1, 1));
        assert_int_equal(play_count(&play, EFFECT_DISPATCH), 0);
        uint64_t before_ms = play.now_ms;
        play_tick(&play);
        assert_int_equal(play.now_ms - before_ms, NAG_MS);
        assert_int_equal(play_count(&play, EFFECT_DISPATCH), 1);
        assert_int_equal(play_find(&play, EFFECT_DISPATCH)->task.node, 1);
    }
    play_step(&play, sent(EVENT_SENT, 0, 1, 1));
    play_tick(&play);
    assert_int_equal(play.effects.count, 0);
    pursue_is_over(&play);
}

static void an_answer_about_another_attempt_changes_nothing(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, STEP(""), 1);
    play_accept(&play);
    play_step(&play, sent(EVENT_UNSENT, 0, 0, 2));
    play_step(&play, sent(EVENT_UNSENT, 1, 0, 1));
    pursue_is_over(&play);
}

static void a_silent_node_loses_what_is_queued_and_what_is_idempotent(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        bool started;
        enum attempt_state state;
        const char *code;
    } table[] = {
        {STEP(", idempotent: true"), false, ATTEMPT_LOST, "LOST"},
        {STEP(", idempotent: false"), false, ATTEMPT_LOST, "LOST"},
        {STEP(", idempotent: true"), true, ATTEMPT_LOST, "LOST"},
        {STEP(", idempotent: false"), true, ATTEMPT_UNKNOWN, "UNKNOWN"},
    };
    for (size_t i = 0; i < 4; i++) {
        AUTO(play_done) struct play play = {0};
        play_begin(&play, table[i].spec, 2);
        play_accept(&play);
        if (table[i].started)
            play_started(&play, 0, 1);
        play_step(&play, silence("n1", true));
        const struct effect *revoke = play_find(&play, EFFECT_REVOKE);
        assert_non_null(revoke);
        assert_int_equal(revoke->task.node, 1);
        assert_int_equal(revoke->task.state, table[i].state);
        assert_string_equal(revoke->task.code, table[i].code);
        assert_int_equal(revoke->task.expected_seq, table[i].started ? 1 : 0);
        play_tick(&play); /* until it is settled */
        assert_int_equal(play_count(&play, EFFECT_REVOKE), 1);
        play_step(&play, silence("n1", false));
        play_tick(&play);
        assert_int_equal(play_count(&play, EFFECT_REVOKE), 0);
    }
}

static void nothing_is_asked_before_the_log_says_so(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, STEP(""), 1);
    play_step(&play, silence("n0", true)); /* its step is scheduled in a record under way */
    assert_int_equal(play.effects.count, 0);
    struct event accepted = {.kind = EVENT_APPENDED, .appended = {.seq = 1}};
    play_step(&play, accepted);
    assert_int_equal(play_count(&play, EFFECT_DISPATCH), 0);
    assert_int_equal(play_count(&play, EFFECT_REVOKE), 1);
}

static void nothing_is_withdrawn_before_the_stop_is_logged(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, STEP(""), 2);
    play_accept(&play);
    play_started(&play, 0, 0);
    play_step(&play, cancel(&play));
    assert_int_equal(play_count(&play, EFFECT_REVOKE) + play_count(&play, EFFECT_CANCEL), 0);
    play_accept(&play);
    assert_int_equal(play_find(&play, EFFECT_REVOKE)->task.node, 1);
    assert_int_equal(play_find(&play, EFFECT_REVOKE)->task.state, ATTEMPT_CANCELLED);
    assert_int_equal(play_find(&play, EFFECT_CANCEL)->task.node, 0);
    play_tick(&play);
    assert_int_equal(play_count(&play, EFFECT_CANCEL), 1);
    assert_int_equal(play_count(&play, EFFECT_REVOKE), 1);
}

static void after_a_failure_what_runs_is_left_alone(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, STEP(""), 3);
    play_accept(&play);
    play_started(&play, 0, 0);
    play_ended(&play, 0, 2, ATTEMPT_FAILED);
    play_accept(&play);
    assert_int_equal(play_count(&play, EFFECT_CANCEL), 0);
    assert_int_equal(play_count(&play, EFFECT_REVOKE), 1);
    assert_int_equal(play_find(&play, EFFECT_REVOKE)->task.node, 1);
    assert_int_equal(play_find(&play, EFFECT_REVOKE)->task.state, ATTEMPT_SKIPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_that_was_not_stored_goes_out_again_until_it_is),
        cmocka_unit_test(an_answer_about_another_attempt_changes_nothing),
        cmocka_unit_test(a_silent_node_loses_what_is_queued_and_what_is_idempotent),
        cmocka_unit_test(nothing_is_asked_before_the_log_says_so),
        cmocka_unit_test(nothing_is_withdrawn_before_the_stop_is_logged),
        cmocka_unit_test(after_a_failure_what_runs_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
