/* record.h - one record of a job's log as plain structs, what the core folds. Pure.
 *
 * The wire form is proto/baton/v1/log.proto; record_wire.h translates.
 */
#ifndef BATON_RECORD_H
#define BATON_RECORD_H

#include "base/arena.h"
#include "base/name.h"
#include "base/status.h"
#include "spec/plan.h"

#define ATTEMPT_STATE_MAP(X)                                                                       \
    X(NONE, "none")                                                                                \
    X(QUEUED, "queued")                                                                            \
    X(RUNNING, "running")                                                                          \
    X(SUCCEEDED, "succeeded")                                                                      \
    X(FAILED, "failed")                                                                            \
    X(TIMED_OUT, "timed_out")                                                                      \
    X(CANCELLED, "cancelled")                                                                      \
    X(LOST, "lost")                                                                                \
    X(UNKNOWN, "unknown")                                                                          \
    X(SKIPPED, "skipped")

/* Numbers are those of AttemptState in result.proto. */
enum attempt_state {
#define X(name, text) ATTEMPT_##name,
    ATTEMPT_STATE_MAP(X)
#undef X
        ATTEMPT_STATE_COUNT
};
const char *attempt_state_text(enum attempt_state state);
/* @return whether `state` is a final one: nothing follows within this attempt. */
bool attempt_state_ended(enum attempt_state state);
/* @return whether it counts as a failure of its node: failed, timed_out, lost, unknown. */
bool attempt_state_failed(enum attempt_state state);

enum stop_reason { STOP_NONE, STOP_FAILURE, STOP_TIMEOUT, STOP_CANCEL };
enum skip_reason { SKIP_NONE, SKIP_CONDITION, SKIP_STOPPED, SKIP_EXCLUDED, SKIP_RUN_ONCE };

enum job_state {
    JOB_PENDING,
    JOB_RUNNING,
    JOB_CANCELLING,
    JOB_COMPLETED,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_STATE_COUNT
};
const char *job_state_text(enum job_state state);

/* How an attempt ended. Texts are borrowed. */
struct outcome {
    enum attempt_state state;
    const char *code;  /* OK EXIT SIGNAL TIMEOUT ...; never NULL */
    const char *error; /* "" if none */
    bool has_exit_code;
    int32_t exit_code;
    int64_t started_at_ms;
    int64_t finished_at_ms;
    uint64_t duration_ms;
};

enum entry_kind {
    ENTRY_CREATED,
    ENTRY_CLAIMED,
    ENTRY_SCHEDULED,
    ENTRY_ENDED,
    ENTRY_SKIPPED,
    ENTRY_STOPPING,
    ENTRY_FINISHED,
    ENTRY_KIND_COUNT
};

struct expected_node {
    const char *name;
    const char *const *groups;
    uint32_t group_count;
};

struct entry {
    enum entry_kind kind;
    union {
        struct {
            const char *id;
            const struct plan *plan; /* NULL when the spec was refused */
            struct bytes spec;       /* the same as packed baton.v1.Spec; empty when refused */
            const struct expected_node *expected;
            uint32_t expected_count;
            int64_t submitted_at_ms;
            const char *refusal; /* "" if accepted */
            const char *spec_sha256;
        } created;
        struct {
            const char *from_owner;
        } claimed;
        struct {
            uint32_t step;
            uint32_t attempt;        /* SCHEDULED: from 1 */
            enum skip_reason reason; /* SKIPPED */
            const uint32_t *nodes;   /* numbers in expected */
            uint32_t node_count;
        } wave; /* SCHEDULED, SKIPPED: one step on many nodes */
        struct {
            uint32_t step;
            uint32_t node;
            uint32_t attempt;
            struct outcome outcome;
            uint64_t result_seq;         /* 0: settled without a record in the results stream */
            struct duration retry_after; /* counts when retry is set */
            bool retry;
        } ended;
        struct {
            enum stop_reason reason;
            const char *text;
            uint64_t signal_seq;
        } stopping;
        struct {
            enum job_state state;
            bool partial;
            const char *error;
        } finished;
    };
};

struct record {
    uint64_t index;    /* 1, 2, 3 ... */
    uint64_t prev_seq; /* stream sequence of the record before */
    const char *owner;
    uint64_t epoch;
    int64_t at_ms;
    const struct entry *entries;
    uint32_t entry_count;
};

#endif
