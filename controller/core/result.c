#include "result.h"

#include "backoff.h"
#include "base/check.h"
#include "condition.h"
#include "limits.h"
#include "spec/retry_code.h"
#include "stop.h"

/* The same job, step, node and attempt always draw the same chance, in every replay. */
static uint64_t result_chance(const struct job *job, uint32_t step, uint32_t node, uint32_t attempt)
{
    uint64_t mixed = ((uint64_t)step << 40) ^ ((uint64_t)node << 16) ^ attempt;
    for (const char *c = job->id; *c != '\0'; c++)
        mixed = (mixed ^ (uint8_t)*c) * 0x100000001b3u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u; /* splitmix64's finish */
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

/* A retry needs an attempt left, a fate that is known, a node that is there, and a job that goes
 * on. */
static bool result_may_retry(const struct job *job, uint32_t node, uint32_t step,
                             const struct outcome *outcome)
{
    const struct plan_item *item = job_step(job, step);
    if (job_row(job, step, node)->attempts > item->retry.max || job->nodes[node].silent)
        return false;
    if (outcome->state != ATTEMPT_FAILED && outcome->state != ATTEMPT_TIMED_OUT)
        return false;
    if (!retry_code_named(item->retry_on, item->retry_on_count, outcome->code,
                          outcome->has_exit_code, outcome->exit_code))
        return false;
    return condition_judge(job, node, job->plan->step_items[step]) == SKIP_NONE;
}

static void result_started(struct job *job, const struct event *event, uint32_t node,
                           struct effects *out)
{
    struct row *row = job_row(job, event->result.step, node);
    if (row_state(row) != ATTEMPT_QUEUED)
        return;
    row_move(row, ATTEMPT_RUNNING);
    effects_push(out, &(struct effect){.kind = EFFECT_TELL,
                                       .tell = {.kind = "attempt",
                                                .step = event->result.step,
                                                .node = node,
                                                .attempt = event->result.attempt,
                                                .state = attempt_state_text(ATTEMPT_RUNNING),
                                                .text = ""}});
}

static void result_ended(struct proposal *proposal, const struct event *event, uint32_t node,
                         struct deadlines *retries)
{
    struct job *job = proposal->job;
    uint32_t step = event->result.step;
    const struct plan_item *item = job_step(job, step);
    struct entry ended = {.kind = ENTRY_ENDED};
    ended.ended.step = step;
    ended.ended.node = node;
    ended.ended.attempt = event->result.attempt;
    ended.ended.outcome = event->result.outcome;
    ended.ended.result_seq = event->result.seq;
    if (result_may_retry(job, node, step, &event->result.outcome)) {
        ended.ended.retry = true;
        ended.ended.retry_after =
            backoff_delay(&item->retry, event->result.attempt,
                          result_chance(job, step, node, event->result.attempt));
        struct instant at = instant_add(event->now, ended.ended.retry_after);
        if (!deadlines_add(retries, &(struct deadline){at, node, step}))
            proposal->out_of_memory = true;
    }
    propose_ended(proposal, &ended);
    if (!ended.ended.retry && attempt_state_failed(ended.ended.outcome.state))
        stop_on_failure(proposal, step, node, &ended.ended.outcome);
}

void result_take(struct proposal *proposal, const struct event *event, struct deadlines *retries,
                 struct effects *out)
{
    struct job *job = proposal->job;
    uint32_t node = job_find_node(job, event->result.node);
    if (node == PLAN_NONE || event->result.step >= job->plan->step_count)
        return;
    struct job_node *n = &job->nodes[node];
    if (event->result.seq <= n->seen_seq)
        return; /* redelivered, or read back after it had been followed */
    const struct row *row = job_row(job, event->result.step, node);
    if (n->open_step != event->result.step || row->attempts != event->result.attempt ||
        row->retrying)
        return; /* of an attempt that is over; the first end has won */
    n->seen_seq = event->result.seq;
    n->send = SEND_STORED;
    if (event->result.kind == RESULT_START)
        result_started(job, event, node, out);
    else if (row_may_move(row_state(row), event->result.outcome.state) &&
             attempt_state_ended(event->result.outcome.state))
        result_ended(proposal, event, node, retries);
}

void result_retry_due(struct proposal *proposal, struct deadlines *retries, struct instant now)
{
    struct job *job = proposal->job;
    while (instant_reached(now, deadlines_next(retries)) && retries->count > 0) {
        struct deadline due = deadlines_take(retries);
        /* The retry may have been given up meanwhile, because the job stopped. */
        if (job->nodes[due.node].open_step == due.step &&
            job_row(job, due.step, due.node)->retrying)
            propose_scheduled(proposal, due.step, due.node);
    }
}
