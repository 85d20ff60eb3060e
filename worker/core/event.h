/* event.h - everything that can happen to the worker's engine. Pure.
 *
 * Ownership: every pointer in an event is borrowed for the step; the engine copies what it keeps.
 */
#ifndef BATON_WORKER_EVENT_H
#define BATON_WORKER_EVENT_H

#include "base/instant.h"
#include "base/name.h"

/* Which attempt: a job's step on this node, the how-manieth try. */
struct attempt_key {
    struct name job;
    uint32_t step;
    uint32_t attempt;
};

static inline bool attempt_key_equal(const struct attempt_key *a, const struct attempt_key *b)
{
    return strcmp(a->job.text, b->job.text) == 0 && a->step == b->step && a->attempt == b->attempt;
}

/* A TaskOrder that has been decoded and whose parameters have been checked. */
struct order {
    struct attempt_key key;
    const char *path; /* of the step, such as "1.0" */
    const char *backend, *action;
    const char *params;       /* JSON object, or "" */
    const char *refusal;      /* why it can't be run at all, for people; NULL if it can */
    uint64_t timeout_ms;      /* 0: none */
    uint64_t idle_timeout_ms; /* longest silence; 0: any */
    uint64_t expected_seq;    /* last record its owner had read for this job and node; 0: none */
    bool idempotent;
};

/* How the bus answered. */
enum answer {
    ANSWER_OK,
    ANSWER_CONFLICT,  /* store: the last record is another one than expected */
    ANSWER_MISSING,   /* fetch: there is no record */
    ANSWER_UNSETTLED, /* refused, timed out or lost: what has happened is to be read back */
};

/* The last record on <cell>.result.<job>.<node>. */
enum last_kind { LAST_FOREIGN, LAST_START, LAST_END, LAST_REVOKE };
struct last {
    enum last_kind kind; /* FOREIGN: not one of ours; the next fields count only otherwise */
    uint32_t step;
    uint32_t attempt;
    const char *claim;
    uint64_t seq;
};

enum event_kind {
    EVENT_ORDER,        /* a message of <cell>.task.<node> */
    EVENT_STORED,       /* answer to EFFECT_STORE_START or EFFECT_STORE_END */
    EVENT_FETCHED,      /* answer to EFFECT_FETCH */
    EVENT_EXITED,       /* the runner told the outcome, which the shell keeps */
    EVENT_FLUSHED,      /* all output of the attempt is stored */
    EVENT_CANCEL,       /* the owner wants an attempt ended */
    EVENT_ABORT,        /* whoever runs this worker wants it ended now */
    EVENT_DRAIN,        /* nothing new is taken from now on */
    EVENT_SESSION_UP,   /* the bus is there (again) */
    EVENT_SESSION_DOWN, /* ... and is not: handles are void */
    EVENT_TICK,         /* the deadline has passed */
    EVENT_KIND_COUNT
};

struct event {
    enum event_kind kind;
    struct instant now;
    union {
        struct {
            struct order order;
            const char *handle; /* to settle the message with; "" if it can't be */
            const char *claim;  /* LIMIT_CLAIM_BYTES random characters */
        } order;
        struct {
            uint64_t id;
            enum answer answer;
            uint64_t seq; /* ANSWER_OK: of the stored record */
        } stored;
        struct {
            uint64_t id;
            enum answer answer;
            struct last last; /* ANSWER_OK */
        } fetched;
        struct {
            struct attempt_key key;
        } exited, flushed;
        struct {
            struct attempt_key key;
            uint64_t grace_ms;
        } cancel;
        struct {
            uint64_t grace_ms;
        } abort;
    };
};

#endif
