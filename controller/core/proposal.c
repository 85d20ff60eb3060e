#include "proposal.h"

#include <stdlib.h>

#include "base/check.h"
#include "fold.h"
#include "limits.h"

void proposal_record_free(struct proposal_record *record)
{
    if (record == NULL)
        return;
    draft_done(&record->draft);
    free(record);
}

void proposal_done(struct proposal *proposal)
{
    while (proposal->first != NULL)
        proposal_record_free(proposal_take_first(proposal));
}

struct job_summary proposal_summary(const struct job *job)
{
    const char *error = job->error;
    if (error == NULL && job->stop != STOP_NONE)
        error = job->stop_text;
    return (struct job_summary){
        .state = job->state,
        .stop = job->stop,
        .partial = job->partial,
        .error = error,
        .started_at_ms = job->started_at_ms,
        .finished_at_ms = job->finished_at_ms,
    };
}

static void proposal_close(struct proposal *proposal, struct proposal_record *record)
{
    if (record->closed)
        return;
    record->closed = true;
    record->after = proposal_summary(proposal->job);
}

struct proposal_record *proposal_close_first(struct proposal *proposal)
{
    if (proposal->first != NULL)
        proposal_close(proposal, proposal->first);
    return proposal->first;
}

struct proposal_record *proposal_take_first(struct proposal *proposal)
{
    struct proposal_record *record = proposal->first;
    CHECK(record != NULL);
    proposal->first = record->next;
    if (proposal->first == NULL)
        proposal->last = NULL;
    record->next = NULL;
    return record;
}

/* The record that takes the next entry. It must be asked for before the entry is folded: closing
 * the one before it notes the state which that one leaves behind. */
static struct draft *proposal_draft(struct proposal *proposal)
{
    struct proposal_record *last = proposal->last;
    if (last != NULL && !last->closed && last->draft.bytes >= RECORD_BYTES_MAX)
        proposal_close(proposal, last);
    if (last != NULL && !last->closed) {
        last->at_ms = proposal->wall_ms;
        return &last->draft;
    }
    struct proposal_record *record = calloc(1, sizeof *record);
    if (record == NULL) {
        proposal->out_of_memory = true;
        return NULL;
    }
    record->at_ms = proposal->wall_ms;
    if (last == NULL)
        proposal->first = record;
    else
        last->next = record;
    proposal->last = record;
    return &record->draft;
}

static void proposal_settle(struct proposal *proposal, const struct draft *draft,
                            enum status folded)
{
    if (draft->out_of_memory || folded != STATUS_OK)
        proposal->out_of_memory = true;
}

void propose_created(struct proposal *proposal, const struct entry *created)
{
    struct draft *draft = proposal_draft(proposal);
    if (draft == NULL)
        return;
    draft_add(draft, created);
    proposal_settle(proposal, draft, STATUS_OK);
}

void propose_claimed(struct proposal *proposal, const char *from_owner)
{
    struct draft *draft = proposal_draft(proposal);
    if (draft == NULL)
        return;
    struct entry entry = {.kind = ENTRY_CLAIMED, .claimed = {.from_owner = from_owner}};
    draft_add(draft, &entry);
    proposal_settle(proposal, draft, STATUS_OK);
}

void propose_scheduled(struct proposal *proposal, uint32_t step, uint32_t node)
{
    struct draft *draft = proposal_draft(proposal);
    if (draft == NULL)
        return;
    uint32_t attempt = job_row(proposal->job, step, node)->attempts + 1u;
    draft_add_to_wave(draft, ENTRY_SCHEDULED, step, attempt, SKIP_NONE, node);
    fold_scheduled(proposal->job, step, node, attempt, proposal->wall_ms);
    proposal_settle(proposal, draft, STATUS_OK);
}

void propose_skipped(struct proposal *proposal, uint32_t step, uint32_t node,
                     enum skip_reason reason)
{
    CHECK(reason != SKIP_NONE);
    struct draft *draft = proposal_draft(proposal);
    if (draft == NULL)
        return;
    draft_add_to_wave(draft, ENTRY_SKIPPED, step, 0, reason, node);
    fold_skipped(proposal->job, step, node);
    proposal_settle(proposal, draft, STATUS_OK);
}

void propose_ended(struct proposal *proposal, const struct entry *ended)
{
    struct draft *draft = proposal_draft(proposal);
    if (draft == NULL)
        return;
    draft_add(draft, ended);
    proposal_settle(proposal, draft, fold_ended(proposal->job, ended));
}

void propose_stopping(struct proposal *proposal, enum stop_reason reason, const char *text,
                      uint64_t signal_seq)
{
    struct draft *draft = proposal_draft(proposal);
    if (draft == NULL)
        return;
    struct entry entry = {.kind = ENTRY_STOPPING,
                          .stopping = {.reason = reason, .text = text, .signal_seq = signal_seq}};
    draft_add(draft, &entry);
    proposal_settle(proposal, draft, fold_stopping(proposal->job, &entry));
}

void propose_finished(struct proposal *proposal, enum job_state state, bool partial,
                      const char *error)
{
    struct draft *draft = proposal_draft(proposal);
    if (draft == NULL)
        return;
    struct entry entry = {.kind = ENTRY_FINISHED,
                          .finished = {.state = state, .partial = partial, .error = error}};
    draft_add(draft, &entry);
    proposal_settle(proposal, draft, fold_finished(proposal->job, &entry, proposal->wall_ms));
}
