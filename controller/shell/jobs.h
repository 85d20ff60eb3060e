/* jobs.h - every job's KV record, as a watch brings it: who owns what, and what there is. Shell. */
#ifndef BATON_JOBS_H
#define BATON_JOBS_H

#include "shell/cell.h"
#include "shell/job_record.h"

struct jobs;

struct jobs_entry {
    struct job_record record;
    json_t *value;
    uint64_t revision;
};

struct jobs_options {
    void (*changed)(void *ctx, const struct jobs_entry *entry);
    void (*ready)(void *ctx); /* once: all there were have been read */
    void *ctx;
};

struct jobs *jobs_new(const struct cell *cell, const struct jobs_options *options);
void jobs_free(struct jobs *jobs);

/** @return the entry, or NULL. Borrowed until the loop turns. */
const struct jobs_entry *jobs_get(const struct jobs *jobs, const char *id);

enum jobs_match { JOBS_ONE, JOBS_NONE, JOBS_MANY };
/** Find the job that `prefix` is the id of, or the unique beginning of one. */
enum jobs_match jobs_find(const struct jobs *jobs, const char *prefix,
                          const struct jobs_entry **ret_entry);

/** Visit the jobs that have not ended: `at` 0 to begin. @return NULL at the end. */
const struct jobs_entry *jobs_next_live(const struct jobs *jobs, size_t *at);

/** @return the values, newest first, at most `limit` (0: all) in `state` (JOB_STATE_COUNT: any). */
json_t *jobs_list(const struct jobs *jobs, enum job_state state, size_t limit);

/** Count the jobs that have not ended, by state. */
void jobs_count(const struct jobs *jobs, uint64_t counts[JOB_STATE_COUNT]);

#endif
