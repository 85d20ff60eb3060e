#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/limits.h"
#include "core/proposal.h"
#include "play.h"
#include "wire/record_wire.h"

#define PIPELINE                                                                                   \
    "{target: {scope: all}, strategy: continue, tasks: [{tasks: ["                                 \
    "{backend: test, action: succeed}, {backend: test, action: succeed}]}]}"

static void an_entry_is_folded_as_it_is_drafted(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, PIPELINE, 2);
    AUTO(proposal_done) struct proposal proposal = {.job = job, .wall_ms = 77};
    propose_scheduled(&proposal, 0, 1);
    assert_int_equal(row_state(job_row(job, 0, 1)), ATTEMPT_QUEUED);
    assert_int_equal(job->state, JOB_RUNNING);
    assert_int_equal(job->started_at_ms, 77);
    const struct proposal_record *record = proposal_close_first(&proposal);
    assert_int_equal(record->draft.count, 1);
    assert_int_equal(record->at_ms, 77);
    assert_int_equal(record->after.state, JOB_RUNNING);
    job_free(job);
}

static void a_closed_record_takes_no_further_entry(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, PIPELINE, 2);
    AUTO(proposal_done) struct proposal proposal = {.job = job};
    propose_scheduled(&proposal, 0, 0);
    struct proposal_record *first = proposal_close_first(&proposal);
    propose_scheduled(&proposal, 0, 1);
    propose_stopping(&proposal, STOP_CANCEL, "because", 3);
    assert_int_equal(first->draft.count, 1);
    assert_int_equal(first->after.stop, STOP_NONE);
    assert_ptr_equal(proposal_take_first(&proposal), first);
    proposal_record_free(first);
    assert_int_equal(proposal_close_first(&proposal)->draft.count, 2);
    assert_int_equal(proposal.first->after.stop, STOP_CANCEL);
    job_free(job);
}

static void nothing_proposed_is_no_record(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    struct job *job = play_job(&play, PIPELINE, 2);
    AUTO(proposal_done) struct proposal proposal = {.job = job};
    assert_null(proposal_close_first(&proposal));
    job_free(job);
}

/* While the first record is under way, everything else of a wide job happens. */
static void a_long_proposal_is_cut_into_records_that_fit_a_message_and_replay(void **state)
{
    (void)state;
    enum { NODES = 12000 };
    AUTO(play_done) struct play play = {0};
    play_begin(&play, PIPELINE, NODES);
    play_accept(&play);
    struct event event = {.kind = EVENT_RESULT};
    for (uint32_t step = 0; step < 2; step++) {
        for (uint32_t node = 0; node < NODES; node++) {
            event.result.kind = RESULT_END;
            event.result.node = play.names[node];
            event.result.step = step;
            event.result.attempt = 1;
            event.result.seq = ++play.seq;
            event.result.outcome =
                (struct outcome){.state = ATTEMPT_SUCCEEDED, .code = "OK", .error = ""};
            effects_clear(&play.effects);
            event.now = (struct instant){1};
            assert_int_equal(engine_step(play.engine, &event, &play.effects, NULL), STATUS_OK);
        }
    }
    uint32_t records = 0;
    AUTO(buffer_done) struct buffer packed = {0};
    struct event accepted = {.kind = EVENT_APPENDED};
    do {
        accepted.appended.seq = ++play.log_seq;
        play_step(&play, accepted);
        const struct effect *append = play_find(&play, EFFECT_APPEND);
        if (append == NULL)
            break;
        buffer_clear(&packed);
        assert_int_equal(record_wire_pack(append->append, &packed), STATUS_OK);
        assert_in_range(packed.len, 1, 1024 * 1024 - 1);
        records++;
    } while (true);
    assert_in_range(records, 3, 20);
    assert_int_equal(engine_job(play.engine)->state, JOB_COMPLETED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_folded_as_it_is_drafted),
        cmocka_unit_test(a_closed_record_takes_no_further_entry),
        cmocka_unit_test(nothing_proposed_is_no_record),
        cmocka_unit_test(a_long_proposal_is_cut_into_records_that_fit_a_message_and_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
