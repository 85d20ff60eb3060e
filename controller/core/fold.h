/* fold.h - the one door by which a job's state changes: records of its log, entry by entry. Pure.
 *
 * The owner folds what it is about to append, a new owner folds what it reads: the same functions,
 * hence the same state.
 */
#ifndef BATON_FOLD_H
#define BATON_FOLD_H

#include "job.h"

/**
 * Make the job that a CREATED entry describes.
 *
 * @param created   [in] kind ENTRY_CREATED; texts are copied.
 * @param take_plan [in, may be NULL when the spec was refused] the job's from now on, in any case.
 * @param ret_job   [out] free with job_free().
 * @return OK | NOMEM | LIMIT (too many nodes, or rows) | MALFORMED (names of nodes).
 */
enum status fold_created(const struct entry *created, struct plan *take_plan, struct job **ret_job,
                         struct error *err) ATTR_MUST_USE;

/** Fold the header of a record: owner, epoch, index, and sequence (0: not known yet). */
enum status fold_header(struct job *job, const struct record *record, uint64_t seq);

/** A node gets a step; the row becomes QUEUED with this attempt. */
void fold_scheduled(struct job *job, uint32_t step, uint32_t node, uint32_t attempt, int64_t at_ms);

/** An attempt ended; the node moves on unless it is to be retried. @return OK | NOMEM. */
enum status fold_ended(struct job *job, const struct entry *entry) ATTR_MUST_USE;

/** A step does not run on a node. */
void fold_skipped(struct job *job, uint32_t step, uint32_t node);

/** The job stops: waiting retries are given up. @return OK | NOMEM. */
enum status fold_stopping(struct job *job, const struct entry *entry) ATTR_MUST_USE;

/** The job has ended. @return OK | NOMEM. */
enum status fold_finished(struct job *job, const struct entry *entry, int64_t at_ms) ATTR_MUST_USE;

/** A node steps into a branch whose condition holds. */
void fold_into(struct job *job, uint32_t node, uint32_t branch);

/**
 * Fold a record read from the log, after the first.
 *
 * @param seq [in] its stream sequence.
 * @return OK | NOMEM | MALFORMED (it does not follow the last one, or can't be true; nothing of the
 *         offending entry is applied).
 */
enum status fold_record(struct job *job, const struct record *record, uint64_t seq,
                        struct error *err) ATTR_MUST_USE;

#endif
