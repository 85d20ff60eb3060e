/* save.h - keeps a job's KV record in step with its log, one write at a time. Shell. */
#ifndef BATON_SAVE_H
#define BATON_SAVE_H

#include "base/buffer.h"
#include "core/effect.h"
#include "core/job.h"
#include "shell/cell.h"

enum save_result {
    SAVE_FIRST,     /* the record is there for the first time */
    SAVE_AGAIN,     /* it was renewed */
    SAVE_OVERTAKEN, /* somebody else has written it: the job is theirs */
};

typedef void (*save_fn)(void *ctx, enum save_result result);

struct save_request;

struct save {
    const struct cell *cell;
    const char *job;
    uint64_t revision; /* of our last write; 0: none yet */
    uint64_t epoch;    /* of this controller's ownership */
    char *wanted;      /* to be written next; NULL: nothing */
    struct save_request *request;
    uv_timer_t *again;
    save_fn done;
    void *ctx;
};

void save_init(struct save *save, const struct cell *cell, const char *job, uint64_t epoch,
               uint64_t revision, save_fn done, void *ctx);
void save_done(struct save *save);

/** Write this state soon; a newer one replaces one that still waits. */
void save_put(struct save *save, const struct job *job, const struct job_summary *summary);

/** @return whether something is being written or waits for it. */
bool save_busy(const struct save *save);

#endif
