#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/walk.h"
#include "play.h"

#define LEAF "{backend: test, action: succeed}"
#define FLAT "{target: {scope: all}, tasks: [" LEAF ", " LEAF "]}"
#define TEN_IN_A_ROW                                                                               \
    "{target: {scope: all}, strategy: continue, tasks: [{tasks: [" LEAF "," LEAF "," LEAF "," LEAF \
    "," LEAF "," LEAF "," LEAF "," LEAF "," LEAF "," LEAF "]}]}"

enum { WIDE = 10000, LONG = 10 };

static void nobody_begins_a_phase_before_everybody_ended_the_one_before(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, FLAT, 3);
    play_accept(&play);
    assert_int_equal(play_count(&play, EFFECT_DISPATCH), 3);
    for (uint32_t node = 0; node < 2; node++) {
        play_ended(&play, 0, node, ATTEMPT_SUCCEEDED);
        play_accept(&play);
        assert_int_equal(play_count(&play, EFFECT_DISPATCH), 0);
    }
    play_ended(&play, 0, 2, ATTEMPT_SUCCEEDED);
    play_accept(&play);
    assert_int_equal(play_count(&play, EFFECT_DISPATCH), 3);
}

static void nodes_go_through_a_pipeline_at_their_own_pace(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, TEN_IN_A_ROW, 2);
    play_accept(&play);
    for (uint32_t step = 0; step < LONG; step++) {
        play_ended(&play, step, 1, ATTEMPT_SUCCEEDED);
        play_accept(&play);
        assert_int_equal(play_count(&play, EFFECT_DISPATCH), step + 1 < LONG);
    }
    assert_int_equal(row_state(job_row(engine_job(play.engine), 0, 0)), ATTEMPT_QUEUED);
}

/* What one result sets off does not depend on how wide the job is. */
static void one_end_in_a_wide_job_costs_a_handful_of_effects_and_entries(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, TEN_IN_A_ROW, WIDE);
    play_accept(&play);
    assert_int_equal(play_count(&play, EFFECT_DISPATCH), WIDE);
    for (uint32_t node = 0; node < 20; node++) {
        play_ended(&play, 0, node * 499, ATTEMPT_SUCCEEDED);
        assert_int_equal(play.effects.count, 1);
        assert_int_equal(play.effects.items[0].append->entry_count, 2);
        assert_int_equal(engine_job(play.engine)->dirty_count, 0);
        play_accept(&play);
        assert_in_range(play.effects.count, 1, 4);
    }
}

static void the_memory_of_a_wide_and_long_job_stays_below_64_mebibytes(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, TEN_IN_A_ROW, WIDE);
    play_accept(&play);
    struct event event = {.kind = EVENT_RESULT};
    event.result.kind = RESULT_END;
    event.result.attempt = 1;
    event.result.outcome = (struct outcome){
        .state = ATTEMPT_SUCCEEDED, .code = "OK", .error = "a line of some length about nothing"};
    for (uint32_t step = 0; step < LONG; step++) {
        for (uint32_t node = 0; node < WIDE; node++) {
            event.result.node = play.names[node];
            event.result.step = step;
            event.result.seq = ++play.seq;
            effects_clear(&play.effects);
            assert_int_equal(engine_step(play.engine, &event, &play.effects, NULL), STATUS_OK);
            if (node % 1000 == 999)
                play_accept(&play);
        }
    }
    play_accept(&play);
    assert_int_equal(engine_job(play.engine)->state, JOB_COMPLETED);
    assert_in_range(engine_job(play.engine)->arena.total_bytes, 1, 64 * 1024 * 1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_begins_a_phase_before_everybody_ended_the_one_before),
        cmocka_unit_test(nodes_go_through_a_pipeline_at_their_own_pace),
        cmocka_unit_test(one_end_in_a_wide_job_costs_a_handful_of_effects_and_entries),
        cmocka_unit_test(the_memory_of_a_wide_and_long_job_stays_below_64_mebibytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
