/* What is stored on result subjects: who may claim, who may settle, and when. */
#include "base/check.h"
#include "oracle_parts.h"

enum { ORACLE_HEARD_S = 45 }; /* in which somebody hears of a cancel when all is well */

static const char *const kind_texts[] = {"START", "END", "REVOKE"};

static void oracle_start(struct world *world, struct oracle_job *job, uint32_t node,
                         const struct fact_result *fact, struct oracle_row *row)
{
    uint32_t number = job->job->number;
    world->oracle->counts.starts++;
    if (row->started >= fact->attempt)
        world_violated(world, number, "a second START of step %u #%u on node %u", fact->step,
                       fact->attempt, node);
    if (row->over >= fact->attempt)
        world_violated(world, number, "step %u #%u on node %u starts after it was settled",
                       fact->step, fact->attempt, node);
    if (job->finished)
        world_violated(world, number, "step %u #%u on node %u starts after the job's end",
                       fact->step, fact->attempt, node);
    uint32_t open = oracle_waits(job, fact->step, node);
    if (open != PLAN_NONE)
        world_violated(world, number,
                       "barrier: step %u starts on node %u before others are past item %s",
                       fact->step, node, job->job->plan->items[open].path);
    if (job->next_step[node] != fact->step)
        world_violated(world, number, "order: step %u starts on node %u, whose next step is %u",
                       fact->step, node, job->next_step[node]);
    if (job->asked_at != 0 && world->healed_at != 0 && job->stop != STOP_CANCEL &&
        world->now > world->healed_at + ORACLE_HEARD_S * WORLD_S &&
        world->now > job->asked_at + ORACLE_HEARD_S * WORLD_S)
        world_violated(world, number,
                       "somebody asked for the end of %s, nobody heard, and step %u starts",
                       job->job->id, fact->step);
    row->started = (uint16_t)fact->attempt;
}

static void oracle_over(struct world *world, struct oracle_job *job, uint32_t node,
                        const struct fact_result *fact, struct oracle_row *row, uint64_t seq)
{
    uint32_t number = job->job->number;
    bool end = fact->kind == FACT_END;
    if (end)
        world->oracle->counts.ends++;
    else
        world->oracle->counts.revokes++;
    if (row->over >= fact->attempt)
        world_violated(world, number, "step %u #%u on node %u is settled twice", fact->step,
                       fact->attempt, node);
    if (end && row->started != fact->attempt)
        world_violated(world, number, "step %u #%u on node %u ends without a START", fact->step,
                       fact->attempt, node);
    /* An idempotent task that an earlier life ran to its end may be running again when the END of
     * that life arrives: allowed, see specs/simulation.md. */
    bool again = row->ran_times > 1 && oracle_idempotent(job, fact->step);
    if (end && row->running > 0 && !again)
        world_violated(world, number, "step %u #%u on node %u is said to be over while it runs",
                       fact->step, fact->attempt, node);
    bool never = strcmp(fact->code, "CANCELLED") == 0 || strcmp(fact->code, "STOPPED") == 0;
    if (!end && never && row->started == fact->attempt)
        world_violated(world, number,
                       "step %u #%u on node %u is withdrawn as not started, but it has a START",
                       fact->step, fact->attempt, node);
    row->over = (uint16_t)fact->attempt;
    row->over_state = (uint8_t)fact->state;
    row->over_seq = seq;
}

void oracle_result(struct world *world, struct oracle_job *job, const struct stored *stored)
{
    struct fact_result fact;
    memcpy(&fact, stored->data, sizeof fact);
    uint32_t node = jobs_node(job->job, stored->node);
    uint32_t number = job->job->number;
    world_say(world, number, "stored %llu: %s step %u #%u on node-%u%s%s",
              (unsigned long long)stored->seq, kind_texts[fact.kind], fact.step, fact.attempt,
              stored->node, fact.kind == FACT_START ? "" : ": ",
              fact.kind == FACT_START ? "" : attempt_state_text(fact.state));
    if (node == PLAN_NONE || fact.step >= job->job->plan->step_count) {
        world_violated(world, number, "a result of a row that does not exist");
        return;
    }
    struct oracle_row *row = oracle_row(job, fact.step, node);
    if (row->scheduled != fact.attempt)
        world_violated(world, number, "%s of step %u #%u on node %u, but the log has scheduled #%u",
                       kind_texts[fact.kind], fact.step, fact.attempt, node, row->scheduled);
    if (fact.kind == FACT_START)
        oracle_start(world, job, node, &fact, row);
    else
        oracle_over(world, job, node, &fact, row, stored->seq);
}
