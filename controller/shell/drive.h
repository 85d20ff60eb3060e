/* drive.h - one live job: its engine, and the performing of what the engine asks for. Shell. */
#ifndef BATON_DRIVE_H
#define BATON_DRIVE_H

#include "core/engine.h"
#include "shell/cell.h"

struct drive;

enum drive_end {
    DRIVE_DONE,    /* the job has ended, and its KV record says so */
    DRIVE_DEPOSED, /* somebody else owns it, or it never was ours */
    DRIVE_BROKEN,  /* a fault of ours or of the log: the reason is in the error */
};

struct drive_options {
    const struct cell *cell; /* borrowed, outlives the drive */
    /* Called once when the first KV record is written: the job exists for everybody. May be NULL.
     */
    void (*known)(void *ctx, struct drive *drive);
    /* Called once, last; the drive must then be freed, at once or later. */
    void (*ended)(void *ctx, struct drive *drive, enum drive_end end, const struct error *err);
    bool (*node_silent)(void *ctx, const char *node);
    void *ctx;
};

/**
 * Take an engine that has replayed its log, or none yet, and drive it.
 *
 * @param id          [in] of the job; copied.
 * @param take_engine [in] from here on the drive's.
 * @param epoch       [in] of this ownership: 1 for a job that is about to be created.
 * @param revision    [in] of the KV record this controller has written, 0: none yet.
 */
struct drive *drive_new(const struct drive_options *options, const char *id,
                        struct engine *take_engine, uint64_t epoch, uint64_t revision);
void drive_free(struct drive *drive);

/** Let something happen; now and wall_ms are filled in here. The drive may have ended afterwards.
 */
void drive_event(struct drive *drive, struct event *event);

const char *drive_id(const struct drive *drive);
const struct engine *drive_engine(const struct drive *drive);

/** Tell the job which of its nodes are silent already; before that it takes all for present. */
void drive_check_nodes(struct drive *drive);

#endif
