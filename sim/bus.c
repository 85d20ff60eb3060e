#include "bus.h"

#include <stdlib.h>

#include "base/check.h"
#include "oracle/oracle.h"
#include "simbus_parts.h"

enum { ASK_TIMEOUT_MS = 5000 };

/* --- what is stored --------------------------------------------------------------------------- */

static struct simbus_job *simbus_job(const struct simbus *bus, uint32_t job)
{
    return job < bus->job_count ? bus->jobs[job] : NULL;
}

static struct simbus_subject *simbus_subject(const struct simbus *bus, enum subject_kind kind,
                                             uint32_t job, uint32_t node)
{
    struct simbus_job *of = simbus_job(bus, job);
    if (of == NULL)
        return NULL;
    switch (kind) {
    case SUBJECT_LOG:
        return &of->log;
    case SUBJECT_SIGNAL:
        return &of->signal;
    case SUBJECT_KV:
        return &of->kv;
    case SUBJECT_RESULT:
        return &of->results[node];
    case SUBJECT_TASK:
    case SUBJECT_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

static enum simbus_stream simbus_stream_of(enum subject_kind kind)
{
    switch (kind) {
    case SUBJECT_LOG:
        return STREAM_LOG;
    case SUBJECT_RESULT:
    case SUBJECT_SIGNAL:
        return STREAM_RESULTS;
    case SUBJECT_KV:
        return STREAM_KV;
    case SUBJECT_TASK:
        return STREAM_TASKS;
    case SUBJECT_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

void simbus_add_job(struct simbus *bus, uint32_t job)
{
    if (job >= bus->job_count) {
        uint32_t count = job + 64;
        bus->jobs = realloc(bus->jobs, count * sizeof(struct simbus_job *));
        CHECK(bus->jobs != NULL);
        memset(&bus->jobs[bus->job_count], 0,
               (count - bus->job_count) * sizeof(struct simbus_job *));
        bus->job_count = count;
    }
    struct simbus_job *added = calloc(1, sizeof *added + bus->nodes * sizeof *added->results);
    CHECK(added != NULL && bus->jobs[job] == NULL);
    bus->jobs[job] = added;
}

static void simbus_subject_done(struct simbus_subject *subject)
{
    for (size_t i = 0; i < subject->count; i++)
        free(subject->items[i]);
    free(subject->items);
}

bool simbus_busy(const struct simbus *bus, uint32_t job)
{
    const struct simbus_job *of = simbus_job(bus, job);
    return of != NULL && of->asks > 0;
}

void simbus_forget_job(struct simbus *bus, uint32_t job)
{
    struct simbus_job *of = simbus_job(bus, job);
    if (of == NULL)
        return;
    for (int s = 0; s < STREAM_COUNT; s++)
        simbus_feed_forget(&bus->feeds[s], job);
    for (uint32_t node = 0; node < bus->nodes; node++)
        simbus_subject_done(&of->results[node]);
    simbus_subject_done(&of->log);
    simbus_subject_done(&of->signal);
    simbus_subject_done(&of->kv);
    free(of);
    bus->jobs[job] = NULL;
}

const struct stored *simbus_last(const struct simbus *bus, enum subject_kind kind, uint32_t job,
                                 uint32_t node)
{
    const struct simbus_subject *subject = simbus_subject(bus, kind, job, node);
    return subject == NULL || subject->count == 0 ? NULL : subject->items[subject->count - 1];
}

const struct stored *const *simbus_all(const struct simbus *bus, enum subject_kind kind,
                                       uint32_t job, size_t *ret_count)
{
    const struct simbus_subject *subject = simbus_subject(bus, kind, job, 0);
    *ret_count = subject == NULL ? 0 : subject->count;
    return subject == NULL ? NULL : (const struct stored *const *)subject->items;
}

static bool simbus_fenced(const struct simbus *bus, const struct ask *ask)
{
    enum mutant mutant = bus->world->mutant;
    if (mutant == MUTANT_NO_FENCE && ask->kind == SUBJECT_LOG)
        return false;
    if (mutant == MUTANT_UPDATE_NOT_ATOMIC && ask->kind == SUBJECT_KV)
        return false;
    return ask->expect_set;
}

static struct stored *simbus_make(struct simbus *bus, const struct ask *ask)
{
    struct stored *made = malloc(sizeof *made + ask->len);
    CHECK(made != NULL);
    *made = (struct stored){.kind = ask->kind,
                            .job = ask->job,
                            .node = ask->node,
                            .seq = ++bus->seqs[simbus_stream_of(ask->kind)],
                            .at_ns = bus->world->now,
                            .len = ask->len};
    if (ask->len > 0)
        memcpy(made->data, ask->body, ask->len);
    return made;
}

static void simbus_append(struct simbus_subject *subject, struct stored *stored)
{
    if (subject->count == subject->capacity) {
        subject->capacity = subject->capacity == 0 ? 4 : subject->capacity * 2;
        subject->items = realloc(subject->items, subject->capacity * sizeof(struct stored *));
        CHECK(subject->items != NULL);
    }
    subject->items[subject->count++] = stored;
}

static void simbus_do_store(struct simbus *bus, const struct ask *ask, struct simbus_answer *answer)
{
    if (bus->full) {
        answer->outcome = SIMBUS_REFUSED;
        return;
    }
    if (ask->kind == SUBJECT_TASK) {
        struct stored *order = simbus_make(bus, ask);
        answer->seq = order->seq;
        simbus_queue_add(bus, order);
        return;
    }
    struct simbus_subject *subject = simbus_subject(bus, ask->kind, ask->job, ask->node);
    if (subject == NULL) {
        answer->outcome = SIMBUS_REFUSED; /* of a job that is over for long */
        return;
    }
    uint64_t last = subject->count == 0 ? 0 : subject->items[subject->count - 1]->seq;
    if (simbus_fenced(bus, ask) && ask->expect_seq != last) {
        answer->outcome = SIMBUS_CONFLICT;
        return;
    }
    struct stored *stored = simbus_make(bus, ask);
    simbus_append(subject, stored);
    answer->seq = stored->seq;
    oracle_stored(bus->world, stored);
    simbus_feed_add(bus, simbus_stream_of(ask->kind), stored);
}

/* --- requests --------------------------------------------------------------------------------- */

static void ask_release(struct simbus *bus, struct ask *ask)
{
    if (--ask->held > 0)
        return;
    struct simbus_job *job = simbus_job(bus, ask->job);
    if (job != NULL)
        job->asks--;
    free(ask->all);
    free(ask->body);
    free(ask);
}

static bool ask_open(const struct ask *ask)
{
    const struct party *party = ask->asker.party;
    return !ask->answered && party->life == ask->life && party->session == ask->session &&
           party->connected;
}

static void ask_answer(struct ask *ask, const struct simbus_answer *answer)
{
    const struct party *party = ask->asker.party;
    bool late = ask->answered && party->session == ask->session && party->life == ask->life;
    if (late && party->worker && party->world->mutant == MUTANT_REPLY_BY_KIND) {
        ask->asker.answered(ask->asker.ctx, SIMBUS_ANY_ASK, ask->asker.b, answer);
        return;
    }
    if (!ask_open(ask))
        return;
    ask->answered = true;
    ask->asker.answered(ask->asker.ctx, ask->asker.a, ask->asker.b, answer);
}

static void ask_timed_out(struct world *world, const struct occasion *occasion, bool gone)
{
    struct ask *ask = occasion->ctx;
    if (!gone)
        ask_answer(ask, &(struct simbus_answer){.outcome = SIMBUS_TIMEOUT});
    ask_release(world->bus, ask);
}

/* The answer as it was given when the request arrived. */
struct ask_reply {
    struct ask *ask;
    struct simbus_answer answer;
    const struct stored **all;
};

static void ask_replied(struct world *world, const struct occasion *occasion, bool gone)
{
    struct ask_reply *reply = occasion->ctx;
    if (!gone && !reply->ask->asker.party->cut_in)
        ask_answer(reply->ask, &reply->answer);
    ask_release(world->bus, reply->ask);
    free(reply->all);
    free(reply);
}

static uint64_t simbus_latency(struct simbus *bus)
{
    struct world *world = bus->world;
    uint64_t latency = chance_between(&world->chance, 50, 800) * 1000;
    if (chance_permille(&world->chance, bus->faults.delayed)) {
        world->faults[FAULT_DELAYED]++;
        latency += chance_around(&world->chance, bus->faults.delay_ms_max * WORLD_MS / 4);
    }
    return latency;
}

static void ask_arrived(struct world *world, const struct occasion *occasion, bool gone)
{
    struct ask *ask = occasion->ctx;
    struct simbus *bus = world->bus;
    if (gone || !bus->up) {
        ask_release(world->bus, ask);
        return;
    }
    struct simbus_answer answer = {.outcome = SIMBUS_OK};
    const struct stored **all = NULL;
    if (ask->op == ASK_STORE) {
        simbus_do_store(bus, ask, &answer);
    } else {
        const struct simbus_subject *subject = simbus_subject(bus, ask->kind, ask->job, ask->node);
        if (subject == NULL || subject->count == 0) {
            answer.outcome = SIMBUS_NOT_FOUND;
        } else {
            answer.last = subject->items[subject->count - 1];
            answer.seq = answer.last->seq;
        }
        if (ask->op == ASK_READ && subject != NULL && subject->count > 0) {
            all = calloc(subject->count, sizeof *all);
            CHECK(all != NULL);
            memcpy(all, subject->items, subject->count * sizeof *all);
            answer.all = all;
            answer.count = subject->count;
        }
    }
    if (chance_permille(&world->chance, bus->faults.ack_lost)) {
        world->faults[FAULT_ACK_LOST]++;
        free(all);
        ask_release(world->bus, ask);
        return;
    }
    struct ask_reply *reply = calloc(1, sizeof *reply);
    CHECK(reply != NULL);
    *reply = (struct ask_reply){ask, answer, all};
    world_after(world, simbus_latency(bus),
                &(struct occasion){.party = ask->asker.party, .occur = ask_replied, .ctx = reply});
}

static void simbus_send(struct simbus *bus, struct ask *ask)
{
    struct world *world = bus->world;
    if (ask->asker.party->cut_out)
        return;
    if (chance_permille(&world->chance, bus->faults.lost)) {
        world->faults[FAULT_LOST]++;
        return;
    }
    uint32_t copies = 1;
    if (chance_permille(&world->chance, bus->faults.doubled)) {
        world->faults[FAULT_DOUBLED]++;
        copies = 2;
    }
    for (uint32_t i = 0; i < copies; i++) {
        ask->held++;
        world_after(world, simbus_latency(bus),
                    &(struct occasion){.occur = ask_arrived, .ctx = ask});
    }
}

static struct ask *simbus_ask(struct simbus *bus, const struct simbus_asker *asker, enum ask_op op,
                              enum subject_kind kind, uint32_t job, uint32_t node)
{
    struct ask *ask = calloc(1, sizeof *ask);
    CHECK(ask != NULL);
    *ask = (struct ask){.op = op,
                        .kind = kind,
                        .job = job,
                        .node = node,
                        .asker = *asker,
                        .life = asker->party->life,
                        .session = asker->party->session,
                        .held = 1};
    struct simbus_job *of = simbus_job(bus, job);
    if (of != NULL)
        of->asks++;
    world_after(bus->world, ASK_TIMEOUT_MS * WORLD_MS,
                &(struct occasion){.party = asker->party, .occur = ask_timed_out, .ctx = ask});
    return ask;
}

void simbus_store(struct simbus *bus, const struct simbus_asker *asker,
                  const struct simbus_store *store)
{
    struct ask *ask = simbus_ask(bus, asker, ASK_STORE, store->kind, store->job, store->node);
    ask->expect_set = store->expect_set;
    ask->expect_seq = store->expect_seq;
    ask->len = store->body.len;
    ask->body = malloc(ask->len + 1);
    CHECK(ask->body != NULL);
    memcpy(ask->body, store->body.data, ask->len);
    simbus_send(bus, ask);
}

void simbus_fetch(struct simbus *bus, const struct simbus_asker *asker, enum subject_kind kind,
                  uint32_t job, uint32_t node)
{
    simbus_send(bus, simbus_ask(bus, asker, ASK_FETCH, kind, job, node));
}

void simbus_read(struct simbus *bus, const struct simbus_asker *asker, enum subject_kind kind,
                 uint32_t job)
{
    simbus_send(bus, simbus_ask(bus, asker, ASK_READ, kind, job, 0));
}

void simbus_publish(struct simbus *bus, struct party *from, struct party *to,
                    const struct occasion *arrive)
{
    struct world *world = bus->world;
    bool lost = from->cut_out || to->cut_in || !bus->up || !to->connected || !to->up;
    if (chance_permille(&world->chance, bus->faults.lost)) {
        world->faults[FAULT_LOST]++;
        lost = true;
    }
    if (lost)
        arrive->occur(world, arrive, true);
    else
        world_after(world, simbus_latency(bus) + simbus_latency(bus), arrive);
}

/* --- sessions and the server's life ----------------------------------------------------------- */

bool simbus_connect(struct simbus *bus, struct party *party)
{
    if (!bus->up || party->cut_in || party->cut_out)
        return false;
    party->session++;
    party->connected = true;
    party_update(party, true);
    return true;
}

void simbus_leave(struct party *party, struct simbus *bus)
{
    if (!party->connected)
        return;
    party->session++;
    party->connected = false;
    simbus_unfollow(bus, party);
    party_update(party, bus->up);
}

bool simbus_up(const struct simbus *bus)
{
    return bus->up;
}

void simbus_set_faults(struct simbus *bus, const struct simbus_faults *faults)
{
    bus->faults = *faults;
}

void simbus_set_full(struct simbus *bus, bool full)
{
    bus->full = full;
}

void simbus_die(struct simbus *bus, const struct simbus_memory *memory)
{
    bus->up = false;
    simbus_queues_forget(bus, memory->forgets_acks);
}

void simbus_rise(struct simbus *bus)
{
    bus->up = true;
}

/* --- life ------------------------------------------------------------------------------------- */

struct simbus *simbus_new(struct world *world, struct party **workers, uint32_t nodes,
                          const struct simbus_hooks *hooks)
{
    struct simbus *bus = calloc(1, sizeof *bus);
    CHECK(bus != NULL);
    bus->world = world;
    bus->up = true;
    bus->nodes = nodes;
    bus->workers = workers;
    bus->hooks = *hooks;
    bus->queues = calloc(nodes, sizeof *bus->queues);
    CHECK(bus->queues != NULL);
    return bus;
}

void simbus_free(struct simbus *bus)
{
    for (uint32_t job = 0; job < bus->job_count; job++)
        simbus_forget_job(bus, job);
    free(bus->jobs);
    simbus_queues_done(bus);
    for (int s = 0; s < STREAM_COUNT; s++)
        free(bus->feeds[s].items);
    free(bus->followers);
    free(bus);
}

static void simbus_unheard(void *ctx, uint64_t a, uint64_t b, const struct simbus_answer *answer)
{
    (void)ctx, (void)a, (void)b, (void)answer;
}

void simbus_put(struct simbus *bus, struct party *party, const struct simbus_store *store)
{
    if (!bus->up || bus->full)
        return;
    struct ask ask = {.op = ASK_STORE,
                      .kind = store->kind,
                      .job = store->job,
                      .body = (uint8_t *)(uintptr_t)store->body.data,
                      .len = store->body.len,
                      .asker = {.party = party, .answered = simbus_unheard}};
    struct simbus_answer answer = {.outcome = SIMBUS_OK};
    simbus_do_store(bus, &ask, &answer);
}
