#include "fold.h"

#include <stdlib.h>

#include "barrier.h"
#include "base/check.h"
#include "condition.h"
#include "limits.h"
#include "once.h"
#include "waves.h"

/* --- the first record ------------------------------------------------------------------------- */

static enum status fold_copy_node(struct job *job, struct job_node *node,
                                  const struct expected_node *from)
{
    *node = (struct job_node){.open_step = PLAN_NONE};
    const char **groups = arena_take_array(&job->arena, from->group_count, sizeof *groups);
    node->name = arena_text(&job->arena, bytes_of_text(from->name));
    if (node->name == NULL || groups == NULL)
        return STATUS_NOMEM;
    for (uint32_t i = 0; i < from->group_count; i++) {
        groups[i] = arena_text(&job->arena, bytes_of_text(from->groups[i]));
        if (groups[i] == NULL)
            return STATUS_NOMEM;
    }
    node->groups = groups;
    node->group_count = from->group_count;
    return STATUS_OK;
}

static int fold_compare_names(const void *a, const void *b)
{
    return strcmp(((const struct job_name *)a)->name, ((const struct job_name *)b)->name);
}

/* @return whether every name is one, and the only one. */
static bool fold_sort_names(struct job *job)
{
    for (uint32_t i = 0; i < job->node_count; i++)
        job->by_name[i] = (struct job_name){job->nodes[i].name, i};
    qsort(job->by_name, job->node_count, sizeof *job->by_name, fold_compare_names);
    for (uint32_t i = 0; i < job->node_count; i++) {
        if (!name_valid(bytes_of_text(job->by_name[i].name)) ||
            (i > 0 && fold_compare_names(&job->by_name[i - 1], &job->by_name[i]) == 0))
            return false;
    }
    return true;
}

static enum status fold_make_rows(struct job *job, const struct entry *created)
{
    uint32_t count = created->created.expected_count;
    job->node_count = count;
    job->nodes = arena_take_array(&job->arena, count, sizeof *job->nodes);
    job->by_name = arena_take_array(&job->arena, count, sizeof *job->by_name);
    job->rows =
        arena_take_array(&job->arena, (size_t)count * job->plan->step_count, sizeof *job->rows);
    job->dirty = arena_take_array(&job->arena, count, sizeof *job->dirty);
    if (job->dirty == NULL || job->nodes == NULL || job->by_name == NULL || job->rows == NULL)
        return STATUS_NOMEM;
    for (uint32_t i = 0; i < count; i++) {
        if (fold_copy_node(job, &job->nodes[i], &created->created.expected[i]) != STATUS_OK)
            return STATUS_NOMEM;
    }
    for (uint32_t i = 0; i < count; i++)
        job_mark_dirty(job, i);
    if (!fold_sort_names(job))
        return STATUS_MALFORMED;
    enum status status = once_make(job);
    if (status == STATUS_OK)
        status = waves_make(job);
    return status == STATUS_OK ? barrier_make(job) : status;
}

enum status fold_created(const struct entry *created, struct plan *take_plan, struct job **ret_job,
                         struct error *err)
{
    CHECK(created->kind == ENTRY_CREATED);
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        plan_free(take_plan);
        return ERROR(err, STATUS_NOMEM, "job");
    }
    job->own_plan = take_plan;
    job->plan = take_plan;
    job->created_at_ms = created->created.submitted_at_ms;
    job->id = arena_text(&job->arena, bytes_of_text(created->created.id));
    job->name = arena_text(&job->arena, bytes_of_text(take_plan == NULL ? "" : take_plan->name));
    enum status status = job->id == NULL || job->name == NULL ? STATUS_NOMEM : STATUS_OK;
    if (created->created.expected_count > EXPECTED_NODES_MAX ||
        (take_plan != NULL &&
         (size_t)take_plan->step_count * created->created.expected_count > ROWS_MAX))
        status = STATUS_LIMIT;
    if (status == STATUS_OK && take_plan != NULL)
        status = fold_make_rows(job, created);
    if (status != STATUS_OK) {
        job_free(job);
        return ERROR(err, status, "job of %u nodes: %s", created->created.expected_count,
                     status == STATUS_MALFORMED ? "names that are none, or twice the same"
                                                : status_text(status));
    }
    *ret_job = job;
    return STATUS_OK;
}

/* --- a node's way through the tree ------------------------------------------------------------ */

static void fold_move_cursor(struct job *job, uint32_t node, uint32_t to)
{
    struct job_node *n = &job->nodes[node];
    const struct plan *plan = job->plan;
    CHECK(to >= n->cursor);
    CHECK(to <= plan->item_count);
    if (n->cursor == to)
        return;
    n->cursor = to;
    /* No leaf is ever jumped over, so what is passed ends here. */
    for (uint32_t up = to - 1; up != PLAN_NONE && plan->items[up].end == to;
         up = plan->items[up].parent) {
        barrier_pass(job, node, up);
        once_pass(job, up);
        waves_pass(job, up);
    }
    job_mark_dirty(job, node);
    if (to == plan->item_count)
        job->nodes_through++;
}

void fold_into(struct job *job, uint32_t node, uint32_t branch)
{
    struct job_node *n = &job->nodes[node];
    CHECK(!job->plan->items[branch].leaf);
    CHECK(n->cursor <= branch);
    n->failed_inside &= ~(1u << condition_depth(job->plan, branch));
    fold_move_cursor(job, node, branch + 1);
}

/* Step into the branches around an item that the node has not entered yet, outermost first. */
static void fold_enter(struct job *job, uint32_t node, uint32_t item)
{
    uint32_t around[PLAN_DEPTH_MAX];
    uint32_t count = 0;
    for (uint32_t up = job->plan->items[item].parent;
         up != PLAN_NONE && up >= job->nodes[node].cursor; up = job->plan->items[up].parent)
        around[count++] = up;
    while (count > 0)
        fold_into(job, node, around[--count]);
    fold_move_cursor(job, node, item);
}

/* --- entries ---------------------------------------------------------------------------------- */

enum status fold_header(struct job *job, const struct record *record, uint64_t seq)
{
    if (job->owner == NULL || strcmp(job->owner, record->owner) != 0) {
        job->owner = arena_text(&job->arena, bytes_of_text(record->owner));
        if (job->owner == NULL)
            return STATUS_NOMEM;
    }
    job->epoch = record->epoch;
    job->last_index = record->index;
    job->last_seq = seq;
    return STATUS_OK;
}

void fold_scheduled(struct job *job, uint32_t step, uint32_t node, uint32_t attempt, int64_t at_ms)
{
    struct row *row = job_row(job, step, node);
    struct job_node *n = &job->nodes[node];
    CHECK(attempt == row->attempts + 1u);
    fold_enter(job, node, job->plan->step_items[step]);
    row_move(row, ATTEMPT_QUEUED);
    once_take(job, job->plan->step_items[step]);
    row->retrying = false;
    row->attempts = (uint16_t)attempt;
    n->open_step = step;
    n->send = SEND_DRAFTED;
    if (job->state == JOB_PENDING) {
        job_move(job, JOB_RUNNING);
        job->started_at_ms = at_ms;
    }
}

/* The node's open step is over for good. */
static void fold_close(struct job *job, uint32_t node)
{
    struct job_node *n = &job->nodes[node];
    uint32_t item = job->plan->step_items[n->open_step];
    if (attempt_state_failed(row_state(job_row(job, n->open_step, node)))) {
        n->failed_inside |= (1u << condition_depth(job->plan, item)) - 1u;
        waves_fail(job, node, item);
        if (!n->failed)
            job->failures++;
        n->failed = true;
    }
    n->open_step = PLAN_NONE;
    fold_move_cursor(job, node, job->plan->items[item].end);
}

enum status fold_ended(struct job *job, const struct entry *entry)
{
    CHECK(entry->kind == ENTRY_ENDED);
    const struct outcome *outcome = &entry->ended.outcome;
    uint32_t node = entry->ended.node;
    struct job_node *n = &job->nodes[node];
    struct row *row = job_row(job, entry->ended.step, node);
    CHECK(n->open_step == entry->ended.step);

    row->code = arena_text(&job->arena, bytes_of_text(outcome->code));
    row->error = NULL;
    if (outcome->error[0] != '\0')
        row->error = arena_text(&job->arena, bytes_of_text(outcome->error));
    if (row->code == NULL || (outcome->error[0] != '\0' && row->error == NULL))
        return STATUS_NOMEM;
    row_move(row, outcome->state);
    row->has_exit_code = outcome->has_exit_code;
    row->exit_code = outcome->exit_code;
    row->started_at_ms = outcome->started_at_ms;
    row->finished_at_ms = outcome->finished_at_ms;
    row->duration_ms =
        outcome->duration_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)outcome->duration_ms;
    row->result_seq = entry->ended.result_seq;
    row->retrying = entry->ended.retry;
    if (n->result_seq < entry->ended.result_seq)
        n->result_seq = entry->ended.result_seq;
    if (n->seen_seq < n->result_seq)
        n->seen_seq = n->result_seq;
    if (!row->retrying)
        fold_close(job, node);
    return STATUS_OK;
}

void fold_skipped(struct job *job, uint32_t step, uint32_t node)
{
    uint32_t item = job->plan->step_items[step];
    CHECK(job->nodes[node].open_step == PLAN_NONE);
    fold_enter(job, node, item);
    row_move(job_row(job, step, node), ATTEMPT_SKIPPED);
    fold_move_cursor(job, node, job->plan->items[item].end);
}

enum status fold_stopping(struct job *job, const struct entry *entry)
{
    CHECK(entry->kind == ENTRY_STOPPING);
    CHECK(entry->stopping.reason != STOP_NONE);
    job->stop_text = arena_text(&job->arena, bytes_of_text(entry->stopping.text));
    if (job->stop_text == NULL)
        return STATUS_NOMEM;
    job->stop = entry->stopping.reason;
    if (entry->stopping.signal_seq > job->signal_seq)
        job->signal_seq = entry->stopping.signal_seq;
    if (job->stop == STOP_CANCEL)
        job_move(job, JOB_CANCELLING);
    for (uint32_t node = 0; node < job->node_count; node++) {
        struct job_node *n = &job->nodes[node];
        if (n->open_step == PLAN_NONE)
            continue;
        struct row *row = job_row(job, n->open_step, node);
        if (row->retrying && condition_judge(job, node, n->cursor) != SKIP_NONE) {
            row->retrying = false; /* the last attempt's outcome stands */
            fold_close(job, node);
        }
    }
    return STATUS_OK;
}

enum status fold_finished(struct job *job, const struct entry *entry, int64_t at_ms)
{
    CHECK(entry->kind == ENTRY_FINISHED);
    if (entry->finished.error[0] != '\0') {
        job->error = arena_text(&job->arena, bytes_of_text(entry->finished.error));
        if (job->error == NULL)
            return STATUS_NOMEM;
    }
    job_move(job, entry->finished.state);
    job->partial = entry->finished.partial;
    job->finished_at_ms = at_ms;
    return STATUS_OK;
}

/* --- a record from the log: nothing of it is trusted ------------------------------------------ */

static bool fold_node_valid(const struct job *job, uint32_t step, uint32_t node,
                            enum attempt_state to, uint32_t attempt)
{
    if (job->plan == NULL || step >= job->plan->step_count || node >= job->node_count)
        return false;
    const struct job_node *n = &job->nodes[node];
    const struct row *row = job_row(job, step, node);
    bool retry = n->open_step == step && row->retrying && to == ATTEMPT_QUEUED;
    if (!row_may_move(row_state(row), to) || n->cursor > job->plan->step_items[step])
        return false;
    if (step > 0 && n->cursor <= job->plan->step_items[step - 1])
        return false; /* the step before it on this node is still to come */
    if (n->open_step != PLAN_NONE && !retry)
        return false;
    return to != ATTEMPT_QUEUED || (attempt == row->attempts + 1u && attempt <= UINT16_MAX);
}

static bool fold_ended_valid(const struct job *job, const struct entry *entry)
{
    if (job->plan == NULL || entry->ended.node >= job->node_count ||
        entry->ended.step >= job->plan->step_count)
        return false;
    if (job->nodes[entry->ended.node].open_step != entry->ended.step)
        return false;
    const struct row *row = job_row(job, entry->ended.step, entry->ended.node);
    enum attempt_state to = entry->ended.outcome.state;
    return to < ATTEMPT_STATE_COUNT && attempt_state_ended(to) && !row->retrying &&
           row_may_move(row_state(row), to) && row->attempts == entry->ended.attempt &&
           (!entry->ended.retry || row_may_move(to, ATTEMPT_QUEUED));
}

static bool fold_finished_valid(const struct job *job, const struct entry *entry)
{
    enum job_state end = JOB_FAILED;
    if (job->stop == STOP_CANCEL)
        end = JOB_CANCELLED;
    else if (job->plan != NULL && job->stop == STOP_NONE)
        end = JOB_COMPLETED;
    return entry->finished.state == end && job->nodes_through == job->node_count &&
           (!entry->finished.partial || end == JOB_COMPLETED);
}

/* Node by node: a list that names a node twice must not get past the second. */
static enum status fold_each_scheduled(struct job *job, const struct record *record,
                                       const struct entry *entry)
{
    for (uint32_t i = 0; i < entry->wave.node_count; i++) {
        uint32_t node = entry->wave.nodes[i];
        if (!fold_node_valid(job, entry->wave.step, node, ATTEMPT_QUEUED, entry->wave.attempt))
            return STATUS_MALFORMED;
        fold_scheduled(job, entry->wave.step, node, entry->wave.attempt, record->at_ms);
        job->nodes[node].send = SEND_DUE; /* it is in the log already */
    }
    return STATUS_OK;
}

static enum status fold_each_skipped(struct job *job, const struct entry *entry)
{
    for (uint32_t i = 0; i < entry->wave.node_count; i++) {
        uint32_t node = entry->wave.nodes[i];
        if (!fold_node_valid(job, entry->wave.step, node, ATTEMPT_SKIPPED, 0))
            return STATUS_MALFORMED;
        fold_skipped(job, entry->wave.step, node);
    }
    return STATUS_OK;
}

static bool fold_stopping_valid(const struct job *job, const struct entry *entry)
{
    if (job->plan == NULL || job->stop == STOP_CANCEL)
        return false;
    if (entry->stopping.reason == STOP_CANCEL)
        return job_may_move(job->state, JOB_CANCELLING);
    return entry->stopping.reason == STOP_FAILURE || entry->stopping.reason == STOP_TIMEOUT;
}

static enum status fold_entry(struct job *job, const struct record *record,
                              const struct entry *entry)
{
    switch (entry->kind) {
    case ENTRY_CLAIMED:
        return STATUS_OK;
    case ENTRY_SCHEDULED:
        return fold_each_scheduled(job, record, entry);
    case ENTRY_ENDED:
        return fold_ended_valid(job, entry) ? fold_ended(job, entry) : STATUS_MALFORMED;
    case ENTRY_SKIPPED:
        return fold_each_skipped(job, entry);
    case ENTRY_STOPPING:
        return fold_stopping_valid(job, entry) ? fold_stopping(job, entry) : STATUS_MALFORMED;
    case ENTRY_FINISHED:
        return fold_finished_valid(job, entry) ? fold_finished(job, entry, record->at_ms)
                                               : STATUS_MALFORMED;
    case ENTRY_CREATED: /* only ever the first, see fold_created() */
    case ENTRY_KIND_COUNT:
        break;
    }
    return STATUS_MALFORMED;
}

enum status fold_record(struct job *job, const struct record *record, uint64_t seq,
                        struct error *err)
{
    bool first = job->last_index == 0;
    if (record->index != job->last_index + 1 || record->prev_seq != job->last_seq)
        return ERROR(
            err, STATUS_MALFORMED,
            "record %llu (after sequence %llu) does not follow record %llu (sequence %llu): "
            "the log has a gap",
            (unsigned long long)record->index, (unsigned long long)record->prev_seq,
            (unsigned long long)job->last_index, (unsigned long long)job->last_seq);
    if (job_ended(job))
        return ERROR(err, STATUS_MALFORMED, "record %llu comes after the job's end",
                     (unsigned long long)record->index);
    for (uint32_t i = 0; i < record->entry_count; i++) {
        const struct entry *entry = &record->entries[i];
        if (first && i == 0 && entry->kind == ENTRY_CREATED)
            continue;
        enum status status = job_ended(job) ? STATUS_MALFORMED : fold_entry(job, record, entry);
        if (status != STATUS_OK)
            return ERROR(err, status, "entry %u of record %llu: %s", i,
                         (unsigned long long)record->index,
                         status == STATUS_MALFORMED ? "can't be true" : status_text(status));
    }
    if (fold_header(job, record, seq) != STATUS_OK)
        return ERROR(err, STATUS_NOMEM, "record");
    return STATUS_OK;
}
