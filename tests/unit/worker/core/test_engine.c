/* The worker's engine: every branch of the protocol as a story of events and effects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "core/engine.h"

static const char *const kinds[EFFECT_KIND_COUNT] = {
    [EFFECT_STORE_START] = "start", [EFFECT_STORE_END] = "end", [EFFECT_FETCH] = "fetch",
    [EFFECT_RUN] = "run",           [EFFECT_KILL] = "kill",     [EFFECT_FLUSH] = "flush",
    [EFFECT_RELEASE] = "release",   [EFFECT_ACK] = "ack",       [EFFECT_LATER] = "later",
    [EFFECT_WORKING] = "working",   [EFFECT_TRACE] = "trace",
};

struct world {
    struct engine engine;
    struct effects effects;
    struct buffer text;
    struct instant now;
    struct order order;
};

#define KEY(job_, step_, attempt_)                                                                 \
    ((struct attempt_key){.job = {.text = job_}, .step = (step_), .attempt = (attempt_)})

static void world_print_effect(struct buffer *text, const struct effect *effect)
{
    enum status status = buffer_print(text, "%s%s", text->len > 0 ? " " : "", kinds[effect->kind]);
    if (effect->kind == EFFECT_STORE_START || effect->kind == EFFECT_STORE_END)
        status = buffer_print(text, "#%u@%u", (unsigned)effect->store.id,
                              (unsigned)effect->store.expect_seq);
    if (effect->kind == EFFECT_STORE_END)
        status = buffer_print(text, "=%s",
                              effect->store.ruling != NULL ? effect->store.ruling->code : "runner");
    if (effect->kind == EFFECT_FETCH)
        status = buffer_print(text, "#%u", (unsigned)effect->fetch.id);
    if (effect->kind == EFFECT_ACK || effect->kind == EFFECT_WORKING)
        status = buffer_print(text, ":%s", effect->message.handle);
    if (effect->kind == EFFECT_LATER)
        status = buffer_print(text, ":%s+%u", effect->message.handle,
                              (unsigned)duration_to_ms(effect->message.delay));
    if (effect->kind == EFFECT_KILL)
        status = buffer_print(text, ":%u", (unsigned)effect->kill.grace_ms);
    if (effect->kind == EFFECT_TRACE)
        status = buffer_print(text, ":%s%s", effect->trace.text, effect->trace.loud ? "!" : "");
    assert_int_equal(status, STATUS_OK);
}

/* Do one step. @return its effects as text. */
static const char *world_step(struct world *world, struct event event)
{
    event.now = world->now;
    assert_int_equal(engine_step(&world->engine, &event, &world->effects, NULL), STATUS_OK);
    buffer_clear(&world->text);
    for (uint32_t i = 0; i < world->effects.count; i++)
        world_print_effect(&world->text, &world->effects.items[i]);
    return buffer_text(&world->text);
}

static const char *world_order(struct world *world, const char *handle)
{
    return world_step(world,
                      (struct event){.kind = EVENT_ORDER, .order = {world->order, handle, "mine"}});
}

static const char *world_stored(struct world *world, uint64_t id, enum answer answer, uint64_t seq)
{
    return world_step(world, (struct event){.kind = EVENT_STORED, .stored = {id, answer, seq}});
}

static const char *world_fetched(struct world *world, uint64_t id, enum last_kind kind,
                                 const char *claim, uint64_t seq)
{
    struct last last = {.kind = kind,
                        .step = world->order.key.step,
                        .attempt = world->order.key.attempt,
                        .claim = claim,
                        .seq = seq};
    return world_step(world,
                      (struct event){.kind = EVENT_FETCHED, .fetched = {id, ANSWER_OK, last}});
}

static const char *world_fetched_nothing(struct world *world, uint64_t id, enum answer answer)
{
    return world_step(
        world, (struct event){.kind = EVENT_FETCHED, .fetched = {.id = id, .answer = answer}});
}

static const char *world_cancel(struct world *world)
{
    return world_step(world,
                      (struct event){.kind = EVENT_CANCEL, .cancel = {world->order.key, 1500}});
}

static const char *world_simple(struct world *world, enum event_kind kind)
{
    struct event event = {.kind = kind};
    if (kind == EVENT_EXITED)
        event.exited.key = world->order.key;
    if (kind == EVENT_FLUSHED)
        event.flushed.key = world->order.key;
    return world_step(world, event);
}

static const char *world_tick_after(struct world *world, uint64_t ms)
{
    world->now = instant_add(world->now, duration_ms(ms));
    return world_simple(world, EVENT_TICK);
}

static int world_begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->now = (struct instant){1000};
    world->order = (struct order){.key = KEY("job", 3, 1),
                                  .path = "3",
                                  .backend = "exec",
                                  .action = "run",
                                  .params = "{}",
                                  .expected_seq = 0};
    engine_init(&world->engine);
    assert_string_equal(world_simple(world, EVENT_SESSION_UP), "");
    *state = world;
    return 0;
}

static int world_end(void **state)
{
    struct world *world = *state;
    engine_done(&world->engine);
    buffer_done(&world->text);
    free(world);
    return 0;
}

/* Order, START at sequence 5, running. */
static void world_run(struct world *world)
{
    assert_string_equal(world_order(world, "h1"), "start#1@0");
    assert_string_equal(world_stored(world, 1, ANSWER_OK, 5), "run");
}

/* ... to the END under way. */
static void world_report(struct world *world)
{
    world_run(world);
    assert_string_equal(world_simple(world, EVENT_EXITED), "flush");
    assert_string_equal(world_simple(world, EVENT_FLUSHED), "end#2@5=runner");
}

static void a_task_is_claimed_run_reported_and_acked_in_this_order(void **state)
{
    struct world *world = *state;
    world_report(world);
    assert_string_equal(world_stored(world, 2, ANSWER_OK, 6),
                        "trace:attempt.reported ack:h1 release");
    assert_true(engine_idle(&world->engine));
    assert_int_equal(engine_deadline(&world->engine).ns, INSTANT_NEVER.ns);
}

static void the_next_order_starts_afresh(void **state)
{
    struct world *world = *state;
    world_report(world);
    (void)world_stored(world, 2, ANSWER_OK, 6);
    world->order.key.step = 4;
    world->order.idempotent = true;
    world->order.expected_seq = 6;
    assert_string_equal(world_order(world, "h2"), "start#3@6");
}

static void a_lost_ack_of_the_start_is_read_back(void **state)
{
    struct world *world = *state;
    (void)world_order(world, "h1");
    assert_string_equal(world_stored(world, 1, ANSWER_UNSETTLED, 0), "");
    assert_string_equal(world_tick_after(world, 99), "");
    assert_string_equal(world_tick_after(world, 1), "fetch#2");
    assert_string_equal(world_fetched(world, 2, LAST_START, "mine", 5), "run");
}

static void a_start_that_never_arrived_is_stored_again(void **state)
{
    struct world *world = *state;
    (void)world_order(world, "h1");
    (void)world_stored(world, 1, ANSWER_UNSETTLED, 0);
    (void)world_tick_after(world, 100);
    assert_string_equal(world_fetched_nothing(world, 2, ANSWER_MISSING), "start#3@0");
    /* The first one was only late: now the second is refused. */
    assert_string_equal(world_stored(world, 3, ANSWER_CONFLICT, 0), "");
    assert_string_equal(world_tick_after(world, 200), "fetch#4");
    assert_string_equal(world_fetched(world, 4, LAST_START, "mine", 5), "run");
}

static void an_idempotent_task_of_an_earlier_life_runs_again(void **state)
{
    struct world *world = *state;
    world->order.idempotent = true;
    (void)world_order(world, "h1");
    assert_string_equal(world_stored(world, 1, ANSWER_CONFLICT, 0), "fetch#2");
    assert_string_equal(world_fetched(world, 2, LAST_START, "other", 5),
                        "trace:attempt.run_again run");
    (void)world_simple(world, EVENT_EXITED);
    assert_string_equal(world_simple(world, EVENT_FLUSHED), "end#3@5=runner");
}

static void any_other_task_of_an_earlier_life_ends_unknown(void **state)
{
    struct world *world = *state;
    (void)world_order(world, "h1");
    (void)world_stored(world, 1, ANSWER_CONFLICT, 0);
    assert_string_equal(world_fetched(world, 2, LAST_START, "other", 5),
                        "trace:attempt.fate_unknown! end#3@5=UNKNOWN");
    assert_string_equal(world_stored(world, 3, ANSWER_OK, 6),
                        "trace:attempt.reported ack:h1 release");
}

static void what_must_not_run_twice_is_looked_up_before_it_is_claimed(void **state)
{
    struct world *world = *state;
    world->order.expected_seq = 5;
    assert_string_equal(world_order(world, "h1"), "fetch#1");
    assert_string_equal(world_fetched(world, 1, LAST_START, "other", 5),
                        "trace:attempt.fate_unknown! end#2@5=UNKNOWN");
}

static void after_the_look_it_is_claimed(void **state)
{
    struct world *world = *state;
    world->order.expected_seq = 5;
    (void)world_order(world, "h1");
    struct last last = {.kind = LAST_END, .step = 2, .attempt = 1, .claim = "x", .seq = 5};
    struct event event = {.kind = EVENT_FETCHED, .fetched = {1, ANSWER_OK, last}};
    assert_string_equal(world_step(world, event), "start#2@5");
    assert_string_equal(world_stored(world, 2, ANSWER_OK, 6), "run");
}

static void a_settled_or_overtaken_order_is_acked_and_dropped(void **state)
{
    struct world *world = *state;
    static const enum last_kind ends[] = {LAST_END, LAST_REVOKE};
    for (unsigned i = 0; i < 2; i++) {
        (void)world_order(world, "h1");
        uint64_t id = world->engine.last_id;
        (void)world_stored(world, id, ANSWER_CONFLICT, 0);
        assert_string_equal(world_fetched(world, id + 1, ends[i], "other", 9),
                            "trace:order.stale ack:h1");
    }
    (void)world_order(world, "h1");
    uint64_t id = world->engine.last_id;
    (void)world_stored(world, id, ANSWER_CONFLICT, 0);
    struct last newer = {.kind = LAST_START, .step = 9, .attempt = 1, .claim = "x", .seq = 9};
    struct event event = {.kind = EVENT_FETCHED, .fetched = {id + 1, ANSWER_OK, newer}};
    assert_string_equal(world_step(world, event), "trace:order.stale ack:h1");
    assert_true(engine_idle(&world->engine));
}

static void records_the_server_forgot_put_the_order_off_loudly(void **state)
{
    struct world *world = *state;
    world->order.expected_seq = 7;
    world->order.idempotent = true;
    (void)world_order(world, "h1");
    (void)world_stored(world, 1, ANSWER_CONFLICT, 0);
    assert_string_equal(world_fetched_nothing(world, 2, ANSWER_MISSING),
                        "trace:server.forgot_records! later:h1+5000");
    (void)world_order(world, "h2");
    (void)world_stored(world, 3, ANSWER_CONFLICT, 0);
    struct last older = {.kind = LAST_END, .step = 2, .attempt = 1, .claim = "x", .seq = 6};
    struct event event = {.kind = EVENT_FETCHED, .fetched = {4, ANSWER_OK, older}};
    assert_string_equal(world_step(world, event), "trace:server.forgot_records! later:h2+5000");
}

static void a_fetch_that_fails_is_repeated_with_growing_pauses(void **state)
{
    struct world *world = *state;
    (void)world_order(world, "h1");
    (void)world_stored(world, 1, ANSWER_CONFLICT, 0);
    assert_string_equal(world_fetched_nothing(world, 2, ANSWER_UNSETTLED), "");
    assert_string_equal(world_tick_after(world, 199), "");
    assert_string_equal(world_tick_after(world, 1), "fetch#3");
    assert_string_equal(world_fetched_nothing(world, 3, ANSWER_UNSETTLED), "");
    assert_string_equal(world_tick_after(world, 400), "fetch#4");
    assert_string_equal(world_fetched(world, 4, LAST_START, "mine", 5), "run");
}

static void a_refused_order_is_claimed_and_ends_without_running(void **state)
{
    struct world *world = *state;
    world->order.refusal = "unknown backend 'x'";
    (void)world_order(world, "h1");
    assert_string_equal(world_stored(world, 1, ANSWER_OK, 5), "end#2@5=BAD_PARAMS");
    assert_string_equal(world->effects.items[0].store.ruling->error, "unknown backend 'x'");
    assert_string_equal(world_stored(world, 2, ANSWER_OK, 6),
                        "trace:attempt.reported ack:h1 release");
}

static void a_cancel_while_claiming_ends_it_before_it_starts(void **state)
{
    struct world *world = *state;
    (void)world_order(world, "h1");
    assert_string_equal(world_cancel(world), "");
    assert_string_equal(world_stored(world, 1, ANSWER_OK, 5), "end#2@5=CANCELLED");
}

static void a_cancel_while_running_kills_once(void **state)
{
    struct world *world = *state;
    world_run(world);
    assert_string_equal(world_cancel(world), "kill:1500");
    assert_string_equal(world_cancel(world), "");
    assert_string_equal(world_simple(world, EVENT_EXITED), "flush");
    assert_string_equal(world_cancel(world), "");
    assert_string_equal(world_simple(world, EVENT_FLUSHED), "end#2@5=runner");
    assert_string_equal(world_cancel(world), "");
}

static void a_cancel_of_another_attempt_is_ignored(void **state)
{
    struct world *world = *state;
    assert_string_equal(world_cancel(world), "");
    world_run(world);
    struct attempt_key others[] = {KEY("job", 3, 2), KEY("job", 4, 1), KEY("bob", 3, 1)};
    for (unsigned i = 0; i < 3; i++) {
        struct event event = {.kind = EVENT_CANCEL, .cancel = {others[i], 0}};
        assert_string_equal(world_step(world, event), "");
    }
}

static void an_abort_kills_what_runs_and_takes_nothing_new(void **state)
{
    struct world *world = *state;
    world_run(world);
    struct event event = {.kind = EVENT_ABORT, .abort = {250}};
    assert_string_equal(world_step(world, event), "kill:250");
    world->order.key.step = 8;
    assert_string_equal(world_order(world, "h2"), "later:h2+1000");
}

static void a_draining_worker_finishes_what_it_has(void **state)
{
    struct world *world = *state;
    world_run(world);
    assert_string_equal(world_simple(world, EVENT_DRAIN), "");
    assert_string_equal(world_simple(world, EVENT_EXITED), "flush");
    assert_string_equal(world_simple(world, EVENT_FLUSHED), "end#2@5=runner");
    (void)world_stored(world, 2, ANSWER_OK, 6);
    assert_true(engine_idle(&world->engine));
    assert_string_equal(world_order(world, "h2"), "later:h2+1000");
}

static void another_order_while_one_is_held_is_put_off(void **state)
{
    struct world *world = *state;
    world_run(world);
    struct order first = world->order;
    world->order.key.step = 8;
    assert_string_equal(world_order(world, "h2"), "later:h2+1000");
    world->order = first;
    assert_string_equal(world_simple(world, EVENT_EXITED), "flush");
}

static void the_order_of_the_running_attempt_only_renews_its_handle(void **state)
{
    struct world *world = *state;
    world_run(world);
    assert_string_equal(world_order(world, "h2"), "trace:order.repeated");
    (void)world_simple(world, EVENT_EXITED);
    (void)world_simple(world, EVENT_FLUSHED);
    assert_string_equal(world_stored(world, 2, ANSWER_OK, 6),
                        "trace:attempt.reported ack:h2 release");
}

static void the_message_gets_signs_of_life_until_it_is_acked(void **state)
{
    struct world *world = *state;
    world_run(world);
    assert_string_equal(world_tick_after(world, 9999), "");
    assert_string_equal(world_tick_after(world, 1), "working:h1");
    assert_string_equal(world_tick_after(world, 9999), "");
    assert_string_equal(world_tick_after(world, 1), "working:h1");
}

static void a_lost_session_voids_the_handle_and_leaves_the_task_running(void **state)
{
    struct world *world = *state;
    world_run(world);
    assert_string_equal(world_simple(world, EVENT_SESSION_DOWN), "");
    assert_int_equal(engine_deadline(&world->engine).ns, INSTANT_NEVER.ns);
    assert_string_equal(world_simple(world, EVENT_EXITED), "flush");
    assert_string_equal(world_simple(world, EVENT_FLUSHED), "");
    assert_string_equal(world_simple(world, EVENT_SESSION_UP), "fetch#2");
    assert_string_equal(world_order(world, "h2"), "trace:order.repeated");
    assert_string_equal(world_fetched(world, 2, LAST_START, "mine", 5), "end#3@5=runner");
    assert_string_equal(world_stored(world, 3, ANSWER_OK, 6),
                        "trace:attempt.reported ack:h2 release");
}

static void a_session_lost_while_claiming_is_settled_in_the_next(void **state)
{
    struct world *world = *state;
    (void)world_order(world, "h1");
    assert_string_equal(world_stored(world, 1, ANSWER_UNSETTLED, 0), "");
    assert_string_equal(world_simple(world, EVENT_SESSION_DOWN), "");
    assert_string_equal(world_tick_after(world, 60000), "");
    assert_string_equal(world_simple(world, EVENT_SESSION_UP), "fetch#2");
    assert_string_equal(world_fetched(world, 2, LAST_START, "mine", 5), "run");
}

static void without_a_handle_nothing_is_acked(void **state)
{
    struct world *world = *state;
    world_run(world);
    (void)world_simple(world, EVENT_SESSION_DOWN);
    (void)world_simple(world, EVENT_EXITED);
    (void)world_simple(world, EVENT_FLUSHED);
    (void)world_simple(world, EVENT_SESSION_UP);
    assert_string_equal(world_fetched(world, 2, LAST_END, "mine", 6),
                        "trace:attempt.reported release");
}

static void a_revoked_attempts_outcome_is_late(void **state)
{
    struct world *world = *state;
    world_report(world);
    assert_string_equal(world_stored(world, 2, ANSWER_CONFLICT, 0), "fetch#3");
    assert_string_equal(world_fetched(world, 3, LAST_REVOKE, "", 6),
                        "trace:attempt.outcome_late! ack:h1 release");
}

static void the_end_is_repeated_until_it_is_settled(void **state)
{
    struct world *world = *state;
    world_report(world);
    uint64_t id = 2;
    for (unsigned i = 0; i < 20; i++) {
        assert_string_equal(world_stored(world, id, ANSWER_UNSETTLED, 0), "");
        (void)world_tick_after(world, 5000);
        assert_int_equal(world->effects.items[world->effects.count - 1].kind, EFFECT_FETCH);
        (void)world_fetched(world, id + 1, LAST_START, "mine", 5);
        id += 2;
    }
    assert_string_equal(world_stored(world, id, ANSWER_OK, 6),
                        "trace:attempt.reported ack:h1 release");
}

static void an_end_whose_start_was_forgotten_is_told_all_the_same(void **state)
{
    struct world *world = *state;
    world_report(world);
    (void)world_stored(world, 2, ANSWER_CONFLICT, 0);
    assert_string_equal(world_fetched_nothing(world, 3, ANSWER_MISSING),
                        "trace:server.forgot_records! end#4@0=runner");
}

static void answers_to_questions_of_the_past_are_ignored(void **state)
{
    struct world *world = *state;
    assert_string_equal(world_stored(world, 0, ANSWER_OK, 5), "");
    assert_string_equal(world_fetched_nothing(world, 0, ANSWER_MISSING), "");
    (void)world_order(world, "h1");
    assert_string_equal(world_stored(world, 77, ANSWER_OK, 5), "");
    assert_string_equal(world_fetched(world, 1, LAST_START, "mine", 5), "");
    assert_string_equal(world_stored(world, 1, ANSWER_OK, 5), "run");
    assert_string_equal(world_stored(world, 1, ANSWER_OK, 5), "");
    assert_string_equal(world_simple(world, EVENT_FLUSHED), "");
    world->order.key.attempt = 2;
    assert_string_equal(world_simple(world, EVENT_EXITED), "");
}

static void world_bring_to(struct world *world, enum phase phase)
{
    world->order.expected_seq = phase == PHASE_ORDERED ? 1 : 0;
    if (phase == PHASE_DONE)
        return;
    (void)world_order(world, "h1");
    if (phase == PHASE_ORDERED || phase == PHASE_CLAIMING)
        return;
    (void)world_stored(world, 1, ANSWER_OK, 5);
    if (phase == PHASE_RUNNING)
        return;
    (void)world_simple(world, EVENT_EXITED);
    if (phase == PHASE_REPORTING)
        (void)world_simple(world, EVENT_FLUSHED);
}

static void every_event_is_survived_in_every_phase_and_then_every_other(void **state)
{
    (void)state;
    for (unsigned walk = 0; walk < PHASE_COUNT * EVENT_KIND_COUNT * EVENT_KIND_COUNT; walk++) {
        void *own = NULL;
        (void)world_begin(&own);
        struct world *world = own;
        enum phase phase = (enum phase)(walk % PHASE_COUNT);
        world_bring_to(world, phase);
        assert_int_equal(world->engine.attempt.phase, phase);
        unsigned pair = walk / PHASE_COUNT;
        enum event_kind steps[2] = {(enum event_kind)(pair % EVENT_KIND_COUNT),
                                    (enum event_kind)(pair / EVENT_KIND_COUNT)};
        for (unsigned i = 0; i < 2; i++) {
            struct event event = {.kind = steps[i]};
            uint64_t id = world->engine.attempt.operation_id;
            if (steps[i] == EVENT_ORDER) {
                event.order.order = world->order;
                event.order.handle = "h9";
                event.order.claim = "claim";
            } else if (steps[i] == EVENT_STORED) {
                event.stored.id = id;
                event.stored.answer = (enum answer)(walk % 2);
                event.stored.seq = 8;
            } else if (steps[i] == EVENT_FETCHED) {
                event.fetched.id = id;
                event.fetched.last = (struct last){
                    .kind = (enum last_kind)(walk % 4), .step = 3, .attempt = 1, .claim = "x"};
                event.fetched.last.seq = 9;
            } else if (steps[i] == EVENT_EXITED || steps[i] == EVENT_FLUSHED) {
                event.exited.key = world->order.key;
            } else if (steps[i] == EVENT_CANCEL) {
                event.cancel.key = world->order.key;
            }
            world->now = instant_add(world->now, DURATION_MS(20000));
            (void)world_step(world, event);
        }
        (void)world_end(&own);
    }
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_task_is_claimed_run_reported_and_acked_in_this_order),
        STORY(the_next_order_starts_afresh),
        STORY(a_lost_ack_of_the_start_is_read_back),
        STORY(a_start_that_never_arrived_is_stored_again),
        STORY(an_idempotent_task_of_an_earlier_life_runs_again),
        STORY(any_other_task_of_an_earlier_life_ends_unknown),
        STORY(what_must_not_run_twice_is_looked_up_before_it_is_claimed),
        STORY(after_the_look_it_is_claimed),
        STORY(a_settled_or_overtaken_order_is_acked_and_dropped),
        STORY(records_the_server_forgot_put_the_order_off_loudly),
        STORY(a_fetch_that_fails_is_repeated_with_growing_pauses),
        STORY(a_refused_order_is_claimed_and_ends_without_running),
        STORY(a_cancel_while_claiming_ends_it_before_it_starts),
        STORY(a_cancel_while_running_kills_once),
        STORY(a_cancel_of_another_attempt_is_ignored),
        STORY(an_abort_kills_what_runs_and_takes_nothing_new),
        STORY(a_draining_worker_finishes_what_it_has),
        STORY(another_order_while_one_is_held_is_put_off),
        STORY(the_order_of_the_running_attempt_only_renews_its_handle),
        STORY(the_message_gets_signs_of_life_until_it_is_acked),
        STORY(a_lost_session_voids_the_handle_and_leaves_the_task_running),
        STORY(a_session_lost_while_claiming_is_settled_in_the_next),
        STORY(without_a_handle_nothing_is_acked),
        STORY(a_revoked_attempts_outcome_is_late),
        STORY(the_end_is_repeated_until_it_is_settled),
        STORY(an_end_whose_start_was_forgotten_is_told_all_the_same),
        STORY(answers_to_questions_of_the_past_are_ignored),
        cmocka_unit_test(every_event_is_survived_in_every_phase_and_then_every_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
