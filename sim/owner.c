#include "owner.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "controller.h"
#include "controller/core/limits.h"
#include "oracle/oracle.h"
#include "owner_parts.h"
#include "wire/record_wire.h"

enum { OWNER_AGAIN_MS = 200 };

/* --- questions and answers --------------------------------------------------------------------
 * An answer carries the job and the owner's serial, and finds no one when that owner is gone. */

struct simbus_asker owner_asker(const struct owner *owner, owner_answered_fn answered,
                                uint64_t more)
{
    return (struct simbus_asker){.party = owner->party,
                                 .answered = answered,
                                 .ctx = owner->controller,
                                 .a = (uint64_t)owner->serial << 32 | owner->job->number,
                                 .b = more};
}

struct owner *owner_of(void *ctx, uint64_t a)
{
    return controller_owner(ctx, (uint32_t)a, (uint32_t)(a >> 32));
}

static void owner_later(struct owner *owner, uint64_t delay_ms,
                        void (*occur)(struct world *, const struct occasion *, bool), uint64_t b)
{
    world_after(owner->world, delay_ms * WORLD_MS,
                &(struct occasion){.party = owner->party,
                                   .occur = occur,
                                   .ctx = owner->controller,
                                   .a = (uint64_t)owner->serial << 32 | owner->job->number,
                                   .b = b});
}

static void owner_end(struct owner *owner)
{
    if (owner->over)
        return;
    owner->over = true;
    controller_drop(owner->controller, owner);
}

/* --- the log ---------------------------------------------------------------------------------- */

static void owner_append_ask(struct owner *owner);

static void owner_append_again(struct world *world, const struct occasion *occasion, bool gone)
{
    struct owner *owner = gone ? NULL : owner_of(occasion->ctx, occasion->a);
    (void)world;
    if (owner != NULL && owner->appending)
        owner_append_ask(owner);
}

static void owner_appended(struct owner *owner, uint64_t seq)
{
    owner->appending = false;
    owner_step(owner, &(struct event){.kind = EVENT_APPENDED, .appended = {.seq = seq}});
}

static void owner_refused(struct owner *owner)
{
    owner->appending = false;
    world_say(owner->world, owner->job->number, "%s is refused", owner->party->name);
    owner_step(owner, &(struct event){.kind = EVENT_REFUSED});
}

/* What is the same to the last byte; by its name also an earlier life's. */
static bool owner_is_own(const struct owner *owner, const struct stored *last)
{
    struct error err;
    AUTO_PTR(record_read_free) struct record_read *read = NULL;
    struct bytes bytes = bytes_of(last->data, last->len);
    if (owner->world->mutant != MUTANT_OWN_BY_NAME)
        return bytes_equal(bytes, buffer_bytes(&owner->record));
    return record_wire_unpack(bytes, &read, &err) == STATUS_OK &&
           read->record.index == owner->index && read->record.epoch == owner->epoch &&
           strcmp(read->record.owner, owner->party->name) == 0;
}

static void owner_read_back(void *ctx, uint64_t a, uint64_t b, const struct simbus_answer *answer)
{
    struct owner *owner = owner_of(ctx, a);
    (void)b;
    if (owner == NULL)
        return;
    if (answer->outcome != SIMBUS_OK || answer->seq == owner->prev_seq) {
        owner_later(owner, OWNER_AGAIN_MS, owner_append_again, 0);
        return;
    }
    if (owner_is_own(owner, answer->last))
        owner_appended(owner, answer->seq);
    else
        owner_refused(owner);
}

static void owner_append_answer(void *ctx, uint64_t a, uint64_t b,
                                const struct simbus_answer *answer)
{
    struct owner *owner = owner_of(ctx, a);
    if (owner == NULL || !owner->appending || b != owner->index)
        return;
    switch (answer->outcome) {
    case SIMBUS_OK:
        owner_appended(owner, answer->seq);
        return;
    case SIMBUS_CONFLICT:
    case SIMBUS_TIMEOUT: {
        if (owner->world->mutant == MUTANT_NO_READ_BACK && answer->outcome == SIMBUS_TIMEOUT) {
            owner_appended(owner, owner->prev_seq + 1);
            return;
        }
        const struct simbus_asker asker = owner_asker(owner, owner_read_back, 0);
        simbus_fetch(owner->world->bus, &asker, SUBJECT_LOG, owner->job->number, 0);
        return;
    }
    case SIMBUS_NOT_FOUND:
    case SIMBUS_REFUSED:
        break;
    }
    owner_later(owner, OWNER_AGAIN_MS, owner_append_again, 0);
}

static void owner_append_ask(struct owner *owner)
{
    const struct simbus_asker asker = owner_asker(owner, owner_append_answer, owner->index);
    const struct simbus_store store = {
        .kind = SUBJECT_LOG,
        .job = owner->job->number,
        .body = buffer_bytes(&owner->record),
        .expect_set = true,
        .expect_seq = owner->prev_seq,
    };
    simbus_store(owner->world->bus, &asker, &store);
}

static void owner_append(struct owner *owner, const struct record *record)
{
    buffer_clear(&owner->record);
    CHECK(!owner->appending);
    CHECK(record_wire_pack(record, &owner->record) == STATUS_OK);
    owner->appending = true;
    owner->prev_seq = record->prev_seq;
    owner->index = record->index;
    CHECK(record->epoch == owner->epoch);
    owner_append_ask(owner);
}

static void owner_take_result(struct owner *owner, uint32_t node, uint64_t seq,
                              const struct fact_result *fact);

/* --- orders, revocations, cancels ------------------------------------------------------------- */

/* One attempt in a number; the four bits above it are free. */
static uint64_t owner_key(uint32_t step, uint32_t node, uint32_t attempt)
{
    return (uint64_t)step << 40 | (uint64_t)node << 16 | attempt;
}

static void owner_sent(struct owner *owner, uint32_t step, uint32_t node, uint32_t attempt,
                       bool stored)
{
    struct event event = {.kind = stored ? EVENT_SENT : EVENT_UNSENT};
    event.sent.step = step;
    event.sent.node = node;
    event.sent.attempt = attempt;
    owner_step(owner, &event);
}

static void owner_dispatch_answer(void *ctx, uint64_t a, uint64_t b,
                                  const struct simbus_answer *answer)
{
    struct owner *owner = owner_of(ctx, a);
    if (owner == NULL || owner->over)
        return;
    owner_sent(owner, (uint32_t)(b >> 40), (uint32_t)(b >> 16) & 0xffffff, (uint32_t)b & 0xffff,
               answer->outcome == SIMBUS_OK);
}

static void owner_sent_at_once(struct world *world, const struct occasion *occasion, bool gone)
{
    struct owner *owner = gone ? NULL : owner_of(occasion->ctx, occasion->a);
    (void)world;
    if (owner != NULL)
        owner_dispatch_answer(occasion->ctx, occasion->a, occasion->b,
                              &(struct simbus_answer){.outcome = SIMBUS_OK});
}

static void owner_order(struct owner *owner, uint32_t step, uint32_t node, uint32_t attempt,
                        uint64_t expected_seq)
{
    struct world *world = owner->world;
    const struct plan_item *item = &owner->job->plan->items[owner->job->plan->step_items[step]];
    const struct fact_order order = {.step = step,
                                     .attempt = attempt,
                                     .expected_seq = expected_seq,
                                     .timeout_ms = duration_to_ms(item->timeout),
                                     .idempotent = item->idempotent};
    const struct simbus_store store = {
        .kind = SUBJECT_TASK,
        .job = owner->job->number,
        .node = owner->job->nodes[node],
        .body = bytes_of(&order, sizeof order),
    };
    uint64_t more = owner_key(step, node, attempt);
    bool dropped = world->mutant == MUTANT_NO_REPUBLISH && owner->adopted_at != 0 &&
                   world->now - owner->adopted_at < 100 * WORLD_MS;
    if (dropped || world->mutant == MUTANT_SENT_BEFORE_PUBACK) {
        owner_later(owner, 0, owner_sent_at_once, more);
        if (dropped)
            return;
    }
    world_say(world, owner->job->number, "%s orders step %u #%u on node-%u after %llu",
              owner->party->name, step, attempt, owner->job->nodes[node],
              (unsigned long long)expected_seq);
    const struct simbus_asker asker = owner_asker(owner, owner_dispatch_answer, more);
    simbus_store(world->bus, &asker, &store);
}

static void owner_revoke_answer(void *ctx, uint64_t a, uint64_t b,
                                const struct simbus_answer *answer)
{
    (void)ctx, (void)a, (void)b;
    (void)answer; /* the result subject tells */
}

/* The mutant's way: the owner takes its own word for it, and the worker never hears of it. */
static void owner_revoke_unstored(struct world *world, const struct occasion *occasion, bool gone)
{
    struct owner *owner = gone ? NULL : owner_of(occasion->ctx, occasion->a);
    uint32_t node = (uint32_t)(occasion->b >> 16) & 0xffffff;
    struct fact_result fact = {.kind = FACT_REVOKE,
                               .step = (uint32_t)(occasion->b >> 40) & 0xffff,
                               .attempt = (uint32_t)occasion->b & 0xffff,
                               .state = (enum attempt_state)(occasion->b >> 60),
                               .code = "LOST"};
    (void)world;
    if (owner != NULL && owner->phase == OWNER_DRIVING)
        owner_take_result(owner, owner->job->nodes[node],
                          engine_job(owner->engine)->nodes[node].seen_seq + 1, &fact);
}

static void owner_revoke(struct owner *owner, const struct effect *effect)
{
    if (owner->world->mutant == MUTANT_NO_REVOKE) {
        owner_later(owner, 0, owner_revoke_unstored,
                    (uint64_t)effect->task.state << 60 |
                        owner_key(effect->task.step, effect->task.node, effect->task.attempt));
        return;
    }
    struct fact_result fact = {.kind = FACT_REVOKE,
                               .step = effect->task.step,
                               .attempt = effect->task.attempt,
                               .state = effect->task.state};
    (void)snprintf(fact.code, sizeof fact.code, "%s", effect->task.code);
    (void)snprintf(fact.error, sizeof fact.error, "%.79s", effect->task.text);
    const struct simbus_store store = {
        .kind = SUBJECT_RESULT,
        .job = owner->job->number,
        .node = owner->job->nodes[effect->task.node],
        .body = bytes_of(&fact, sizeof fact),
        .expect_set = owner->world->mutant != MUTANT_REVOKE_UNCONDITIONAL,
        .expect_seq = effect->task.expected_seq,
    };
    world_say(owner->world, owner->job->number, "%s revokes step %u #%u on node-%u after %llu: %s",
              owner->party->name, effect->task.step, effect->task.attempt, store.node,
              (unsigned long long)effect->task.expected_seq, effect->task.code);
    const struct simbus_asker asker = owner_asker(owner, owner_revoke_answer, 0);
    simbus_store(owner->world->bus, &asker, &store);
}

static void owner_cancel_arrived(struct world *world, const struct occasion *occasion, bool gone)
{
    if (gone)
        return;
    worker_cancel(world->cell->workers[occasion->party->index], (uint32_t)occasion->a,
                  (uint32_t)(occasion->b >> 32), (uint32_t)occasion->b, CANCEL_GRACE_MS);
}

static void owner_cancel(struct owner *owner, const struct effect *effect)
{
    uint32_t node = owner->job->nodes[effect->task.node];
    struct party *to = &owner->world->cell->nodes[node];
    simbus_publish(
        owner->world->bus, owner->party, to,
        &(struct occasion){.party = to,
                           .occur = owner_cancel_arrived,
                           .a = owner->job->number,
                           .b = (uint64_t)effect->task.step << 32 | effect->task.attempt});
}

/* --- the KV value ----------------------------------------------------------------------------- */

static void owner_save_write(struct owner *owner);

static void owner_save_again(struct world *world, const struct occasion *occasion, bool gone)
{
    struct owner *owner = gone ? NULL : owner_of(occasion->ctx, occasion->a);
    (void)world;
    if (owner != NULL)
        owner_save_write(owner);
}

static void owner_saved(struct owner *owner, uint64_t revision)
{
    owner->revision = revision;
    if (owner->created)
        world_accept(owner->world, owner->job->number);
    owner->created = false;
    owner_save_write(owner);
    if (owner->ending && !owner->saving)
        owner_end(owner);
}

static void owner_save_later(struct owner *owner)
{
    owner->saving = false;
    if (!owner->save_wanted)
        owner->value = owner->writing;
    owner->save_wanted = true;
    owner_later(owner, OWNER_AGAIN_MS, owner_save_again, 0);
}

static void owner_save_read_back(void *ctx, uint64_t a, uint64_t b,
                                 const struct simbus_answer *answer)
{
    struct owner *owner = owner_of(ctx, a);
    struct fact_value found;
    (void)b;
    if (owner == NULL)
        return;
    if (answer->outcome != SIMBUS_OK) {
        owner_save_later(owner);
        return;
    }
    memcpy(&found, answer->last->data, sizeof found);
    if (found.epoch != owner->epoch || found.owner != controller_number(owner->controller)) {
        world_say(owner->world, owner->job->number, "%s is overtaken", owner->party->name);
        owner_end(owner);
        return;
    }
    if (found.state == owner->writing.state) {
        owner->saving = false;
        owner_saved(owner, answer->seq);
        return;
    }
    owner->revision = answer->seq;
    owner_save_later(owner);
}

static void owner_save_answer(void *ctx, uint64_t a, uint64_t b, const struct simbus_answer *answer)
{
    struct owner *owner = owner_of(ctx, a);
    (void)b;
    if (owner == NULL)
        return;
    if (answer->outcome == SIMBUS_OK) {
        owner->saving = false;
        owner_saved(owner, answer->seq);
        return;
    }
    const struct simbus_asker asker = owner_asker(owner, owner_save_read_back, 0);
    simbus_fetch(owner->world->bus, &asker, SUBJECT_KV, owner->job->number, 0);
}

static void owner_save_write(struct owner *owner)
{
    if (owner->saving || !owner->save_wanted)
        return;
    owner->saving = true;
    owner->save_wanted = false;
    owner->writing = owner->value;
    const struct simbus_asker asker = owner_asker(owner, owner_save_answer, 0);
    const struct simbus_store store = {.kind = SUBJECT_KV,
                                       .job = owner->job->number,
                                       .body = bytes_of(&owner->writing, sizeof owner->writing),
                                       .expect_set = true,
                                       .expect_seq = owner->revision};
    simbus_store(owner->world->bus, &asker, &store);
}

static void owner_save(struct owner *owner, const struct job_summary *summary)
{
    memset(&owner->value, 0, sizeof owner->value);
    owner->value.owner = controller_number(owner->controller);
    owner->value.epoch = owner->epoch;
    owner->value.state = summary->state;
    owner->save_wanted = true;
    owner_save_write(owner);
}

/* --- the engine ------------------------------------------------------------------------------- */

static void owner_done(struct owner *owner)
{
    owner->ending = true;
    controller_check_log(owner->world, owner->job);
    if (!owner->saving && !owner->save_wanted)
        owner_end(owner);
}

/* A mutant: what the record is about to say is done before it is said. */
static void owner_dispatch_early(struct owner *owner, const struct record *record)
{
    for (uint32_t i = 0; i < record->entry_count; i++) {
        const struct entry *entry = &record->entries[i];
        for (uint32_t n = 0; entry->kind == ENTRY_SCHEDULED && n < entry->wave.node_count; n++) {
            uint32_t node = entry->wave.nodes[n];
            owner_order(owner, entry->wave.step, node, entry->wave.attempt,
                        engine_job(owner->engine)->nodes[node].result_seq);
        }
    }
}

static void owner_perform(struct owner *owner, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_APPEND:
        if (owner->world->mutant == MUTANT_DISPATCH_BEFORE_LOG)
            owner_dispatch_early(owner, effect->append);
        owner_append(owner, effect->append);
        return;
    case EFFECT_DISPATCH:
        owner_order(owner, effect->task.step, effect->task.node, effect->task.attempt,
                    effect->task.expected_seq);
        return;
    case EFFECT_REVOKE:
        owner_revoke(owner, effect);
        return;
    case EFFECT_CANCEL:
        owner_cancel(owner, effect);
        return;
    case EFFECT_SAVE:
        owner_save(owner, &effect->save);
        return;
    case EFFECT_TELL:
        return;
    case EFFECT_DONE:
        owner_done(owner);
        return;
    case EFFECT_DEPOSED:
        owner_end(owner);
        return;
    case EFFECT_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

static void owner_tick(struct world *world, const struct occasion *occasion, bool gone)
{
    struct owner *owner = gone ? NULL : owner_of(occasion->ctx, occasion->a);
    (void)world;
    if (owner == NULL || owner->tick_at != occasion->b)
        return;
    owner->tick_at = 0;
    owner_step(owner, &(struct event){.kind = EVENT_TICK});
}

static void owner_arm(struct owner *owner)
{
    struct instant deadline = engine_deadline(owner->engine);
    if (deadline.ns == INSTANT_NEVER.ns || deadline.ns == owner->tick_at)
        return;
    owner->tick_at = deadline.ns;
    world_after(owner->world, party_until(owner->party, deadline),
                &(struct occasion){.party = owner->party,
                                   .occur = owner_tick,
                                   .ctx = owner->controller,
                                   .a = (uint64_t)owner->serial << 32 | owner->job->number,
                                   .b = deadline.ns});
}

/* What takes as long as the job is big is done the more seldom. */
bool owner_may_check(const struct owner *owner)
{
    uint64_t rows = (uint64_t)owner->job->node_count * owner->job->plan->step_count;
    return chance_mix(owner->world->seed, owner->world->occasions_had) % (1 + rows / 32) == 0;
}

void owner_step(struct owner *owner, struct event *event)
{
    if (owner->over || owner->ending)
        return;
    struct error err = {0};
    event->now = party_now(owner->party);
    event->wall_ms = party_wall_ms(owner->party);
    effects_clear(&owner->effects);
    enum status status = engine_step(owner->engine, event, &owner->effects, &err);
    if (status != STATUS_OK) {
        world_violated(owner->world, owner->job->number, "%s: the engine gives up: %s",
                       owner->party->name, err.text);
        owner_end(owner);
        return;
    }
    if (owner_may_check(owner))
        engine_check(owner->engine);
    for (uint32_t i = 0; i < owner->effects.count && !owner->over; i++)
        owner_perform(owner, &owner->effects.items[i]);
    if (owner->over)
        return;
    owner_compare(owner);
    owner_arm(owner);
}

/* --- what it is told -------------------------------------------------------------------------- */

static void owner_take_result(struct owner *owner, uint32_t node, uint64_t seq,
                              const struct fact_result *fact)
{
    struct event event = {.kind = EVENT_RESULT};
    event.result.kind = fact->kind == FACT_START ? RESULT_START
                        : fact->kind == FACT_END ? RESULT_END
                                                 : RESULT_REVOKE;
    event.result.node = owner->world->cell->node_names[node];
    event.result.step = fact->step;
    event.result.attempt = fact->attempt;
    event.result.seq = seq;
    event.result.outcome = (struct outcome){.state = fact->state,
                                            .code = fact->code,
                                            .error = fact->error,
                                            .exit_code = fact->exit_code,
                                            .has_exit_code = fact->kind == FACT_END,
                                            .duration_ms = fact->duration_ms};
    owner_step(owner, &event);
}

void owner_take_fact(struct owner *owner, const struct stored *stored)
{
    struct fact_result fact;
    if (stored->kind == SUBJECT_SIGNAL) {
        struct event event = {.kind = EVENT_CANCEL};
        event.cancel.seq = stored->seq;
        event.cancel.by = "ops";
        event.cancel.reason = "";
        owner_step(owner, &event);
        return;
    }
    memcpy(&fact, stored->data, sizeof fact);
    owner_take_result(owner, stored->node, stored->seq, &fact);
}

/* What is stored while the job is being read may be missing from what was read. */
static void owner_keep_fact(struct owner *owner, const struct stored *fact)
{
    owner->waiting = realloc(owner->waiting, (owner->waiting_count + 1) * sizeof(struct stored *));
    CHECK(owner->waiting != NULL);
    owner->waiting[owner->waiting_count++] = fact;
}

void owner_fact(struct owner *owner, const struct stored *fact)
{
    if (owner->over)
        return;
    if (owner->phase == OWNER_DRIVING)
        owner_take_fact(owner, fact);
    else if (owner->world->mutant != MUTANT_FACTS_DROPPED)
        owner_keep_fact(owner, fact);
}

void owner_node(struct owner *owner, uint32_t node, bool silent)
{
    if (owner->over || owner->phase != OWNER_DRIVING)
        return;
    struct event event = {.kind = silent ? EVENT_SILENT : EVENT_HEARD};
    if (silent)
        event.silent.node = owner->world->cell->node_names[node];
    else
        event.heard.node = owner->world->cell->node_names[node];
    owner_step(owner, &event);
}

/* --- life ------------------------------------------------------------------------------------- */

struct owner *owner_new(struct controller *controller, struct party *party,
                        const struct sim_job *job, uint32_t serial)
{
    struct owner *owner = calloc(1, sizeof *owner);
    CHECK(owner != NULL);
    owner->controller = controller;
    owner->world = party->world;
    owner->party = party;
    owner->job = job;
    owner->serial = serial;
    owner->engine = engine_new();
    CHECK(owner->engine != NULL);
    return owner;
}

void owner_free(struct owner *owner)
{
    if (owner == NULL)
        return;
    engine_free(owner->engine);
    effects_done(&owner->effects);
    buffer_done(&owner->record);
    free(owner->waiting);
    free(owner);
}

void owner_check_nodes(struct owner *owner)
{
    for (uint32_t i = 0; i < owner->job->node_count && !owner->over; i++) {
        if (controller_node_silent(owner->controller, owner->job->nodes[i]))
            owner_node(owner, owner->job->nodes[i], true);
    }
}

void owner_begin(struct owner *owner)
{
    const struct sim_job *job = owner->job;
    struct entry created = {.kind = ENTRY_CREATED};
    struct event event = {.kind = EVENT_CREATE};
    created.created.id = job->id;
    created.created.plan = job->plan;
    created.created.spec = buffer_bytes(&job->spec);
    created.created.expected = job->expected;
    created.created.expected_count = job->node_count;
    created.created.refusal = "";
    created.created.spec_sha256 = "00";
    event.create.created = &created;
    event.create.take_plan = jobs_plan(job);
    event.create.owner = owner->party->name;
    owner_step(owner, &event);
    owner_check_nodes(owner);
}

struct owner *owner_create(struct controller *controller, struct party *party,
                           const struct sim_job *job, uint32_t serial)
{
    struct owner *owner = owner_new(controller, party, job, serial);
    owner->phase = OWNER_DRIVING;
    owner->created = true;
    owner->epoch = 1;
    return owner;
}
