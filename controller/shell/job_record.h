/* job_record.h - a job's KV value: written by its owner, read by everybody. Shell. */
#ifndef BATON_JOB_RECORD_H
#define BATON_JOB_RECORD_H

#include <jansson.h>

#include "core/effect.h"
#include "core/job.h"

/**
 * Render the value of INTERFACE: id name state partial owner epoch expected created_at started_at
 * finished_at, and strategy, error.
 *
 * @return a new reference; NULL when out of memory.
 */
json_t *job_record_render(const struct job *job, const struct job_summary *summary,
                          const char *owner, uint64_t epoch);

/* What others need to know of a value. */
struct job_record {
    struct name id;
    struct name owner;
    uint64_t epoch;
    enum job_state state;
};

/** @return false if the value is none of ours. */
bool job_record_read(const json_t *value, struct job_record *ret_record);

/** @return Unix milliseconds as RFC 3339 text, JSON null for 0; a new reference. */
json_t *job_record_time(int64_t unix_ms);

/** @return whether the state is a final one. */
bool job_record_ended(const struct job_record *record);

#endif
