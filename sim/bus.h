/* bus.h - a virtual JetStream, as far as Baton's protocol uses it. Pure. [specs/protocol.md]
 *
 * What is stored is stored in the order of its arrival; a conditional store compares with the last
 * message of its exact subject. Between a party and the server anything may be lost, late or
 * double.
 */
#ifndef BATON_SIM_BUS_H
#define BATON_SIM_BUS_H

#include "base/bytes.h"
#include "party.h"

enum subject_kind {
    SUBJECT_LOG,    /* of a job */
    SUBJECT_RESULT, /* of a job on a node */
    SUBJECT_SIGNAL, /* of a job */
    SUBJECT_KV,     /* of a job */
    SUBJECT_TASK,   /* of a node */
    SUBJECT_KIND_COUNT
};

/* A message of a stream; never changes, lives until its job is forgotten. */
struct stored {
    enum subject_kind kind;
    uint32_t job;
    uint32_t node;
    uint64_t seq; /* in its stream; results and signals share one */
    uint64_t at_ns;
    size_t len;
    uint8_t data[];
};

enum simbus_outcome {
    SIMBUS_OK,
    SIMBUS_CONFLICT,
    SIMBUS_TIMEOUT,
    SIMBUS_NOT_FOUND,
    SIMBUS_REFUSED
};

struct simbus_answer {
    enum simbus_outcome outcome;
    uint64_t seq;
    const struct stored *last;       /* FETCH */
    const struct stored *const *all; /* READ: every message of the subject */
    size_t count;
};

/* Instead of the asker's `a`: a mutant took the answer for that of whatever is being asked. */
#define SIMBUS_ANY_ASK UINT64_MAX

/* Who asks, and whom to tell. An answer to a session that has ended is not told. */
struct simbus_asker {
    struct party *party;
    void (*answered)(void *ctx, uint64_t a, uint64_t b, const struct simbus_answer *answer);
    void *ctx;
    uint64_t a, b;
};

struct simbus_store {
    enum subject_kind kind;
    uint32_t job;
    uint32_t node;
    struct bytes body;
    bool expect_set;
    uint64_t expect_seq;
};

/* What the network does to messages, in thousandths. */
struct simbus_faults {
    uint32_t lost, ack_lost, delayed, doubled;
    uint64_t delay_ms_max;
};

/* What the server is asked to forget when it dies. */
struct simbus_memory {
    bool forgets_acks;
    bool amnesia;
};

struct simbus_hooks {
    void (*order)(struct party *party, const struct stored *order);
    void (*follow)(struct party *party, const struct stored *fact);
    void (*watch)(struct party *party, const struct stored *value);
};

/** @param nodes [in] workers of the cell; `workers` their parties, the first of that many. */
struct simbus *simbus_new(struct world *world, struct party **workers, uint32_t nodes,
                          const struct simbus_hooks *hooks);
void simbus_free(struct simbus *bus);

bool simbus_up(const struct simbus *bus);
void simbus_set_faults(struct simbus *bus, const struct simbus_faults *faults);
void simbus_set_full(struct simbus *bus, bool full);
void simbus_die(struct simbus *bus, const struct simbus_memory *memory);
void simbus_rise(struct simbus *bus);

/** Make room for a job's subjects; forgotten again with everything in them, when it is not busy:
 * when no request about it is on its way. */
void simbus_add_job(struct simbus *bus, uint32_t job);
bool simbus_busy(const struct simbus *bus, uint32_t job);
void simbus_forget_job(struct simbus *bus, uint32_t job);

/** @return whether a new session could be had; then it is there. */
bool simbus_connect(struct simbus *bus, struct party *party);
/** End a session from the party's side. */
void simbus_leave(struct party *party, struct simbus *bus);

void simbus_store(struct simbus *bus, const struct simbus_asker *asker,
                  const struct simbus_store *store);
void simbus_fetch(struct simbus *bus, const struct simbus_asker *asker, enum subject_kind kind,
                  uint32_t job, uint32_t node);
void simbus_read(struct simbus *bus, const struct simbus_asker *asker, enum subject_kind kind,
                 uint32_t job);

/** Store something at once, as a client of whom nothing else is simulated does. */
void simbus_put(struct simbus *bus, struct party *party, const struct simbus_store *store);

/** Follow results and signals from now on, and all KV values from the last of each job. */
void simbus_follow(struct simbus *bus, struct party *party);

/** Take orders; anew: with a new consumer, which begins with the first order not acknowledged. */
void simbus_pull(struct simbus *bus, struct party *party, bool anew);

enum simbus_verb { SIMBUS_ACK, SIMBUS_NAK, SIMBUS_WORKING };
void simbus_settle(struct simbus *bus, struct party *party, uint64_t order_seq,
                   enum simbus_verb verb, uint64_t delay_ns);

/** Send something to a party without storing it: occasion `arrive`, if it is there to hear it. */
void simbus_publish(struct simbus *bus, struct party *from, struct party *to,
                    const struct occasion *arrive);

/** What is stored, for the oracles. @return NULL if there is nothing. */
const struct stored *simbus_last(const struct simbus *bus, enum subject_kind kind, uint32_t job,
                                 uint32_t node);
const struct stored *const *simbus_all(const struct simbus *bus, enum subject_kind kind,
                                       uint32_t job, size_t *ret_count);

#endif
