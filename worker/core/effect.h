/* effect.h - everything the worker's engine can ask for. Pure.
 *
 * Effects are performed in order. Ownership: pointers in an effect are the engine's and valid until
 * its next step.
 */
#ifndef BATON_WORKER_EFFECT_H
#define BATON_WORKER_EFFECT_H

#include "core/event.h"
#include "core/limits.h"
#include "wire/record.h"

/* An outcome the engine itself gives, without a runner. */
struct ruling {
    enum attempt_state state;
    const char *code;
    const char *error;
};

enum effect_kind {
    EFFECT_STORE_START, /* answered by EVENT_STORED */
    EFFECT_STORE_END,   /* likewise */
    EFFECT_FETCH,       /* the last record of the job on this node; answered by EVENT_FETCHED */
    EFFECT_RUN,         /* start the runner; answered by EVENT_EXITED whatever happens */
    EFFECT_KILL,        /* end the task's process tree; EVENT_EXITED follows */
    EFFECT_FLUSH,       /* store what is left of the output; answered by EVENT_FLUSHED */
    EFFECT_RELEASE,     /* the attempt is settled: its directory and outcome can go */
    EFFECT_ACK,         /* the order is done with */
    EFFECT_LATER,       /* the order is to be offered again after a while */
    EFFECT_WORKING,     /* the order is still being worked on */
    EFFECT_TRACE,       /* for the log */
    EFFECT_KIND_COUNT
};

struct effect {
    enum effect_kind kind;
    struct attempt_key key;
    union {
        struct {
            uint64_t id;
            uint64_t expect_seq;
            const char *claim;
            const struct ruling *ruling; /* END: NULL is the runner's outcome */
        } store;
        struct {
            uint64_t id;
        } fetch;
        struct {
            const struct order *order;
            const char *claim;
        } run;
        struct {
            uint64_t grace_ms;
        } kill;
        struct {
            char handle[LIMIT_HANDLE_BYTES];
            struct duration delay; /* LATER */
        } message;
        struct {
            const char *text; /* static, as noun.verb */
            bool loud;        /* somebody should look */
            uint64_t seq;     /* of the record it is about, or 0 */
        } trace;
    };
};

struct effects {
    struct effect items[LIMIT_EFFECTS];
    uint32_t count;
};

#endif
