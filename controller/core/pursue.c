#include "pursue.h"

#include "base/check.h"
#include "condition.h"

static struct effect pursue_effect(const struct job *job, uint32_t node, enum effect_kind kind)
{
    const struct job_node *n = &job->nodes[node];
    struct effect effect = {.kind = kind};
    effect.task.step = n->open_step;
    effect.task.node = node;
    effect.task.attempt = job_row(job, n->open_step, node)->attempts;
    effect.task.expected_seq = kind == EFFECT_DISPATCH ? n->result_seq : n->seen_seq;
    return effect;
}

static struct effect pursue_revoke(const struct job *job, uint32_t node, enum attempt_state state,
                                   const char *code, const char *text)
{
    struct effect effect = pursue_effect(job, node, EFFECT_REVOKE);
    effect.task.state = state;
    effect.task.code = code;
    effect.task.text = text;
    return effect;
}

/* Nobody has heard the node for too long. What never started never will; of what started only an
 * idempotent step may be called lost: of the others nobody knows the fate. */
static struct effect pursue_silent(const struct job *job, uint32_t node)
{
    uint32_t step = job->nodes[node].open_step;
    if (row_state(job_row(job, step, node)) == ATTEMPT_QUEUED)
        return pursue_revoke(job, node, ATTEMPT_LOST, "LOST",
                             "the node went silent before it started this step");
    if (job_step(job, step)->idempotent)
        return pursue_revoke(job, node, ATTEMPT_LOST, "LOST",
                             "the node went silent while it ran this step");
    return pursue_revoke(job, node, ATTEMPT_UNKNOWN, "UNKNOWN",
                         "the node went silent while it ran this step, which is not idempotent: "
                         "whether it was done is not known");
}

static struct effect pursue_stopped(const struct job *job, uint32_t node, enum stop_reason stop)
{
    if (stop == STOP_CANCEL)
        return pursue_revoke(job, node, ATTEMPT_CANCELLED, "CANCELLED",
                             "cancelled before it started");
    return pursue_revoke(job, node, ATTEMPT_SKIPPED, "STOPPED",
                         "withdrawn before it started: the job had stopped");
}

static bool pursue_node(struct job *job, uint32_t node, enum stop_reason stop, struct effects *out)
{
    struct job_node *n = &job->nodes[node];
    const struct row *row = job_row(job, n->open_step, node);
    struct effect effect;
    bool unwanted = job->stop != STOP_NONE && condition_judge(job, node, n->cursor) != SKIP_NONE;
    if (n->silent) {
        effect = pursue_silent(job, node);
    } else if (unwanted && stop != job->stop) {
        return false; /* why it is unwanted is being logged; then it is looked at again */
    } else if (unwanted) {
        if (row_state(row) == ATTEMPT_QUEUED) {
            effect = pursue_stopped(job, node, stop);
        } else if (stop == STOP_FAILURE) {
            return false; /* what runs finishes, and its result is kept */
        } else {
            effect = pursue_effect(job, node, EFFECT_CANCEL);
            effect.task.text = job->stop_text;
        }
    } else if (n->send == SEND_DUE) {
        n->send = SEND_ASKED;
        effect = pursue_effect(job, node, EFFECT_DISPATCH);
    } else {
        return false;
    }
    effects_push(out, &effect);
    return true;
}

bool pursue(struct job *job, enum stop_reason stop, struct effects *out)
{
    bool left = false;
    for (uint32_t node = 0; node < job->node_count; node++) {
        const struct job_node *n = &job->nodes[node];
        if (n->open_step != PLAN_NONE && n->send != SEND_DRAFTED &&
            !job_row(job, n->open_step, node)->retrying && pursue_node(job, node, stop, out))
            left = true;
    }
    return left;
}
