#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fault.h"
#include "play.h"
#include "wire/record_wire.h"

/* Everything an engine can allocate for: retries, a stop, skips, a cancel, an adoption. */
#define SPEC                                                                                       \
    "{target: {scope: all}, timeout: 1h, tasks: ["                                                 \
    "{tasks: [{backend: test, action: succeed, max_retries: 1}, {backend: test, action: fail}]},"  \
    "{backend: test, action: succeed}, {backend: test, action: succeed, condition: always}]}"

enum { NODES = 3 };

static bool lives_on(const struct play *play)
{
    assert_true(play->status == STATUS_OK || play->status == STATUS_NOMEM);
    if (play->status == STATUS_NOMEM)
        assert_true(fault_struck());
    return play->status == STATUS_OK;
}

static void accept_all(struct play *play)
{
    while (lives_on(play) && play_find(play, EFFECT_APPEND) != NULL) {
        struct event event = {.kind = EVENT_APPENDED};
        event.appended.seq = ++play->log_seq;
        play_step(play, event);
    }
}

static bool ends(struct play *play, uint32_t step, uint32_t node, enum attempt_state state)
{
    play_ended(play, step, node, state);
    accept_all(play);
    return lives_on(play);
}

static bool lives_a_life(struct play *play)
{
    accept_all(play);
    if (!lives_on(play) || !ends(play, 0, 0, ATTEMPT_FAILED) ||
        !ends(play, 0, 1, ATTEMPT_SUCCEEDED))
        return false;
    play_tick(play);
    accept_all(play);
    if (!lives_on(play) || !ends(play, 0, 0, ATTEMPT_SUCCEEDED) ||
        !ends(play, 1, 1, ATTEMPT_FAILED) || !ends(play, 1, 0, ATTEMPT_CANCELLED))
        return false;
    struct event cancel = {.kind = EVENT_CANCEL};
    cancel.cancel.seq = ++play->seq;
    cancel.cancel.by = "ops";
    cancel.cancel.reason = "";
    play_step(play, cancel);
    accept_all(play);
    if (!lives_on(play) || !ends(play, 0, 2, ATTEMPT_SUCCEEDED))
        return false;
    for (uint32_t node = 0; node < NODES; node++) {
        if (!ends(play, 3, node, ATTEMPT_SUCCEEDED))
            return false;
    }
    return true;
}

/* The job is created with memory to spare; then the n-th allocation fails. */
static void an_owner_without_memory_says_so_whichever_allocation_fails(void **state)
{
    (void)state;
    bool whole = false;
    uint64_t n = 1;
    for (; !whole; n++) {
        AUTO(play_done) struct play play = {0};
        struct event event = {.kind = EVENT_CREATE};
        struct entry created = play_created(&play, SPEC, NODES, &event.create.take_plan);
        event.create.created = &created;
        event.create.owner = "ctl-1";
        play.engine = engine_new();
        fault_arm(n, n % 2 == 0);
        play_step(&play, event);
        bool lived = lives_a_life(&play);
        (void)fault_disarm();
        assert_int_equal(lived, play.status == STATUS_OK);
        whole = !fault_struck();
        if (lived)
            assert_int_equal(engine_job(play.engine)->state, JOB_CANCELLED);
        assert_true(n < 10000);
    }
    assert_true(n > 50); /* or the door of fault.h is not where it should be */
}

static void replay_one(struct play *play, struct bytes bytes)
{
    AUTO_PTR(record_read_free) struct record_read *read = NULL;
    play->status = record_wire_unpack(bytes, &read, &play->err);
    if (play->status != STATUS_OK)
        return;
    struct event event = {.kind = EVENT_REPLAY};
    event.replay.record = &read->record;
    event.replay.take_plan = STEAL(read->plan);
    event.replay.seq = ++play->log_seq;
    play_step(play, event);
}

static void a_reader_without_memory_says_so_whichever_allocation_fails(void **state)
{
    (void)state;
    AUTO(play_done) struct play writer = {0};
    AUTO(buffer_done) struct buffer packed = {0};
    play_begin(&writer, SPEC, NODES);
    assert_int_equal(record_wire_pack(play_find(&writer, EFFECT_APPEND)->append, &packed),
                     STATUS_OK);
    bool whole = false;
    for (uint64_t n = 1; !whole; n++) {
        AUTO(play_done) struct play play = {0};
        play.engine = engine_new();
        fault_arm(n, n % 2 == 0);
        replay_one(&play, buffer_bytes(&packed));
        if (play.status == STATUS_OK) {
            struct event adopt = {.kind = EVENT_ADOPT};
            adopt.adopt.owner = "ctl-2";
            adopt.adopt.epoch = 2;
            play_step(&play, adopt);
            accept_all(&play);
        }
        (void)fault_disarm();
        whole = !fault_struck();
        /* protobuf-c does not tell a lack of memory from bytes that are no message. */
        assert_true(play.status != STATUS_OK || engine_job(play.engine)->epoch == 2);
        assert_true(!whole || play.status == STATUS_OK);
        assert_true(n < 10000);
    }
}

static void a_packer_without_memory_says_so_whichever_allocation_fails(void **state)
{
    (void)state;
    AUTO(play_done) struct play play = {0};
    play_begin(&play, SPEC, NODES);
    const struct record *record = play_find(&play, EFFECT_APPEND)->append;
    bool whole = false;
    for (uint64_t n = 1; !whole; n++) {
        AUTO(buffer_done) struct buffer packed = {0};
        fault_arm(n, false);
        enum status status = record_wire_pack(record, &packed);
        (void)fault_disarm();
        whole = !fault_struck();
        assert_true(status == STATUS_OK || fault_struck());
        assert_true(n < 10000);
    }
}

static void there_is_no_engine_without_memory(void **state)
{
    (void)state;
    fault_arm(1, false);
    assert_null(engine_new());
    (void)fault_disarm();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_owner_without_memory_says_so_whichever_allocation_fails),
        cmocka_unit_test(a_reader_without_memory_says_so_whichever_allocation_fails),
        cmocka_unit_test(a_packer_without_memory_says_so_whichever_allocation_fails),
        cmocka_unit_test(there_is_no_engine_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
