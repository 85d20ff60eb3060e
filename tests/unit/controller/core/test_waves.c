#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/waves.h"
#include "play.h"

#define LEAF(more) "{backend: test, action: succeed" more "}"
#define ONE(strategy, more)                                                                        \
    "{target: {scope: all}, strategy: " strategy ", tasks: [" LEAF(more) ", " LEAF("") "]}"

/* Everybody in turn; @return how many orders went out for step 0 before and after each end. */
static void expect_waves(const char *spec, uint32_t nodes, const uint32_t *sizes, uint32_t count)
{
    AUTO(play_done) struct play play = {0};
    play_begin(&play, spec, nodes);
    play_accept(&play);
    uint32_t node = 0;
    for (uint32_t wave = 0; wave < count; wave++) {
        assert_int_equal(play_count(&play, EFFECT_DISPATCH), sizes[wave]);
        for (uint32_t end = node + sizes[wave]; node < end; node++) {
            if (node > end - sizes[wave])
                assert_int_equal(play_count(&play, EFFECT_DISPATCH), 0);
            play_ended(&play, 0, node, ATTEMPT_SUCCEEDED);
            play_accept(&play);
        }
    }
    assert_int_equal(play_count(&play, EFFECT_DISPATCH), nodes); /* the next phase */
}

static void a_wave_begins_when_the_one_before_is_through(void **state)
{
    (void)state;
    expect_waves(ONE("fail-fast", ", serial: 2"), 5, (const uint32_t[]){2, 2, 1}, 3);
    expect_waves(ONE("fail-fast", ", serial: 30%"), 10, (const uint32_t[]){3, 3, 3, 1}, 4);
    expect_waves(ONE("continue", ", serial: [1, 2, 50%]"), 10, (const uint32_t[]){1, 2, 5, 2}, 4);
    expect_waves(ONE("continue", ", serial: 1%"), 2, (const uint32_t[]){1, 1}, 2);
    expect_waves(ONE("continue", ", serial: 9"), 2, (const uint32_t[]){2}, 1);
}

static void up_to_max_fail_nodes_may_fail_under_either_strategy(void **state)
{
    (void)state;
    static const char *const specs[] = {ONE("fail-fast", ", max_fail: 1"),
                                        ONE("continue", ", max_fail: 25%")};
    for (int i = 0; i < 2; i++) {
        AUTO(play_done) struct play play = {0};
        play_begin(&play, specs[i], 4);
        play_accept(&play);
        play_ended(&play, 0, 3, ATTEMPT_FAILED);
        play_accept(&play);
        assert_int_equal(engine_job(play.engine)->stop, STOP_NONE);
        play_ended(&play, 0, 2, ATTEMPT_FAILED);
        play_accept(&play);
        assert_int_equal(engine_job(play.engine)->stop, STOP_FAILURE);
        assert_non_null(strstr(engine_job(play.engine)->stop_text, "more nodes failed"));
    }
}

static void a_bound_of_none_stops_at_the_first_failure(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, ONE("continue", ", serial: 1, max_fail: 0"), 3);
    play_accept(&play);
    play_ended(&play, 0, 0, ATTEMPT_FAILED);
    play_accept(&play);
    assert_int_equal(play_count(&play, EFFECT_DISPATCH), 0);
    assert_int_equal(engine_job(play.engine)->state, JOB_FAILED);
}

static void a_node_counts_once_in_a_phase(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play,
               "{target: {scope: all}, tasks: [{max_fail: 1, tasks: [" LEAF("") "," LEAF(
                   ", condition: always") "]}]}",
               2);
    play_accept(&play);
    play_ended(&play, 0, 0, ATTEMPT_FAILED);
    play_accept(&play);
    play_ended(&play, 1, 0, ATTEMPT_FAILED);
    play_accept(&play);
    assert_int_equal(engine_job(play.engine)->stop, STOP_NONE);
    assert_int_equal(engine_job(play.engine)->waves[0].failures, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wave_begins_when_the_one_before_is_through),
        cmocka_unit_test(up_to_max_fail_nodes_may_fail_under_either_strategy),
        cmocka_unit_test(a_bound_of_none_stops_at_the_first_failure),
        cmocka_unit_test(a_node_counts_once_in_a_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
