/* effect.h - everything a job can ask its shell to do, in order. Pure.
 *
 * Pointers live until the next step of the same engine. An effect that follows from a record is not
 * asked for before that record has been accepted: log before deed.
 */
#ifndef BATON_EFFECT_H
#define BATON_EFFECT_H

#include "base/instant.h"
#include "wire/record.h"

enum effect_kind {
    EFFECT_APPEND,   /* append to the log on the condition prev_seq; answer APPENDED or REFUSED */
    EFFECT_DISPATCH, /* publish the order; answer SENT or UNSENT */
    EFFECT_REVOKE, /* append a REVOKE to the node's result subject; answered by a RESULT or never */
    EFFECT_CANCEL, /* tell the worker to end the attempt; answered by a RESULT or never */
    EFFECT_SAVE,   /* write the job's KV record */
    EFFECT_TELL,   /* publish an event for followers */
    EFFECT_DONE,   /* the job has ended and everything is told: forget it */
    EFFECT_DEPOSED, /* not the owner any more: forget it */
    EFFECT_KIND_COUNT
};

/* What the KV record says, as of the last accepted record. */
struct job_summary {
    enum job_state state;
    enum stop_reason stop;
    bool partial;
    const char *error; /* NULL if none */
    int64_t started_at_ms;
    int64_t finished_at_ms;
};

struct effect {
    enum effect_kind kind;
    union {
        const struct record *append;
        struct {
            uint32_t step;
            uint32_t node;
            uint32_t attempt;
            uint64_t expected_seq; /* DISPATCH, REVOKE: last record on the node's result subject */
            enum attempt_state state; /* REVOKE, TELL */
            const char *code;         /* REVOKE; static */
            const char *text;         /* REVOKE, CANCEL: why */
        } task;                       /* DISPATCH, REVOKE, CANCEL */
        struct job_summary save;
        struct {
            const char *kind; /* created started step attempt stopping finished; static */
            uint32_t step;    /* PLAN_NONE: of the whole job */
            uint32_t node;
            uint32_t attempt;
            const char *state; /* static */
            const char *text;  /* "" if none */
        } tell;
    };
};

struct effects {
    struct effect *items;
    uint32_t count;
    uint32_t capacity;
    bool out_of_memory; /* sticky */
};

void effects_done(struct effects *effects);
void effects_clear(struct effects *effects);
void effects_push(struct effects *effects, const struct effect *effect);

#endif
