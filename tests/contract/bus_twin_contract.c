/* The virtual bus of the simulator against a real server: both are given the same random operations
 * and must give the same answers. BATON_SEED gives a run back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "sim/bus.h"
#include "sim/oracle/oracle.h"

enum {
    TWIN_OPERATIONS = 10000,
    TWIN_NODES = 3,
    TWIN_JOBS = 6,
    TWIN_JOBS_KEPT = 3,   /* the first ones have a KV value and are never forgotten: a bucket denies
                             deletes */
    TWIN_HELD_MAX = 1024, /* messages of a subject */
    TWIN_STEP_MS = 4      /* of virtual time: longer than anything asked for takes */
};

enum twin_op {
    TWIN_STORE,
    TWIN_FETCH,
    TWIN_FETCH_SEQ,
    TWIN_FORGET,
    TWIN_TASK,
    TWIN_ACK,
    TWIN_NAK,
    TWIN_WORKING,
    TWIN_STALE,
    TWIN_ANEW,
    TWIN_OP_COUNT
};
static const struct {
    const char *text;
    uint32_t weight;
} twin_ops[TWIN_OP_COUNT] = {
    [TWIN_STORE] = {"store", 400},
    [TWIN_FETCH] = {"fetch the last", 150},
    [TWIN_FETCH_SEQ] = {"fetch", 100},
    [TWIN_FORGET] = {"forget a job", 10},
    [TWIN_TASK] = {"order", 130},
    [TWIN_ACK] = {"ack", 120},
    [TWIN_NAK] = {"nak", 40},
    [TWIN_WORKING] = {"working", 20},
    [TWIN_STALE] = {"settle again", 25},
    [TWIN_ANEW] = {"a new consumer", 5},
};

/* Messages as one side was told them, in order: the digest is of all of them. */
struct twin_told {
    uint64_t count, seq, digest;
    struct bus_ack ack; /* the real side's */
};

struct twin_node {
    struct party party;
    struct twin_told virtual, real;
    bool held; /* what was told last is not settled yet */
    struct twin_told settled;
    struct bus_pull *pull;
};

struct twin_answer {
    bool had;
    enum bus_outcome outcome;
    uint64_t seq;
    char body[BENCH_TEXT_MAX];
    uint64_t all[TWIN_HELD_MAX]; /* of a READ */
    char bodies[TWIN_HELD_MAX][16];
    size_t count;
};

struct twin {
    struct bench *bench;
    struct world world;
    struct chance chance; /* of the operations; the world has its own */
    uint64_t seed;
    unsigned index;
    enum twin_op op;
    struct party client;
    struct twin_node nodes[TWIN_NODES];
    struct party *workers[TWIN_NODES];
    struct twin_told facts[2], values[2]; /* virtual, real */
    struct twin_answer answer;
    unsigned had[TWIN_OP_COUNT], outcomes[BUS_OUTCOME_COUNT];
};

static struct twin *twin; /* the hooks of the virtual bus know only their party */

/* Nobody judges here what is stored. */
void oracle_stored(struct world *world, const struct stored *stored)
{
    (void)world, (void)stored;
}

static void twin_tell(struct twin_told *told, uint64_t seq)
{
    told->count++;
    told->seq = seq;
    told->digest = chance_mix(told->digest, seq);
}

/* --- a difference ----------------------------------------------------------------------------- */

static void twin_differ(const char *what, const char *of_virtual, const char *real)
{
    print_error("seed %" PRIu64 ", operation %u (%s): %s: the virtual bus says %s, the server %s\n",
                twin->seed, twin->index, twin_ops[twin->op].text, what, of_virtual, real);
    fail();
}

static void twin_same_told(const char *what, const struct twin_told *virtual,
                           const struct twin_told *real)
{
    bench_guard(twin->bench, BENCH_WAIT_MS);
    while (real->count < virtual->count && !twin->bench->expired)
        (void)uv_run(&twin->bench->loop, UV_RUN_ONCE);
    if (real->count == virtual->count && real->digest == virtual->digest)
        return;
    char texts[2][96];
    (void)snprintf(texts[0], sizeof(texts[0]), "%" PRIu64 " messages, the last is %" PRIu64,
                   virtual->count, virtual->seq);
    (void)snprintf(texts[1], sizeof(texts[1]), "%" PRIu64 " messages, the last is %" PRIu64,
                   real->count, real->seq);
    twin_differ(what, texts[0], texts[1]);
}

static void twin_same_answer(const char *what, const struct got *real)
{
    const struct twin_answer *answer = &twin->answer;
    char texts[2][256];
    assert_true(answer->had);
    twin->outcomes[real->outcome]++;
    bool ok = answer->outcome == BUS_OK;
    if (answer->outcome == real->outcome &&
        (!ok || (answer->seq == real->seq && strcmp(answer->body, real->body) == 0)))
        return;
    (void)snprintf(texts[0], sizeof(texts[0]), "%s %" PRIu64 " '%.16s'",
                   bus_outcome_text(answer->outcome), answer->seq, answer->body);
    (void)snprintf(texts[1], sizeof(texts[1]), "%s %" PRIu64 " '%.16s' (%.160s)",
                   bus_outcome_text(real->outcome), real->seq, real->body, real->text);
    twin_differ(what, texts[0], texts[1]);
}

/* --- the virtual side ------------------------------------------------------------------------- */

static void twin_ordered(struct party *party, const struct stored *order)
{
    struct twin_node *node = &twin->nodes[party->index];
    twin_tell(&node->virtual, order->seq);
    node->held = true;
}

static void twin_followed(struct party *party, const struct stored *fact)
{
    (void)party;
    twin_tell(&twin->facts[0], fact->seq);
}

static void twin_watched(struct party *party, const struct stored *value)
{
    (void)party;
    twin_tell(&twin->values[0], value->seq);
}

static void twin_answered(void *ctx, uint64_t a, uint64_t b, const struct simbus_answer *answer)
{
    static const enum bus_outcome outcomes[] = {[SIMBUS_OK] = BUS_OK,
                                                [SIMBUS_CONFLICT] = BUS_CONFLICT,
                                                [SIMBUS_TIMEOUT] = BUS_TIMEOUT,
                                                [SIMBUS_NOT_FOUND] = BUS_NOT_FOUND,
                                                [SIMBUS_REFUSED] = BUS_REFUSED};
    struct twin_answer *kept = ctx;
    (void)a, (void)b;
    kept->had = true;
    kept->outcome = outcomes[answer->outcome];
    kept->seq = answer->seq;
    if (answer->last != NULL)
        (void)snprintf(kept->body, sizeof(kept->body), "%.*s", (int)answer->last->len,
                       (const char *)answer->last->data);
    assert_true(answer->count <= TWIN_HELD_MAX);
    kept->count = answer->count;
    for (size_t i = 0; i < answer->count; i++) {
        const struct stored *stored = answer->all[i];
        kept->all[i] = stored->seq;
        (void)snprintf(kept->bodies[i], sizeof(kept->bodies[i]), "%.*s", (int)stored->len,
                       (const char *)stored->data);
    }
}

/* Let it come to rest. */
static void twin_rest(void)
{
    uint64_t until = twin->world.now + TWIN_STEP_MS * WORLD_MS;
    while (world_step(&twin->world, until))
        ;
    twin->world.now = until;
}

static struct simbus_asker twin_asker(void)
{
    memset(&twin->answer, 0, sizeof(twin->answer));
    return (struct simbus_asker){
        .party = &twin->client, .answered = twin_answered, .ctx = &twin->answer};
}

/* --- the real side ---------------------------------------------------------------------------- */

static void twin_real_order(void *ctx, const struct bus_message *message)
{
    struct twin_node *node = ctx;
    twin_tell(&node->real, message->stream_seq);
    node->real.ack = bus_ack_of(message);
}

static void twin_real_fact(void *ctx, const struct bus_message *message)
{
    twin_tell(ctx, message->stream_seq);
}

static void twin_real_value(void *ctx, enum kv_change change, const char *key, struct bytes value,
                            uint64_t revision)
{
    (void)change, (void)key, (void)value;
    twin_tell(ctx, revision);
}

static void twin_real_pull(uint32_t n)
{
    char name[16], subject[16];
    (void)snprintf(name, sizeof(name), "c%u", n);
    (void)snprintf(subject, sizeof(subject), "task.%u", n);
    struct bus_consumer consumer = {
        .stream = "TASKS", .name = name, .subject = subject, .ack_pending_max = 1, .memory = true};
    struct twin_node *node = &twin->nodes[n];
    node->pull = bus_pull(twin->bench->bus, &consumer, 1, twin_real_order, NULL, node);
}

/* Where something is on the real server. */
struct twin_place {
    enum subject_kind kind;
    uint32_t job, node;
    const char *stream;
    char subject[32];
};

static struct twin_place twin_place(enum subject_kind kind, uint32_t job, uint32_t node)
{
    struct twin_place place = {.kind = kind, .job = job, .node = node, .stream = "RESULTS"};
    if (kind == SUBJECT_LOG) {
        place.stream = "LOG";
        (void)snprintf(place.subject, sizeof(place.subject), "log.%u", job);
    } else if (kind == SUBJECT_RESULT) {
        (void)snprintf(place.subject, sizeof(place.subject), "result.%u.%u", job, node);
    } else if (kind == SUBJECT_SIGNAL) {
        (void)snprintf(place.subject, sizeof(place.subject), "result.%u.signal", job);
    } else {
        (void)snprintf(place.subject, sizeof(place.subject), "%u", job);
    }
    return place;
}

static struct twin_place twin_any_place(void)
{
    static const enum subject_kind kinds[] = {SUBJECT_LOG, SUBJECT_RESULT, SUBJECT_SIGNAL,
                                              SUBJECT_KV};
    enum subject_kind kind = kinds[chance_below(&twin->chance, 4)];
    uint32_t jobs = kind == SUBJECT_KV ? TWIN_JOBS_KEPT : TWIN_JOBS;
    uint32_t job = (uint32_t)chance_below(&twin->chance, jobs);
    uint32_t node = kind == SUBJECT_RESULT ? (uint32_t)chance_below(&twin->chance, TWIN_NODES) : 0;
    return twin_place(kind, job, node);
}

/* --- operations ------------------------------------------------------------------------------- */

/* Without an expectation, with the right one, with none stored yet, with a wrong one. */
static void twin_expect(struct simbus_store *store)
{
    const struct stored *last = simbus_last(twin->world.bus, store->kind, store->job, store->node);
    uint64_t seq = last == NULL ? 0 : last->seq;
    store->expect_set = chance_below(&twin->chance, 4) > 0;
    if (!store->expect_set)
        return;
    switch (chance_below(&twin->chance, 6)) {
    case 0:
        store->expect_seq = 0;
        break;
    case 1:
        store->expect_seq = seq + 1;
        break;
    case 2:
        store->expect_seq = chance_below(&twin->chance, seq + 3);
        break;
    default:
        store->expect_seq = seq;
    }
}

static void twin_store(void)
{
    struct bus *bus = twin->bench->bus;
    struct twin_place place = twin_any_place();
    char body[16];
    (void)snprintf(body, sizeof(body), "%u", twin->index);
    struct simbus_store store = {
        .kind = place.kind, .job = place.job, .node = place.node, .body = bytes_of_text(body)};
    twin_expect(&store);
    struct simbus_asker asker = twin_asker();
    simbus_store(twin->world.bus, &asker, &store);
    twin_rest();
    struct got got = {0};
    if (place.kind == SUBJECT_KV && store.expect_set) {
        bus_kv_update(bus, "b", place.subject, store.body, store.expect_seq, bench_answer, &got);
    } else if (place.kind == SUBJECT_KV) {
        bus_kv_put(bus, "b", place.subject, store.body, bench_answer, &got);
    } else {
        struct bus_store real = {.subject = place.subject,
                                 .body = store.body,
                                 .expect_set = store.expect_set,
                                 .expect_seq = store.expect_seq};
        bus_store(bus, &real, bench_answer, &got);
    }
    AWAIT(twin->bench, got.count > 0);
    got.body[0] = '\0'; /* the acknowledgement as JSON */
    twin_same_answer(place.subject, &got);
}

static void twin_fetch(void)
{
    struct twin_place place = twin_any_place();
    struct simbus_asker asker = twin_asker();
    simbus_fetch(twin->world.bus, &asker, place.kind, place.job, place.node);
    twin_rest();
    struct got got = {0};
    if (place.kind == SUBJECT_KV)
        bus_kv_get(twin->bench->bus, "b", place.subject, bench_answer, &got);
    else
        bus_fetch(twin->bench->bus, place.stream, 0, place.subject, bench_answer, &got);
    AWAIT(twin->bench, got.count > 0);
    twin_same_answer(place.subject, &got);
}

static void twin_read(enum subject_kind kind, uint32_t job)
{
    struct simbus_asker asker = twin_asker();
    simbus_read(twin->world.bus, &asker, kind, job);
    twin_rest();
    assert_true(twin->answer.had);
}

/* One of all the messages that the virtual bus has of a subject. */
static void twin_fetch_seq(void)
{
    uint32_t job = (uint32_t)chance_below(&twin->chance, TWIN_JOBS);
    enum subject_kind kind = chance_below(&twin->chance, 2) == 0 ? SUBJECT_LOG : SUBJECT_RESULT;
    struct twin_place place = twin_place(kind, job, 0);
    twin_read(kind, job);
    struct twin_answer *answer = &twin->answer;
    if (answer->count == 0)
        return;
    size_t at = chance_below(&twin->chance, answer->count);
    answer->seq = answer->all[at];
    (void)snprintf(answer->body, sizeof(answer->body), "%s", answer->bodies[at]);
    struct got got = bench_fetch(twin->bench, place.stream, answer->seq, NULL);
    twin_same_answer(place.subject, &got);
}

/* Delete on the server all that is on a subject, from the last to the first. */
static void twin_delete(enum subject_kind kind, uint32_t job, uint32_t node)
{
    struct twin_place place = twin_place(kind, job, node);
    for (;;) {
        struct got last = bench_fetch(twin->bench, place.stream, 0, place.subject);
        if (last.outcome == BUS_NOT_FOUND)
            return;
        assert_int_equal(last.outcome, BUS_OK);
        struct got got = {0};
        bus_delete(twin->bench->bus, place.stream, last.seq, bench_answer, &got);
        AWAIT(twin->bench, got.count > 0);
        assert_int_equal(got.outcome, BUS_OK);
    }
}

static void twin_forget(void)
{
    uint32_t job = (uint32_t)chance_between(&twin->chance, TWIN_JOBS_KEPT, TWIN_JOBS - 1);
    /* Requests are held until they would have timed out. */
    for (int i = 0; simbus_busy(twin->world.bus, job) && i < 2000; i++)
        twin_rest();
    assert_false(simbus_busy(twin->world.bus, job));
    simbus_forget_job(twin->world.bus, job);
    simbus_add_job(twin->world.bus, job);
    twin_delete(SUBJECT_LOG, job, 0);
    twin_delete(SUBJECT_SIGNAL, job, 0);
    for (uint32_t node = 0; node < TWIN_NODES; node++)
        twin_delete(SUBJECT_RESULT, job, node);
}

static void twin_task(uint32_t n)
{
    char subject[16];
    struct simbus_store store = {.kind = SUBJECT_TASK, .node = n, .body = bytes_of_text("x")};
    struct simbus_asker asker = twin_asker();
    simbus_store(twin->world.bus, &asker, &store);
    twin_rest();
    (void)snprintf(subject, sizeof(subject), "task.%u", n);
    struct got got = bench_store(twin->bench, subject, "x");
    got.body[0] = '\0';
    twin_same_answer(subject, &got);
}

static void twin_settle(struct twin_node *node, const struct bus_ack *ack, uint64_t seq,
                        enum simbus_verb verb)
{
    struct bus *bus = twin->bench->bus;
    simbus_settle(twin->world.bus, &node->party, seq, verb, WORLD_MS);
    if (verb == SIMBUS_ACK)
        bus_ack(bus, ack);
    else if (verb == SIMBUS_NAK)
        bus_ack_later(bus, ack, DURATION_MS(1));
    else
        bus_ack_working(bus, ack);
    twin_rest();
}

static void twin_settle_held(struct twin_node *node, enum simbus_verb verb)
{
    if (verb == SIMBUS_ACK)
        node->settled = node->real;
    if (verb != SIMBUS_WORKING)
        node->held = false; /* until the next one comes */
    twin_settle(node, &node->real.ack, node->real.seq, verb);
}

/* Only while an order is out: then every ack before it is known to have been done. */
static void twin_anew(uint32_t n)
{
    struct twin_node *node = &twin->nodes[n];
    char subject[64];
    (void)snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.DELETE.TASKS.c%u", n);
    bus_pull_stop(node->pull);
    struct got deleted = bench_api(twin->bench, subject, "");
    assert_non_null(strstr(deleted.body, "\"success\":true"));
    twin_real_pull(n);
    simbus_pull(twin->world.bus, &node->party, true);
    node->settled.count = 0; /* its handle was the old consumer's */
    twin_rest();
}

static void twin_operate_queue(uint32_t n)
{
    struct twin_node *node = &twin->nodes[n];
    bool held = node->held;
    if (twin->op == TWIN_TASK)
        twin_task(n);
    else if (twin->op == TWIN_ACK && held)
        twin_settle_held(node, SIMBUS_ACK);
    else if (twin->op == TWIN_NAK && held)
        twin_settle_held(node, SIMBUS_NAK);
    else if (twin->op == TWIN_WORKING && held)
        twin_settle_held(node, SIMBUS_WORKING);
    else if (twin->op == TWIN_STALE && node->settled.count > 0)
        twin_settle(node, &node->settled.ack, node->settled.seq,
                    (enum simbus_verb)chance_below(&twin->chance, 3));
    else if (twin->op == TWIN_ANEW && held)
        twin_anew(n);
    else
        return;
    twin->had[twin->op]++;
}

static void twin_operate(void)
{
    uint64_t roll = chance_below(&twin->chance, 1000);
    for (twin->op = 0; roll >= twin_ops[twin->op].weight; twin->op++)
        roll -= twin_ops[twin->op].weight;
    static void (*const operations[])(void) = {
        [TWIN_STORE] = twin_store,
        [TWIN_FETCH] = twin_fetch,
        [TWIN_FETCH_SEQ] = twin_fetch_seq,
        [TWIN_FORGET] = twin_forget,
    };
    if (twin->op > TWIN_FORGET) {
        twin_operate_queue((uint32_t)chance_below(&twin->chance, TWIN_NODES));
    } else {
        operations[twin->op]();
        twin->had[twin->op]++;
    }
}

/* What was told unasked. One message too many of the server's is seen at a later operation. */
static void twin_same_so_far(void)
{
    for (uint32_t n = 0; n < TWIN_NODES; n++)
        twin_same_told("orders", &twin->nodes[n].virtual, &twin->nodes[n].real);
    twin_same_told("facts followed", &twin->facts[0], &twin->facts[1]);
    twin_same_told("values watched", &twin->values[0], &twin->values[1]);
}

/* --- beginning and end ------------------------------------------------------------------------ */

static void twin_begin_virtual(void)
{
    static const struct simbus_hooks hooks = {twin_ordered, twin_followed, twin_watched};
    struct world *world = &twin->world;
    world_init(world, twin->seed, NULL); /* the bus says nothing in the trace */
    for (uint32_t n = 0; n < TWIN_NODES; n++) {
        struct party *party = twin->workers[n] = &twin->nodes[n].party;
        *party = (struct party){.world = world, .worker = true, .index = n, .up = true};
    }
    twin->client = (struct party){.world = world, .up = true};
    world->bus = simbus_new(world, twin->workers, TWIN_NODES, &hooks);
    assert_true(simbus_connect(world->bus, &twin->client));
    simbus_follow(world->bus, &twin->client);
    for (uint32_t job = 0; job < TWIN_JOBS; job++)
        simbus_add_job(world->bus, job);
    for (uint32_t n = 0; n < TWIN_NODES; n++) {
        assert_true(simbus_connect(world->bus, twin->workers[n]));
        simbus_pull(world->bus, twin->workers[n], true);
    }
}

static void twin_begin_real(void)
{
    struct bench *bench = twin->bench;
    struct got got = {0};
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    bench_stream(bench, "RESULTS", "result.>", BUS_LIMITS);
    bench_stream(bench, "TASKS", "task.*", BUS_WORK_QUEUE);
    bus_kv_ensure(bench->bus, "b", 1, 1 << 20, bench_answer, &got);
    AWAIT(bench, got.count == 1);
    assert_int_equal(got.outcome, BUS_OK);
    struct bus_follow_options options = {.stream = "RESULTS", .from_seq = 1};
    (void)bus_follow(bench->bus, &options, twin_real_fact, NULL, &twin->facts[1]);
    (void)bus_kv_watch(bench->bus, "b", "*", twin_real_value, NULL, &twin->values[1]);
    for (uint32_t n = 0; n < TWIN_NODES; n++)
        twin_real_pull(n);
}

static uint64_t twin_seed(void)
{
    const char *given = getenv("BATON_SEED");
    uint32_t seed = 0;
    if (given != NULL)
        return strtoull(given, NULL, 10);
    assert_int_equal(uv_random(NULL, NULL, &seed, sizeof(seed), 0, NULL), 0);
    return seed;
}

static void the_virtual_bus_answers_as_the_server_does(void **state)
{
    twin = calloc(1, sizeof(*twin));
    assert_non_null(twin);
    twin->bench = (struct bench *)*state;
    twin->seed = twin_seed();
    twin->chance = chance_of(twin->seed);
    print_message("# BATON_SEED=%" PRIu64 "\n", twin->seed);
    twin_begin_virtual();
    twin_begin_real();
    for (twin->index = 0; twin->index < TWIN_OPERATIONS; twin->index++) {
        twin_operate();
        twin_same_so_far();
    }
    bench_idle(twin->bench, 200);
    twin_same_so_far();
    for (int op = 0; op < TWIN_OP_COUNT; op++) {
        print_message("# %s: %u\n", twin_ops[op].text, twin->had[op]);
        assert_true(twin->had[op] >= 10);
    }
    assert_true(twin->outcomes[BUS_OK] >= 1000 && twin->outcomes[BUS_CONFLICT] >= 100);
    assert_true(twin->outcomes[BUS_NOT_FOUND] > 0);
    world_done(&twin->world);
    simbus_free(twin->world.bus);
    bench_close_first(twin->bench); /* before what its callbacks write to is gone */
    free(twin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_virtual_bus_answers_as_the_server_does, bench_setup,
                                        bench_teardown),
    };
    return cmocka_run_group_tests_name("bus: the virtual one", tests, NULL, NULL);
}
