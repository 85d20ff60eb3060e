/* proposal.h - what the owner wants the log to say next: entries are folded into the job as they
 * are drafted, and wait here in records until the log has accepted them. Pure.
 */
#ifndef BATON_PROPOSAL_H
#define BATON_PROPOSAL_H

#include "draft.h"
#include "effect.h"
#include "job.h"

struct proposal_record {
    struct draft draft;
    struct job_summary after; /* the job as this record leaves it; set when closed */
    bool closed;              /* takes no further entry */
    int64_t at_ms;            /* when its last entry was drafted: the wall clock that was folded */
    struct proposal_record *next;
};

struct proposal {
    struct job *job;
    struct proposal_record *first; /* the next to be appended, or being appended */
    struct proposal_record *last;
    int64_t wall_ms;    /* of this step */
    bool out_of_memory; /* sticky */
};

void proposal_done(struct proposal *proposal);

/* Each of these folds one entry and drafts it. */
void propose_created(struct proposal *proposal, const struct entry *created);
void propose_claimed(struct proposal *proposal, const char *from_owner);
void propose_scheduled(struct proposal *proposal, uint32_t step, uint32_t node);
void propose_skipped(struct proposal *proposal, uint32_t step, uint32_t node,
                     enum skip_reason reason);
void propose_ended(struct proposal *proposal, const struct entry *ended);
void propose_stopping(struct proposal *proposal, enum stop_reason reason, const char *text,
                      uint64_t signal_seq);
void propose_finished(struct proposal *proposal, enum job_state state, bool partial,
                      const char *error);

/** Close the first record; @return it, or NULL if there is nothing to append. */
struct proposal_record *proposal_close_first(struct proposal *proposal);

/** Take the first record out; the caller frees it with proposal_record_free(). */
struct proposal_record *proposal_take_first(struct proposal *proposal);
void proposal_record_free(struct proposal_record *record);

/** @return the job's state in a few words, for its KV record. */
struct job_summary proposal_summary(const struct job *job);

#endif
