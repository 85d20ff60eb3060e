/* simbus_parts.h - the inside of the virtual bus, shared by its files. Pure. */
#ifndef BATON_SIM_SIMBUS_PARTS_H
#define BATON_SIM_SIMBUS_PARTS_H

#include "bus.h"

enum { QUEUE_ACKED_MAX = 4 }; /* orders whose acks a server that dies may forget, per node */

enum simbus_stream { STREAM_LOG, STREAM_RESULTS, STREAM_KV, STREAM_TASKS, STREAM_COUNT };

enum ask_op { ASK_STORE, ASK_FETCH, ASK_READ };

/* A request on its way, its answer, its time-out: held by each of these. */
struct ask {
    enum ask_op op;
    enum subject_kind kind;
    uint32_t job, node;
    struct simbus_asker asker;
    uint64_t life, session;
    bool expect_set, answered;
    uint64_t expect_seq;
    uint8_t *body;
    size_t len;
    const struct stored **all;
    uint32_t held;
};

struct simbus_subject {
    struct stored **items;
    size_t count, capacity;
};

struct simbus_job {
    uint32_t asks; /* on their way */
    struct simbus_subject log, signal, kv;
    struct simbus_subject results[]; /* one per node of the cell */
};

/* What followers are told, in stream order. */
struct simbus_feed {
    struct stored **items; /* NULL: forgotten */
    size_t first;          /* number of items[0] since the world began */
    size_t count, capacity;
};

struct simbus_follower {
    struct party *party;
    uint64_t session;
    size_t next[2]; /* results, KV */
    bool due;       /* it is being told */
    bool late;      /* its follow has lost a message and finds out in a while */
};

/* The orders of one node, as its consumer hands them out: one at a time. */
struct simbus_queue {
    struct stored **items;
    size_t count, capacity;
    uint64_t pending; /* sequence of the one handed out, 0: none */
    uint64_t deadline;
    uint64_t not_before;
    uint64_t puller; /* session that takes orders */
    struct stored *acked[QUEUE_ACKED_MAX];
    uint32_t acked_count;
};

struct simbus {
    struct world *world;
    bool up, full;
    uint32_t nodes;
    struct party **workers;
    struct simbus_hooks hooks;
    struct simbus_faults faults;
    uint64_t seqs[STREAM_COUNT];
    struct simbus_job **jobs;
    uint32_t job_count;
    struct simbus_feed feeds[STREAM_COUNT];
    struct simbus_follower *followers;
    uint32_t follower_count;
    struct simbus_queue *queues;
};

void simbus_feed_add(struct simbus *bus, enum simbus_stream stream, struct stored *stored);
void simbus_feed_forget(struct simbus_feed *feed, uint32_t job);
void simbus_unfollow(struct simbus *bus, const struct party *party);
void simbus_queue_add(struct simbus *bus, struct stored *take_order);
void simbus_queues_forget(struct simbus *bus, bool acks_too);
void simbus_queues_done(struct simbus *bus);

#endif
