/* perform.h - a job's effects on the bus: log, orders, revocations, cancels, events. Shell. */
#ifndef BATON_PERFORM_H
#define BATON_PERFORM_H

#include "base/buffer.h"
#include "core/effect.h"
#include "core/job.h"
#include "shell/cell.h"

struct perform_answers {
    void (*appended)(void *ctx, uint64_t seq);
    void (*refused)(void *ctx);
    void (*sent)(void *ctx, uint32_t step, uint32_t node, uint32_t attempt, bool stored);
    void *ctx;
};

struct perform_request; /* one operation in flight; outlives a perform that is done */

struct perform {
    const struct cell *cell;
    const char *job;
    struct perform_answers answers;
    struct perform_request *requests;
    struct buffer record; /* the packed record being appended, kept for asking again */
    uint64_t prev_seq;
    uv_timer_t *again;
};

void perform_init(struct perform *perform, const struct cell *cell, const char *job,
                  const struct perform_answers *answers);
/** No answer comes after it. */
void perform_done(struct perform *perform);

/** Append to the log until it is known whether it was accepted: a lost answer is read back. */
void perform_append(struct perform *perform, const struct record *record);
void perform_dispatch(struct perform *perform, const struct job *job, const struct effect *effect);
void perform_revoke(struct perform *perform, const struct job *job, const struct effect *effect);
void perform_cancel(struct perform *perform, const struct job *job, const struct effect *effect);
void perform_tell(struct perform *perform, const struct job *job, const struct effect *effect);

#endif
