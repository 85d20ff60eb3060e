/* workdir.h - the worker's data directory: one at a time uses it, each attempt gets a place in it.
 * Shell. */
#ifndef BATON_WORKDIR_H
#define BATON_WORKDIR_H

#include "base/status.h"
#include "core/event.h"

enum { WORKDIR_PATH_MAX = 1024 };

struct workdir {
    char path[WORKDIR_PATH_MAX]; /* absolute, without a slash at the end */
    int lock_fd;                 /* -1: not open */
    bool temporary;              /* made for this run of the worker only */
};

/**
 * Choose, create and lock the data directory, and drop the remains of attempts that have ended.
 *
 * @param wanted [in] NULL: $XDG_STATE_HOME or /var/lib below baton/<cell>/<id>, whichever can be
 *                    written, else a temporary directory.
 * @return OK | CONFLICT (another process uses it) | IO | LIMIT (the name is too long).
 */
enum status workdir_open(struct workdir *workdir, const char *wanted, const char *cell,
                         const char *id, struct error *err) ATTR_MUST_USE;

/** Unlock; remove a temporary directory, unless attempts have left something in it. */
void workdir_close(struct workdir *workdir);

/** Create the directory of one attempt, empty.
 * @param ret_path [out] WORKDIR_PATH_MAX bytes. @return OK | IO | LIMIT. */
enum status workdir_make(const struct workdir *workdir, const struct attempt_key *key,
                         const char *claim, char *ret_path, struct error *err) ATTR_MUST_USE;

/** Remove an attempt's directory and what a runner writes into it. */
void workdir_remove(const char *path);

#endif
