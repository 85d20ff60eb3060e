#include "engine.h"

#include <stdlib.h>

#include "base/check.h"
#include "deadlines.h"
#include "finish.h"
#include "fold.h"
#include "limits.h"
#include "proposal.h"
#include "pursue.h"
#include "result.h"
#include "stop.h"
#include "walk.h"

struct engine {
    struct job *job;
    char *owner; /* this controller, once it drives the job */
    uint64_t epoch;
    struct proposal proposal;
    struct proposal_record *accepted; /* the last one: effects of this step borrow from it */
    struct record appending;          /* what EFFECT_APPEND points at */
    bool append_asked;
    struct job_summary summary; /* as of the last accepted record */
    struct deadlines retries;
    struct instant timeout_at;
    struct instant pursue_at;
    bool done; /* DONE or DEPOSED has been said */
};

struct engine *engine_new(void)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        return NULL;
    engine->timeout_at = INSTANT_NEVER;
    engine->pursue_at = INSTANT_NEVER;
    return engine;
}

void engine_free(struct engine *engine)
{
    if (engine == NULL)
        return;
    proposal_done(&engine->proposal);
    proposal_record_free(engine->accepted);
    deadlines_done(&engine->retries);
    job_free(engine->job);
    free(engine->owner);
    free(engine);
}

const struct job *engine_job(const struct engine *engine)
{
    return engine->job;
}

const struct job_summary *engine_summary(const struct engine *engine)
{
    return &engine->summary;
}

struct instant engine_deadline(const struct engine *engine)
{
    if (engine->done || engine->owner == NULL)
        return INSTANT_NEVER;
    if (job_ended(engine->job)) /* only the answer to the last append is still to come */
        return INSTANT_NEVER;
    struct instant deadline = instant_min(engine->timeout_at, engine->pursue_at);
    return instant_min(deadline, deadlines_next(&engine->retries));
}

void engine_check(const struct engine *engine)
{
    if (engine->job == NULL)
        return;
    job_check(engine->job);
    CHECK(IMPLIES(engine->append_asked, engine->proposal.first != NULL));
    CHECK(IMPLIES(engine->append_asked, engine->proposal.first->closed));
    CHECK(IMPLIES(engine->append_asked, engine->appending.index == engine->job->last_index + 1));
}

/* --- what follows from an accepted record ----------------------------------------------------- */

static void engine_tell(struct effects *out, const char *kind, uint32_t step, uint32_t node,
                        uint32_t attempt, const char *state, const char *text)
{
    effects_push(out, &(struct effect){.kind = EFFECT_TELL,
                                       .tell = {.kind = kind,
                                                .step = step,
                                                .node = node,
                                                .attempt = attempt,
                                                .state = state,
                                                .text = text == NULL ? "" : text}});
}

static void engine_dispatch_wave(struct engine *engine, const struct entry *entry,
                                 struct instant now, struct effects *out)
{
    for (uint32_t i = 0; i < entry->wave.node_count; i++) {
        uint32_t node = entry->wave.nodes[i];
        struct job_node *n = &engine->job->nodes[node];
        const struct row *row = job_row(engine->job, entry->wave.step, node);
        if (n->open_step != entry->wave.step || row->attempts != entry->wave.attempt ||
            n->send != SEND_DRAFTED)
            continue;
        n->send = SEND_DUE;
        if (n->silent || engine->job->stop != STOP_NONE) {
            engine->pursue_at = now; /* it decides whether this one goes out at all */
            continue;
        }
        n->send = SEND_ASKED;
        effects_push(out, &(struct effect){.kind = EFFECT_DISPATCH,
                                           .task = {.step = entry->wave.step,
                                                    .node = node,
                                                    .attempt = entry->wave.attempt,
                                                    .expected_seq = n->result_seq,
                                                    .code = "",
                                                    .text = ""}});
    }
}

static void engine_follow_entry(struct engine *engine, const struct entry *entry,
                                struct effects *out)
{
    const char *state = job_state_text(engine->summary.state);
    switch (entry->kind) {
    case ENTRY_CREATED:
        engine_tell(out, "created", PLAN_NONE, PLAN_NONE, 0, state, engine->job->name);
        return;
    case ENTRY_SCHEDULED:
        engine_tell(out, "step", entry->wave.step, PLAN_NONE, entry->wave.attempt,
                    attempt_state_text(ATTEMPT_QUEUED), "");
        return;
    case ENTRY_SKIPPED:
        for (uint32_t i = 0; i < entry->wave.node_count; i++)
            engine_tell(out, "attempt", entry->wave.step, entry->wave.nodes[i], 0,
                        attempt_state_text(ATTEMPT_SKIPPED), "");
        return;
    case ENTRY_ENDED:
        engine_tell(out, "attempt", entry->ended.step, entry->ended.node, entry->ended.attempt,
                    attempt_state_text(entry->ended.outcome.state), entry->ended.outcome.error);
        return;
    case ENTRY_STOPPING:
        engine_tell(out, "stopping", PLAN_NONE, PLAN_NONE, 0, state, entry->stopping.text);
        return;
    case ENTRY_FINISHED:
        engine_tell(out, "finished", PLAN_NONE, PLAN_NONE, 0, state, entry->finished.error);
        return;
    case ENTRY_CLAIMED:
        return;
    case ENTRY_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

/* Deeds first: the node that waits for its order is what the job's time is made of. */
static void engine_follow_record(struct engine *engine, const struct proposal_record *record,
                                 struct instant now, struct effects *out)
{
    const struct draft *draft = &record->draft;
    bool save =
        record->after.state != engine->summary.state || record->after.stop != engine->summary.stop;
    for (uint32_t i = 0; i < draft->count; i++) {
        const struct entry *entry = &draft->entries[i];
        if (entry->kind == ENTRY_SCHEDULED)
            engine_dispatch_wave(engine, entry, now, out);
        if (entry->kind == ENTRY_STOPPING || entry->kind == ENTRY_CLAIMED)
            engine->pursue_at = now;
        if (entry->kind == ENTRY_CREATED || entry->kind == ENTRY_CLAIMED)
            save = true;
    }
    bool started = engine->summary.started_at_ms == 0 && record->after.started_at_ms != 0;
    engine->summary = record->after;
    if (save)
        effects_push(out, &(struct effect){.kind = EFFECT_SAVE, .save = engine->summary});
    for (uint32_t i = 0; i < draft->count; i++) {
        if (started && draft->entries[i].kind == ENTRY_SCHEDULED) {
            engine_tell(out, "started", PLAN_NONE, PLAN_NONE, 0,
                        job_state_text(engine->summary.state), "");
            started = false;
        }
        engine_follow_entry(engine, &draft->entries[i], out);
    }
}

/* --- the events ------------------------------------------------------------------------------- */

static enum status engine_own(struct engine *engine, const char *owner, uint64_t epoch)
{
    CHECK(engine->owner == NULL);
    engine->owner = strdup(owner);
    engine->epoch = epoch;
    return engine->owner == NULL ? STATUS_NOMEM : STATUS_OK;
}

static enum status engine_create(struct engine *engine, const struct event *event,
                                 struct error *err)
{
    CHECK(engine->job == NULL);
    const struct entry *created = event->create.created;
    enum status status = fold_created(created, event->create.take_plan, &engine->job, err);
    if (status != STATUS_OK)
        return status;
    engine->proposal.job = engine->job;
    status = engine_own(engine, event->create.owner, 1);
    if (status != STATUS_OK)
        return ERROR(err, status, "job");
    propose_created(&engine->proposal, created);
    if (engine->job->plan == NULL)
        propose_finished(&engine->proposal, JOB_FAILED, false, created->created.refusal);
    else if (engine->job->plan->timeout.ns != 0)
        engine->timeout_at = instant_add(event->now, engine->job->plan->timeout);
    return STATUS_OK;
}

static enum status engine_replay(struct engine *engine, const struct event *event,
                                 struct error *err)
{
    CHECK(engine->owner == NULL);
    const struct record *record = event->replay.record;
    if (engine->job != NULL) {
        plan_free(event->replay.take_plan); /* a second creation: fold_record() refuses it */
    } else {
        if (record->entry_count == 0 || record->entries[0].kind != ENTRY_CREATED) {
            plan_free(event->replay.take_plan);
            return ERROR(err, STATUS_MALFORMED, "the log does not begin with the job's creation");
        }
        enum status status =
            fold_created(&record->entries[0], event->replay.take_plan, &engine->job, err);
        if (status != STATUS_OK)
            return status;
        engine->proposal.job = engine->job;
    }
    enum status status = fold_record(engine->job, record, event->replay.seq, err);
    engine->summary = proposal_summary(engine->job);
    return status;
}

/* A waiting retry waits anew: how long the last owner had waited is not known here. */
static void engine_wait_again(struct engine *engine, struct instant now)
{
    const struct job *job = engine->job;
    for (uint32_t node = 0; node < job->node_count; node++) {
        uint32_t step = job->nodes[node].open_step;
        if (step == PLAN_NONE || !job_row(job, step, node)->retrying)
            continue;
        struct instant at = instant_add(now, job_step(job, step)->retry.initial);
        if (!deadlines_add(&engine->retries, &(struct deadline){at, node, step}))
            engine->proposal.out_of_memory = true;
    }
}

static enum status engine_adopt(struct engine *engine, const struct event *event,
                                struct effects *out, struct error *err)
{
    CHECK(engine->job != NULL);
    enum status status = engine_own(engine, event->adopt.owner, event->adopt.epoch);
    if (status != STATUS_OK)
        return ERROR(err, status, "job");
    engine->summary = proposal_summary(engine->job);
    if (job_ended(engine->job)) { /* its last owner died before it could say so */
        effects_push(out, &(struct effect){.kind = EFFECT_SAVE, .save = engine->summary});
        return STATUS_OK;
    }
    const struct plan *plan = engine->job->plan;
    if (plan != NULL && plan->timeout.ns != 0) {
        uint64_t age = event->adopt.age.ns;
        uint64_t left = plan->timeout.ns > age ? plan->timeout.ns - age : 0;
        engine->timeout_at = instant_add(event->now, (struct duration){left});
    }
    propose_claimed(&engine->proposal, engine->job->owner == NULL ? "" : engine->job->owner);
    if (plan == NULL) /* its first owner died between the two halves of a refusal */
        propose_finished(&engine->proposal, JOB_FAILED, false, "the spec was refused");
    engine_wait_again(engine, event->now);
    return STATUS_OK;
}

static enum status engine_appended(struct engine *engine, const struct event *event,
                                   struct effects *out, struct error *err)
{
    if (!engine->append_asked)
        return STATUS_OK; /* an answer that was not awaited any more */
    engine->append_asked = false;
    engine->accepted = proposal_take_first(&engine->proposal);
    if (fold_header(engine->job, &engine->appending, event->appended.seq) != STATUS_OK)
        return ERROR(err, STATUS_NOMEM, "record");
    engine_follow_record(engine, engine->accepted, event->now, out);
    return STATUS_OK;
}

static void engine_set_silent(struct engine *engine, const char *name, bool silent,
                              struct instant now)
{
    uint32_t node = job_find_node(engine->job, name);
    if (node == PLAN_NONE || engine->job->nodes[node].silent == silent)
        return;
    engine->job->nodes[node].silent = silent;
    if (silent)
        engine->pursue_at = now;
}

static void engine_set_send(struct engine *engine, uint32_t step, uint32_t node, uint32_t attempt,
                            enum job_send send, struct instant now)
{
    CHECK(node < engine->job->node_count);
    struct job_node *n = &engine->job->nodes[node];
    if (n->open_step != step || job_row(engine->job, step, node)->attempts != attempt ||
        n->send != SEND_ASKED)
        return; /* it was answered in the meantime: the result came before the PubAck */
    n->send = send;
    if (send == SEND_DUE)
        engine->pursue_at = instant_min(engine->pursue_at, instant_add(now, DURATION_MS(NAG_MS)));
}

static enum status engine_take(struct engine *engine, const struct event *event,
                               struct effects *out, struct error *err)
{
    switch (event->kind) {
    case EVENT_CREATE:
        return engine_create(engine, event, err);
    case EVENT_REPLAY:
        return engine_replay(engine, event, err);
    case EVENT_ADOPT:
        return engine_adopt(engine, event, out, err);
    case EVENT_APPENDED:
        return engine_appended(engine, event, out, err);
    case EVENT_REFUSED:
        engine->done = true;
        effects_push(out, &(struct effect){.kind = EFFECT_DEPOSED});
        return STATUS_OK;
    case EVENT_RESULT:
        result_take(&engine->proposal, event, &engine->retries, out);
        return STATUS_OK;
    case EVENT_CANCEL:
        stop_on_cancel(&engine->proposal, event);
        return STATUS_OK;
    case EVENT_SILENT:
        engine_set_silent(engine, event->silent.node, true, event->now);
        return STATUS_OK;
    case EVENT_HEARD:
        engine_set_silent(engine, event->heard.node, false, event->now);
        return STATUS_OK;
    case EVENT_SENT:
        engine_set_send(engine, event->sent.step, event->sent.node, event->sent.attempt,
                        SEND_STORED, event->now);
        return STATUS_OK;
    case EVENT_UNSENT:
        engine_set_send(engine, event->unsent.step, event->unsent.node, event->unsent.attempt,
                        SEND_DUE, event->now);
        return STATUS_OK;
    case EVENT_TICK:
        return STATUS_OK;
    case EVENT_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

/* --- after every event ------------------------------------------------------------------------ */

static void engine_append(struct engine *engine, struct effects *out)
{
    if (engine->append_asked)
        return;
    const struct proposal_record *record = proposal_close_first(&engine->proposal);
    if (record == NULL)
        return;
    engine->append_asked = true;
    engine->appending = (struct record){
        .index = engine->job->last_index + 1,
        .prev_seq = engine->job->last_seq,
        .owner = engine->owner,
        .epoch = engine->epoch,
        .at_ms = record->at_ms,
        .entries = record->draft.entries,
        .entry_count = record->draft.count,
    };
    effects_push(out, &(struct effect){.kind = EFFECT_APPEND, .append = &engine->appending});
}

static void engine_advance(struct engine *engine, const struct event *event, struct effects *out)
{
    struct job *job = engine->job;
    if (job->plan != NULL && !job_ended(job)) {
        if (instant_reached(event->now, engine->timeout_at)) {
            engine->timeout_at = INSTANT_NEVER;
            stop_on_timeout(&engine->proposal);
        }
        result_retry_due(&engine->proposal, &engine->retries, event->now);
        walk(&engine->proposal);
        finish(&engine->proposal);
    }
    engine_append(engine, out);
    if (job->plan != NULL && instant_reached(event->now, engine->pursue_at)) {
        bool left = pursue(job, engine->summary.stop, out);
        engine->pursue_at = left ? instant_add(event->now, DURATION_MS(NAG_MS)) : INSTANT_NEVER;
    }
    if (!engine->done && !engine->append_asked && job_ended(job)) {
        engine->done = true;
        effects_push(out, &(struct effect){.kind = EFFECT_DONE});
    }
}

enum status engine_step(struct engine *engine, const struct event *event, struct effects *out,
                        struct error *err)
{
    if (engine->done)
        return STATUS_OK; /* the network may speak late */
    proposal_record_free(engine->accepted);
    engine->accepted = NULL;
    engine->proposal.wall_ms = event->wall_ms;
    enum status status = engine_take(engine, event, out, err);
    if (status == STATUS_OK && engine->owner != NULL && !engine->done)
        engine_advance(engine, event, out);
    if (status == STATUS_OK && (engine->proposal.out_of_memory || out->out_of_memory))
        return ERROR(err, STATUS_NOMEM, "job %s", engine->job == NULL ? "" : engine->job->id);
    return status;
}
