/* Taking a job over: claim it, read its log, look at what happened meanwhile, go on. */
#include <stdlib.h>

#include "base/check.h"
#include "controller.h"
#include "owner_parts.h"
#include "wire/record_wire.h"

struct engine *owner_replay(struct world *world, uint32_t job, const struct stored *const *log,
                            size_t count)
{
    struct engine *engine = engine_new();
    AUTO(effects_done) struct effects effects = {0};
    CHECK(engine != NULL);
    for (size_t i = 0; i < count; i++) {
        struct error err = {0};
        AUTO_PTR(record_read_free) struct record_read *read = NULL;
        CHECK(record_wire_unpack(bytes_of(log[i]->data, log[i]->len), &read, &err) == STATUS_OK);
        struct event event = {.kind = EVENT_REPLAY, .now = {1}};
        event.replay.record = &read->record;
        event.replay.take_plan = STEAL(read->plan);
        event.replay.seq = log[i]->seq;
        if (engine_step(engine, &event, &effects, &err) != STATUS_OK) {
            world_violated(world, job, "record %zu can't be replayed: %s", i + 1, err.text);
            engine_free(engine);
            return NULL;
        }
    }
    engine_check(engine);
    return engine;
}

void controller_check_log(struct world *world, const struct sim_job *job)
{
    size_t count;
    const struct stored *const *log = simbus_all(world->bus, SUBJECT_LOG, job->number, &count);
    struct engine *one = owner_replay(world, job->number, log, count);
    struct engine *two = owner_replay(world, job->number, log, count);
    if (one != NULL && two != NULL && job_digest(engine_job(one)) != job_digest(engine_job(two)))
        world_violated(world, job->number, "two folds of the same log differ");
    engine_free(one);
    engine_free(two);
}

void owner_compare(struct owner *owner)
{
    struct world *world = owner->world;
    if (owner->appending || owner->phase != OWNER_DRIVING)
        return;
    size_t count;
    const struct stored *const *log =
        simbus_all(world->bus, SUBJECT_LOG, owner->job->number, &count);
    const struct job *job = engine_job(owner->engine);
    if (count == 0 || log[count - 1]->seq != job->last_seq ||
        (owner->world->occasions_had & 15) != 0 || !owner_may_check(owner))
        return; /* somebody else has gone on; or not this time, for it takes long */
    struct engine *other = owner_replay(world, owner->job->number, log, count);
    if (other != NULL && job_digest(job) != job_digest(engine_job(other)))
        world_violated(world, owner->job->number,
                       "%s: the live state is not that of the log after record %llu",
                       owner->party->name, (unsigned long long)job->last_index);
    engine_free(other);
}

static void owner_give_up(struct owner *owner, const char *why)
{
    world_say(owner->world, owner->job->number, "%s does not adopt: %s", owner->party->name, why);
    owner->over = true;
    controller_drop(owner->controller, owner);
}

static void owner_go_on(struct owner *owner, const struct stored *signal)
{
    struct world *world = owner->world;
    owner->phase = OWNER_DRIVING;
    owner->adopted_at = world->now;
    struct event event = {.kind = EVENT_ADOPT};
    event.adopt.owner = owner->party->name;
    event.adopt.epoch = owner->epoch;
    event.adopt.age = (struct duration){
        owner->claimed_at > owner->created_at ? owner->claimed_at - owner->created_at : 0};
    world_say(world, owner->job->number, "%s adopts %s in epoch %llu after record %llu",
              owner->party->name, owner->job->id, (unsigned long long)owner->epoch,
              (unsigned long long)engine_job(owner->engine)->last_index);
    owner_step(owner, &event);
    owner_check_nodes(owner);
    if (signal != NULL && !owner->over && world->mutant != MUTANT_SIGNAL_NOT_READ)
        owner_take_fact(owner, signal);
    for (uint32_t i = 0; i < owner->waiting_count && !owner->over; i++)
        owner_take_fact(owner, owner->waiting[i]);
}

static void owner_signal_fetched(void *ctx, uint64_t a, uint64_t b,
                                 const struct simbus_answer *answer)
{
    struct owner *owner = owner_of(ctx, a);
    (void)b;
    if (owner == NULL)
        return;
    if (answer->outcome != SIMBUS_OK && answer->outcome != SIMBUS_NOT_FOUND)
        owner_give_up(owner, "signals are not to be had");
    else
        owner_go_on(owner, answer->last);
}

static void owner_all_fetched(struct owner *owner)
{
    if (owner->fetching > 0)
        return;
    const struct simbus_asker asker = owner_asker(owner, owner_signal_fetched, 0);
    simbus_fetch(owner->world->bus, &asker, SUBJECT_SIGNAL, owner->job->number, 0);
}

static void owner_fetched(void *ctx, uint64_t a, uint64_t b, const struct simbus_answer *answer)
{
    struct owner *owner = owner_of(ctx, a);
    (void)b;
    if (owner == NULL || owner->over)
        return;
    owner->fetching--;
    if (answer->outcome == SIMBUS_OK) {
        owner_take_fact(owner, answer->last);
    } else if (answer->outcome != SIMBUS_NOT_FOUND) {
        owner_give_up(owner, "results are not to be had");
        return;
    }
    owner_all_fetched(owner);
}

static void owner_fetch(struct owner *owner)
{
    const struct job *job = engine_job(owner->engine);
    const struct simbus_asker asker = owner_asker(owner, owner_fetched, 0);
    for (uint32_t node = 0; node < job->node_count; node++) {
        if (job->nodes[node].open_step == PLAN_NONE)
            continue;
        owner->fetching++;
        simbus_fetch(owner->world->bus, &asker, SUBJECT_RESULT, owner->job->number,
                     owner->job->nodes[node]);
    }
    owner_all_fetched(owner);
}

static void owner_log_read(void *ctx, uint64_t a, uint64_t b, const struct simbus_answer *answer)
{
    struct owner *owner = owner_of(ctx, a);
    (void)b;
    if (owner == NULL)
        return;
    if (answer->outcome != SIMBUS_OK) {
        owner_give_up(owner, "the log is not to be had");
        return;
    }
    size_t count = answer->count;
    if (owner->world->mutant == MUTANT_STALE_REPLAY && count > 1)
        count--;
    engine_free(owner->engine);
    owner->engine = owner_replay(owner->world, owner->job->number, answer->all, count);
    if (owner->engine == NULL) {
        owner->engine = engine_new();
        owner_give_up(owner, "the log is broken");
        return;
    }
    owner->created_at = answer->all[0]->at_ns;
    owner_fetch(owner);
}

static void owner_dated(void *ctx, uint64_t a, uint64_t b, const struct simbus_answer *answer)
{
    struct owner *owner = owner_of(ctx, a);
    (void)b;
    if (owner == NULL)
        return;
    if (answer->outcome != SIMBUS_OK || answer->seq != owner->revision) {
        owner_give_up(owner, "it was claimed again at once");
        return;
    }
    owner->claimed_at = answer->last->at_ns;
    const struct simbus_asker asker = owner_asker(owner, owner_log_read, 0);
    simbus_read(owner->world->bus, &asker, SUBJECT_LOG, owner->job->number);
}

static void owner_claimed(void *ctx, uint64_t a, uint64_t b, const struct simbus_answer *answer)
{
    struct owner *owner = owner_of(ctx, a);
    (void)b;
    if (owner == NULL)
        return;
    if (answer->outcome != SIMBUS_OK) {
        owner_give_up(owner, "its claim is not accepted");
        return;
    }
    owner->revision = answer->seq;
    const struct simbus_asker asker = owner_asker(owner, owner_dated, 0);
    simbus_fetch(owner->world->bus, &asker, SUBJECT_KV, owner->job->number, 0);
}

struct owner *owner_adopt(struct controller *controller, struct party *party,
                          const struct sim_job *job, uint32_t serial,
                          const struct fact_value *value, uint64_t revision)
{
    struct owner *owner = owner_new(controller, party, job, serial);
    owner->phase = OWNER_ADOPTING;
    owner->epoch = (value == NULL ? 1 : value->epoch) + 1;
    struct fact_value claim;
    memset(&claim, 0, sizeof claim);
    claim.owner = controller_number(controller);
    claim.epoch = owner->epoch;
    claim.state = value == NULL ? JOB_PENDING : value->state;
    const struct simbus_asker asker = owner_asker(owner, owner_claimed, 0);
    const struct simbus_store store = {.kind = SUBJECT_KV,
                                       .job = job->number,
                                       .body = bytes_of(&claim, sizeof claim),
                                       .expect_set = true,
                                       .expect_seq = revision};
    simbus_store(party->world->bus, &asker, &store);
    return owner;
}
