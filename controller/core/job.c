#include "job.h"

#include <stdlib.h>

#include "barrier.h"
#include "base/check.h"
#include "once.h"
#include "waves.h"

#define TO(state) (1u << JOB_##state)
static const unsigned allowed[] = {
    [JOB_PENDING] = TO(RUNNING) | TO(CANCELLING) | TO(COMPLETED) | TO(FAILED) | TO(CANCELLED),
    [JOB_RUNNING] = TO(CANCELLING) | TO(COMPLETED) | TO(FAILED),
    [JOB_CANCELLING] = TO(CANCELLED),
    [JOB_COMPLETED] = 0,
    [JOB_FAILED] = 0,
    [JOB_CANCELLED] = 0,
};
_Static_assert(sizeof allowed / sizeof allowed[0] == JOB_STATE_COUNT, "a row for each state");

void job_free(struct job *job)
{
    if (job == NULL)
        return;
    plan_free(job->own_plan);
    arena_done(&job->arena);
    free(job);
}

bool job_ended(const struct job *job)
{
    return allowed[job->state] == 0;
}

bool job_may_move(enum job_state from, enum job_state to)
{
    CHECK(from < JOB_STATE_COUNT);
    CHECK(to < JOB_STATE_COUNT);
    return (allowed[from] & (1u << to)) != 0;
}

void job_move(struct job *job, enum job_state to)
{
    CHECK(job_may_move(job->state, to));
    job->state = to;
}

struct row *job_row(const struct job *job, uint32_t step, uint32_t node)
{
    CHECK(step < job->plan->step_count);
    CHECK(node < job->node_count);
    return &job->rows[(size_t)step * job->node_count + node];
}

uint32_t job_find_node(const struct job *job, const char *name)
{
    uint32_t low = 0;
    uint32_t high = job->node_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(job->by_name[middle].name, name);
        if (order == 0)
            return job->by_name[middle].node;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return PLAN_NONE;
}

const struct plan_item *job_step(const struct job *job, uint32_t step)
{
    CHECK(step < job->plan->step_count);
    return &job->plan->items[job->plan->step_items[step]];
}

void job_mark_dirty(struct job *job, uint32_t node)
{
    if (job->nodes[node].dirty)
        return;
    CHECK(job->dirty_count < job->node_count);
    job->nodes[node].dirty = true;
    job->dirty[(job->dirty_first + job->dirty_count++) % job->node_count] = node;
}

bool job_next_dirty(struct job *job, uint32_t *ret_node)
{
    if (job->dirty_count == 0)
        return false;
    *ret_node = job->dirty[job->dirty_first];
    job->dirty_first = (job->dirty_first + 1) % job->node_count;
    job->dirty_count--;
    return true;
}

static void job_check_node(const struct job *job, uint32_t node)
{
    const struct job_node *n = &job->nodes[node];
    CHECK(n->cursor <= job->plan->item_count);
    CHECK(n->seen_seq >= n->result_seq);
    if (n->open_step == PLAN_NONE)
        return;
    const struct row *row = job_row(job, n->open_step, node);
    CHECK(n->cursor == job->plan->step_items[n->open_step]);
    CHECK(!row_settled(row));
    CHECK(row->attempts > 0);
}

void job_check(const struct job *job)
{
    if (job->plan == NULL) {
        CHECK(job->state == JOB_FAILED || job->state == JOB_PENDING);
        return;
    }
    uint32_t through = 0;
    uint32_t failures = 0;
    for (uint32_t node = 0; node < job->node_count; node++) {
        job_check_node(job, node);
        through += job->nodes[node].cursor == job->plan->item_count;
        failures += job->nodes[node].failed;
    }
    barrier_check(job);
    once_check(job);
    waves_check(job);
    CHECK(through == job->nodes_through);
    CHECK(failures == job->failures);
    CHECK(IMPLIES(job_ended(job), through == job->node_count));
    CHECK(IMPLIES(job->state == JOB_CANCELLED, job->stop == STOP_CANCEL));
    CHECK(IMPLIES(job->partial, job->state == JOB_COMPLETED));
    CHECK((job->stop == STOP_NONE) == (job->stop_text == NULL));
}

/* FNV-1a: a digest, not a defence. */
static uint64_t job_digest_add(uint64_t digest, const void *data, size_t len)
{
    const uint8_t *byte = data;
    for (size_t i = 0; i < len; i++)
        digest = (digest ^ byte[i]) * 0x100000001b3u;
    return digest;
}

static uint64_t job_digest_number(uint64_t digest, uint64_t number)
{
    return job_digest_add(digest, &number, sizeof number);
}

static uint64_t job_digest_row(uint64_t digest, const struct row *row)
{
    /* RUNNING is what the owner has seen of a START; the log does not know it. */
    digest = job_digest_number(digest, row->state == ATTEMPT_RUNNING ? ATTEMPT_QUEUED : row->state);
    digest = job_digest_number(digest, row->attempts);
    digest = job_digest_number(digest, row->retrying);
    digest = job_digest_number(digest, (uint64_t)(int64_t)row->exit_code);
    digest = job_digest_number(digest, row->result_seq);
    digest = job_digest_number(digest, (uint64_t)row->finished_at_ms);
    const char *code = row->code == NULL ? "" : row->code;
    return job_digest_add(digest, code, strlen(code));
}

uint64_t job_digest(const struct job *job)
{
    uint64_t digest = 0xcbf29ce484222325u;
    digest = job_digest_number(digest, job->state);
    digest = job_digest_number(digest, job->stop);
    digest = job_digest_number(digest, job->partial);
    digest = job_digest_number(digest, job->last_index);
    digest = job_digest_number(digest, job->signal_seq);
    digest = job_digest_number(digest, (uint64_t)job->started_at_ms);
    digest = job_digest_number(digest, (uint64_t)job->finished_at_ms);
    if (job->plan == NULL)
        return digest;
    for (uint32_t node = 0; node < job->node_count; node++) {
        const struct job_node *n = &job->nodes[node];
        digest = job_digest_number(digest, n->cursor);
        digest = job_digest_number(digest, n->open_step);
        digest = job_digest_number(digest, n->result_seq);
        digest = job_digest_number(digest, n->failed);
        digest = job_digest_number(digest, n->failed_inside);
    }
    for (size_t i = 0; i < (size_t)job->plan->step_count * job->node_count; i++)
        digest = job_digest_row(digest, &job->rows[i]);
    return digest;
}
