#include "world.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "spec/spec.h"
#include "wire/record_wire.h"
#include "world_parts.h"

enum { WALL_START_MS = 1000000 };

void world_fault(struct world *world, const char *format, ...)
{
    if (world->fault[0] != '\0')
        return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(world->fault, world->fault_bytes, format, arguments);
    va_end(arguments);
    story_say(&world->story, "FAULT: %s", world->fault);
}

void world_later(struct world *world, uint64_t delay_ms, const struct occurrence *what)
{
    CHECK(world->occurrence_count < WORLD_OCCURRENCES_MAX);
    struct occurrence *added = &world->occurrences[world->occurrence_count++];
    *added = *what;
    added->at_ms = world->now_ms + delay_ms;
    added->order = world->orders_given++;
}

uint32_t world_find_node(const struct world *world, const char *name)
{
    for (uint32_t i = 0; i < world->scenario->node_count; i++) {
        if (strcmp(world->scenario->nodes[i].name, name) == 0)
            return i;
    }
    return PLAN_NONE;
}

const char *world_path(const struct world *world, uint32_t step)
{
    return story_path(&world->story, step);
}

/* --- the owner -------------------------------------------------------------------------------- */

static void world_owner_gone(struct world *world)
{
    world->append_out = false;
    world->owner++;
    world_later(world, TAKEOVER_MS, &(struct occurrence){.kind = OCCURS_TAKEOVER});
}

static struct occurrence world_answer(const struct world *world, const struct effect *effect,
                                      enum occurrence_kind kind)
{
    return (struct occurrence){.kind = kind,
                               .owner = world->owner,
                               .step = effect->task.step,
                               .node = effect->task.node,
                               .attempt = effect->task.attempt,
                               .number = effect->task.expected_seq};
}

static void world_dispatch(struct world *world, const struct effect *effect)
{
    struct worker *worker = &world->workers[effect->task.node];
    const struct behaviour *behaviour =
        scenario_behaviour(world->scenario, world->scenario->nodes[effect->task.node].name,
                           world_path(world, effect->task.step), effect->task.attempt);
    enum order_fate fate = worker->fate_used[effect->task.step] ? ORDER_STORED : behaviour->order;
    worker->fate_used[effect->task.step] = true;
    struct occurrence order = world_answer(world, effect, OCCURS_ORDER);
    struct occurrence answer =
        world_answer(world, effect, fate == ORDER_STORED ? OCCURS_SENT : OCCURS_UNSENT);
    if (fate != ORDER_LOST)
        world_later(world, PUBLISH_MS, &order);
    world_later(world, PUBLISH_MS + 1, &answer);
}

static void world_revoke(struct world *world, const struct effect *effect)
{
    struct occurrence revoke = world_answer(world, effect, OCCURS_REVOKE);
    char *text = arena_text(&world->arena, bytes_of_text(effect->task.text));
    CHECK(text != NULL);
    revoke.outcome =
        (struct outcome){.state = effect->task.state, .code = effect->task.code, .error = text};
    world_later(world, PUBLISH_MS, &revoke);
}

static void world_append(struct world *world, const struct record *record)
{
    if (world->append_out)
        world_fault(world, "a second append while one is under way");
    world->append_out = true;
    world->appending_after = record->prev_seq;
    buffer_clear(&world->appending);
    CHECK(record_wire_pack(record, &world->appending) == STATUS_OK);
    world_later(world, APPEND_MS,
                &(struct occurrence){.kind = OCCURS_LOG_STORE, .owner = world->owner});
}

static void world_perform(struct world *world, const struct effect *effect)
{
    if (effect->kind != EFFECT_TELL)
        story_flush_tells(&world->story);
    story_effect(&world->story, effect);
    oracle_effect(world, effect);
    switch (effect->kind) {
    case EFFECT_APPEND:
        world_append(world, effect->append);
        return;
    case EFFECT_DISPATCH:
        world_dispatch(world, effect);
        return;
    case EFFECT_REVOKE:
        world_revoke(world, effect);
        return;
    case EFFECT_CANCEL: {
        struct occurrence cancel = world_answer(world, effect, OCCURS_CANCEL);
        world_later(world, PUBLISH_MS, &cancel);
        return;
    }
    case EFFECT_DONE:
        world->done = true;
        return;
    case EFFECT_DEPOSED:
        world_owner_gone(world);
        return;
    case EFFECT_SAVE:
        world->saved = effect->save.state;
        return;
    case EFFECT_TELL:
        return;
    case EFFECT_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

static void world_step(struct world *world, struct event *event)
{
    if (world->engine == NULL)
        return;
    struct error err = {0};
    uint32_t owner = world->owner;
    event->now = instant_add((struct instant){0}, duration_ms(world->now_ms));
    event->wall_ms = WALL_START_MS + (int64_t)world->now_ms;
    effects_clear(&world->effects);
    enum status status = engine_step(world->engine, event, &world->effects, &err);
    if (status != STATUS_OK) {
        world_fault(world, "engine_step: %s: %s", status_text(status), err.text);
        return;
    }
    engine_check(world->engine);
    for (uint32_t i = 0; i < world->effects.count; i++)
        world_perform(world, &world->effects.items[i]);
    story_flush_tells(&world->story);
    if (owner == world->owner) {
        oracle_settled(world, event->kind == EVENT_APPENDED);
    } else { /* deposed */
        engine_free(world->engine);
        world->engine = NULL;
    }
}

static void world_create(struct world *world)
{
    const struct scenario *scenario = world->scenario;
    struct entry created = {.kind = ENTRY_CREATED};
    struct event event = {.kind = EVENT_CREATE};
    AUTO_PTR(spec_free) struct spec *spec = NULL;
    AUTO(buffer_done) struct buffer packed = {0};
    if (scenario->refusal == NULL) {
        AUTO_HEAP struct problems *problems = calloc(1, sizeof *problems);
        CHECK(problems != NULL);
        if (spec_parse(buffer_bytes(&scenario->spec), &spec, problems) != STATUS_OK) {
            world_fault(world, "the spec: %s", problems->items[0].text);
            return;
        }
        CHECK(buffer_reserve(&packed, baton__v1__spec__get_packed_size(spec->message)) ==
              STATUS_OK);
        packed.len = baton__v1__spec__pack(spec->message, (uint8_t *)packed.data);
        created.created.spec = buffer_bytes(&packed);
        created.created.plan = spec->plan;
        if (world->story.plan == NULL) {
            CHECK(plan_from_spec(spec->message, &world->plan, NULL) == STATUS_OK);
            world->story.plan = world->plan;
        }
        event.create.take_plan = STEAL(spec->plan);
    }
    created.created.id = "01job";
    created.created.expected = scenario->nodes;
    created.created.expected_count = scenario->node_count;
    created.created.submitted_at_ms = WALL_START_MS;
    created.created.refusal = scenario->refusal == NULL ? "" : scenario->refusal;
    created.created.spec_sha256 = "00";
    event.create.created = &created;
    event.create.owner = "ctl-1";
    world_step(world, &event);
}

static void world_see_result(struct world *world, uint32_t index)
{
    const struct stored_result *result = &world->results[index];
    struct event event = {.kind = EVENT_RESULT};
    event.result.kind = result->kind;
    event.result.node = world->scenario->nodes[result->node].name;
    event.result.step = result->step;
    event.result.attempt = result->attempt;
    event.result.seq = result->seq;
    event.result.outcome = result->outcome;
    world_step(world, &event);
}

static void world_see_signal(struct world *world, uint32_t index)
{
    struct event event = {.kind = EVENT_CANCEL};
    event.cancel.seq = world->signals[index].seq;
    event.cancel.by = world->signals[index].by;
    event.cancel.reason = world->signals[index].reason;
    world_step(world, &event);
}

static void world_see_silence(struct world *world, uint32_t node)
{
    struct event event = {.kind = EVENT_HEARD};
    event.heard.node = world->scenario->nodes[node].name;
    if (world->workers[node].silent) {
        event.kind = EVENT_SILENT;
        event.silent.node = world->scenario->nodes[node].name;
    }
    world_step(world, &event);
}

/* Read the log, own the job, then look at the last record of every node and at the signals. */
static void world_takeover(struct world *world)
{
    if (world->log_count == 0) { /* nothing is known of the job: it is submitted again */
        world->engine = engine_new();
        CHECK(world->engine != NULL);
        world_create(world);
        return;
    }
    char owner[32];
    (void)snprintf(owner, sizeof owner, "ctl-%u", world->owner + 1);
    story_say(&world->story, "%s reads %u records and takes over", owner, world->log_count);
    world->engine = oracle_replay(world, world->log_count);
    struct event event = {.kind = EVENT_ADOPT};
    event.adopt.owner = owner;
    event.adopt.epoch = world->owner + 1u;
    event.adopt.age = duration_ms(world->now_ms);
    world_step(world, &event);
    for (uint32_t i = 0; i < world->result_count; i++) {
        if (world->results[i].seq == world->workers[world->results[i].node].last_seq)
            world_see_result(world, i);
    }
    for (uint32_t i = 0; i < world->signal_count; i++)
        world_see_signal(world, i);
    for (uint32_t node = 0; node < world->scenario->node_count; node++) {
        if (world->workers[node].silent)
            world_see_silence(world, node);
    }
}

static void world_owner_dies(struct world *world)
{
    if (world->engine == NULL || world->done)
        return;
    story_say(&world->story, "the owner dies");
    engine_free(world->engine);
    world->engine = NULL;
    world_owner_gone(world);
}

/* --- the log ---------------------------------------------------------------------------------- */

static void world_log_store(struct world *world, const struct occurrence *occurrence)
{
    struct occurrence answer = {.kind = OCCURS_LOG_ANSWER, .owner = occurrence->owner};
    uint64_t last = world->log_count == 0 ? 0 : world->log_seqs[world->log_count - 1];
    if (world->refuse_next || world->appending_after != last) {
        world->refuse_next = false;
    } else {
        CHECK(world->log_count < WORLD_RECORDS_MAX);
        struct buffer *stored = &world->log[world->log_count];
        CHECK(buffer_append(stored, buffer_bytes(&world->appending)) == STATUS_OK);
        world->log_seq += 3; /* other jobs write to the same stream */
        world->log_seqs[world->log_count++] = world->log_seq;
        answer.number = world->log_seq;
        oracle_logged(world);
    }
    world_later(world, APPEND_MS, &answer);
    if (!world->crash.acknowledged && answer.number != 0 && world->log_count == world->crash.record)
        world_owner_dies(world);
}

static void world_log_answer(struct world *world, const struct occurrence *occurrence)
{
    struct event event = {.kind = EVENT_REFUSED};
    world->append_out = false;
    if (occurrence->number != 0) {
        event.kind = EVENT_APPENDED;
        event.appended.seq = occurrence->number;
    }
    story_say(&world->story, "%s",
              occurrence->number == 0 ? "the append is refused" : "the append is accepted");
    world_step(world, &event);
    if (world->crash.acknowledged && world->log_count == world->crash.record) {
        world->crash.record = 0;
        world_owner_dies(world);
    }
}

/* --- what happens ----------------------------------------------------------------------------- */

static void world_cancel(struct world *world, const struct happening *happening)
{
    CHECK(world->signal_count < WORLD_SIGNALS_MAX);
    uint32_t index = world->signal_count++;
    world->signals[index].seq = ++world->result_seq;
    world->signals[index].by = happening->node;
    world->signals[index].reason = happening->reason;
    story_say(&world->story, "%s asks for the job's end (seq %llu)", happening->node,
              (unsigned long long)world->result_seq);
    world_later(
        world, FOLLOW_MS,
        &(struct occurrence){.kind = OCCURS_SIGNAL, .owner = world->owner, .number = index});
}

static void world_happening(struct world *world, const struct happening *happening)
{
    uint32_t node = world_find_node(world, happening->node);
    bool about_node = happening->kind != HAPPENING_CANCEL && happening->kind != HAPPENING_OWNER &&
                      happening->kind != HAPPENING_REFUSED;
    if (about_node && node == PLAN_NONE) {
        world_fault(world, "there is no node %s", happening->node);
        return;
    }
    switch (happening->kind) {
    case HAPPENING_CANCEL:
        world_cancel(world, happening);
        return;
    case HAPPENING_OWNER:
        world_owner_dies(world);
        return;
    case HAPPENING_REFUSED:
        world->refuse_next = true;
        return;
    case HAPPENING_SILENT:
    case HAPPENING_DIES:
        story_say(&world->story, "%s %s", happening->node,
                  happening->kind == HAPPENING_DIES ? "dies" : "is not heard any more");
        world->workers[node].silent = true;
        if (happening->kind == HAPPENING_DIES)
            workers_die(world, node);
        world_see_silence(world, node);
        return;
    case HAPPENING_HEARD:
    case HAPPENING_RETURNS:
        story_say(&world->story, "%s is heard again", happening->node);
        world->workers[node].silent = false;
        if (happening->kind == HAPPENING_RETURNS)
            workers_return(world, node);
        world_see_silence(world, node);
        return;
    case HAPPENING_RESTARTS:
        story_say(&world->story, "%s restarts", happening->node);
        workers_die(world, node);
        workers_return(world, node);
        return;
    case HAPPENING_AGAIN:
        story_say(&world->story, "the results of %s are delivered again", happening->node);
        for (uint32_t i = 0; i < world->result_count; i++) {
            if (world->results[i].node == node)
                world_see_result(world, i);
        }
        return;
    }
    UNREACHABLE();
}

static void world_sent(struct world *world, const struct occurrence *occurrence)
{
    struct event event = {.kind = EVENT_SENT};
    event.sent.step = occurrence->step;
    event.sent.node = occurrence->node;
    event.sent.attempt = occurrence->attempt;
    if (occurrence->kind == OCCURS_UNSENT) {
        event.kind = EVENT_UNSENT;
        event.unsent.step = occurrence->step;
        event.unsent.node = occurrence->node;
        event.unsent.attempt = occurrence->attempt;
        story_say(&world->story, "whether the order %s #%u to %s is stored is not known",
                  world_path(world, occurrence->step), occurrence->attempt,
                  world->scenario->nodes[occurrence->node].name);
    }
    world_step(world, &event);
}

static void world_occur(struct world *world, const struct occurrence *occurrence)
{
    bool for_owner = occurrence->owner == world->owner && world->engine != NULL;
    switch (occurrence->kind) {
    case OCCURS_HAPPENING:
        world_happening(world, &world->scenario->happenings[occurrence->number]);
        return;
    case OCCURS_LOG_STORE:
        world_log_store(world, occurrence);
        return;
    case OCCURS_LOG_ANSWER:
        if (for_owner)
            world_log_answer(world, occurrence);
        return;
    case OCCURS_ORDER:
        workers_order(world, occurrence);
        return;
    case OCCURS_SENT:
    case OCCURS_UNSENT:
        if (for_owner)
            world_sent(world, occurrence);
        return;
    case OCCURS_START:
        workers_start(world, occurrence);
        return;
    case OCCURS_END:
        workers_end(world, occurrence);
        return;
    case OCCURS_REVOKE:
        workers_revoke(world, occurrence);
        return;
    case OCCURS_CANCEL:
        workers_cancel(world, occurrence);
        return;
    case OCCURS_RESULT:
        if (for_owner)
            world_see_result(world, (uint32_t)occurrence->number);
        return;
    case OCCURS_SIGNAL:
        if (for_owner)
            world_see_signal(world, (uint32_t)occurrence->number);
        return;
    case OCCURS_TAKEOVER:
        engine_free(world->engine);
        world->engine = NULL;
        world_takeover(world);
        return;
    }
    UNREACHABLE();
}

/* --- time ------------------------------------------------------------------------------------- */

static bool world_before(const struct occurrence *a, const struct occurrence *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static uint64_t world_deadline_ms(const struct world *world)
{
    if (world->engine == NULL)
        return UINT64_MAX;
    uint64_t ns = engine_deadline(world->engine).ns;
    return ns == UINT64_MAX ? UINT64_MAX : ns / 1000000 + (ns % 1000000 != 0);
}

/* Let the next thing occur. @return false when nothing is left. */
static bool world_turn(struct world *world)
{
    uint32_t next = 0;
    for (uint32_t i = 1; i < world->occurrence_count; i++) {
        if (world_before(&world->occurrences[i], &world->occurrences[next]))
            next = i;
    }
    uint64_t deadline = world_deadline_ms(world);
    if (world->occurrence_count == 0 && deadline == UINT64_MAX)
        return false;
    if (world->occurrence_count == 0 || deadline < world->occurrences[next].at_ms) {
        world->now_ms = deadline > world->now_ms ? deadline : world->now_ms;
        world->story.now_ms = world->now_ms;
        world_step(world, &(struct event){.kind = EVENT_TICK});
        return true;
    }
    struct occurrence occurrence = world->occurrences[next];
    world->occurrences[next] = world->occurrences[--world->occurrence_count];
    world->now_ms = occurrence.at_ms;
    world->story.now_ms = world->now_ms;
    world_occur(world, &occurrence);
    return true;
}

static void world_give_log(const struct world *world, struct buffer *out)
{
    for (uint32_t i = 0; i < world->log_count; i++) {
        size_t len = world->log[i].len;
        CHECK(len <= UINT16_MAX);
        uint8_t length[] = {(uint8_t)(len >> 8), (uint8_t)len};
        CHECK(buffer_append(out, bytes_of(length, sizeof length)) == STATUS_OK);
        CHECK(buffer_append(out, buffer_bytes(&world->log[i])) == STATUS_OK);
    }
}

static void world_done(struct world *world)
{
    engine_free(world->engine);
    effects_done(&world->effects);
    for (uint32_t i = 0; i < WORLD_RECORDS_MAX; i++)
        buffer_done(&world->log[i]);
    buffer_done(&world->appending);
    story_done(&world->story);
    arena_done(&world->arena);
    plan_free(world->plan);
    free(world->occurrences);
    free(world);
}

void world_play(const struct scenario *scenario, struct world_crash crash,
                struct world_result *ret_result)
{
    *ret_result = (struct world_result){0};
    struct world *world = calloc(1, sizeof *world);
    CHECK(world != NULL);
    world->scenario = scenario;
    world->crash = crash;
    world->story.nodes = scenario->nodes;
    world->fault = ret_result->fault;
    world->fault_bytes = sizeof ret_result->fault;
    world->occurrences = calloc(WORLD_OCCURRENCES_MAX, sizeof *world->occurrences);
    world->engine = engine_new();
    CHECK(world->occurrences != NULL && world->engine != NULL);
    for (uint32_t i = 0; i < scenario->happening_count; i++)
        world_later(world, scenario->happenings[i].at_ms,
                    &(struct occurrence){.kind = OCCURS_HAPPENING, .number = i});
    world_create(world);
    uint32_t turns = 0;
    while (world->fault[0] == '\0' && world_turn(world)) {
        if (++turns == WORLD_OCCURRENCES_MAX)
            world_fault(world, "the story does not end");
    }
    if (world->fault[0] == '\0')
        oracle_end(world);
    if (world->log_count > 0 && world->fault[0] == '\0') {
        struct engine *engine = oracle_replay(world, world->log_count);
        ret_result->ended = engine_job(engine)->state;
        engine_free(engine);
    }
    ret_result->records = world->log_count;
    world_give_log(world, &ret_result->log);
    ret_result->story = world->story.text;
    world->story.text = (struct buffer){0};
    world_done(world);
}

void world_result_done(struct world_result *result)
{
    buffer_done(&result->story);
    buffer_done(&result->log);
}
