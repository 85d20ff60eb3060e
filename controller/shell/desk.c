#include "shell/desk.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/map.h"
#include "shell/adopt.h"
#include "sys/clock.h"
#include "sys/json_text.h"
#include "wire/subject.h"

/* What became known of a job while it was being read. Its last records may have been read before,
 * so that nothing but this says it: it waits until the job is driven. */
struct desk_waiting {
    struct fact fact;
    struct desk_waiting *next;
};

/* One job: being created, being taken over, or driven. */
struct desk_job {
    struct desk *desk;
    struct name id;
    struct drive *drive; /* NULL while it is being taken over */
    struct adopt *adopt; /* NULL otherwise */
    desk_created_fn created;
    void *created_ctx;
    uint64_t revision;            /* of the KV record, as far as it is known: for a quarantine */
    struct desk_waiting *waiting; /* in order */
    struct desk_waiting **waiting_end;
    struct desk_job *next_gone;
};

struct desk {
    struct desk_options options;
    struct map jobs;       /* id -> struct desk_job */
    struct desk_job *gone; /* to be freed when no callback of theirs can be running */
    uv_check_t *sweep;
};

/* @return the first fact that waits, which is the caller's then; NULL if there is none. */
static struct desk_waiting *desk_take_waiting(struct desk_job *job)
{
    struct desk_waiting *first = job->waiting;
    if (first == NULL)
        return NULL;
    job->waiting = first->next;
    if (job->waiting == NULL)
        job->waiting_end = &job->waiting;
    return first;
}

static void desk_waiting_free(struct desk_waiting *waiting)
{
    fact_done(&waiting->fact);
    free(waiting);
}

static void desk_job_free(struct desk_job *job)
{
    for (struct desk_waiting *waiting; (waiting = desk_take_waiting(job)) != NULL;)
        desk_waiting_free(waiting);
    drive_free(job->drive);
    adopt_free(job->adopt);
    free(job);
}

static void desk_sweep(uv_check_t *check)
{
    struct desk *desk = check->data;
    while (desk->gone != NULL) {
        struct desk_job *job = desk->gone;
        desk->gone = job->next_gone;
        desk_job_free(job);
    }
    uv_check_stop(check);
}

static void desk_drop(struct desk_job *job)
{
    struct desk *desk = job->desk;
    CHECK(map_remove(&desk->jobs, job->id.text) == job);
    job->next_gone = desk->gone;
    desk->gone = job;
    uv_check_start(desk->sweep, desk_sweep);
}

struct desk *desk_new(const struct desk_options *options)
{
    struct desk *desk = calloc(1, sizeof *desk);
    CHECK(desk != NULL);
    desk->options = *options;
    desk->sweep = calloc(1, sizeof *desk->sweep);
    CHECK(desk->sweep != NULL);
    uv_check_init(options->cell->loop, desk->sweep);
    desk->sweep->data = desk;
    return desk;
}

void desk_free(struct desk *desk)
{
    if (desk == NULL)
        return;
    size_t at = 0;
    for (struct desk_job *job; (job = map_next(&desk->jobs, &at)) != NULL;)
        desk_job_free(job);
    desk_sweep(desk->sweep);
    uv_close((uv_handle_t *)desk->sweep, (uv_close_cb)free);
    map_done(&desk->jobs);
    free(desk);
}

static struct desk_job *desk_add(struct desk *desk, const char *id)
{
    struct desk_job *job = calloc(1, sizeof *job);
    CHECK(job != NULL);
    job->desk = desk;
    job->waiting_end = &job->waiting;
    CHECK(name_set(&job->id, bytes_of_text(id)));
    CHECK(map_put(&desk->jobs, job->id.text, job));
    return job;
}

bool desk_has(const struct desk *desk, const char *job)
{
    return map_get(&desk->jobs, job) != NULL;
}

const struct engine *desk_engine(const struct desk *desk, const char *id)
{
    const struct desk_job *job = map_get(&desk->jobs, id);
    return job == NULL || job->drive == NULL ? NULL : drive_engine(job->drive);
}

size_t desk_count(const struct desk *desk)
{
    return desk->jobs.count;
}

/* --- a job that can't be driven --------------------------------------------------------------- */

static void desk_quarantined(void *ctx, const struct bus_answer *answer)
{
    (void)ctx;
    (void)answer; /* if it was not written, the next scan of the orphans finds the job again */
}

/* One bad job must not stop the others: it is set aside in state failed, with the reason. Its log
 * stays as it is, for whoever wants to know. */
static void desk_quarantine(struct desk_job *job, const struct error *err)
{
    const struct cell *cell = job->desk->options.cell;
    log_event(cell->log, LOG_ERROR, "job.quarantined", LOG_TEXT("job", job->id.text), LOG_ERR(err));
    char reason[ERROR_TEXT_MAX + 32];
    (void)snprintf(reason, sizeof reason, "quarantined: %s", err->text);
    json_t *value =
        json_pack("{s:s, s:s, s:s, s:b, s:s, s:i, s:o, s:[], s:n, s:n, s:s}", "id", job->id.text,
                  "name", "", "state", "failed", "partial", 0, "owner", cell->controller, "epoch",
                  0, "error", json_text(reason), "expected", "created_at", "started_at",
                  "finished_at", clock_rfc3339(clock_unix_ms()).text);
    char *text = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    CHECK(text != NULL);
    struct subject bucket = subject_bucket(cell->name, CELL_JOBS);
    bus_kv_update(cell->bus, bucket.text, job->id.text, bytes_of_text(text), job->revision,
                  desk_quarantined, NULL);
    free(text);
}

/* --- driving ---------------------------------------------------------------------------------- */

static void desk_tell_created(struct desk_job *job, enum desk_created created)
{
    desk_created_fn done = job->created;
    job->created = NULL;
    if (done != NULL)
        done(job->created_ctx, job->id.text, created);
}

static void desk_known(void *ctx, struct drive *drive)
{
    struct desk_job *job = ctx;
    (void)drive;
    desk_tell_created(job, DESK_CREATED);
}

static void desk_ended(void *ctx, struct drive *drive, enum drive_end end, const struct error *err)
{
    struct desk_job *job = ctx;
    const struct cell *cell = job->desk->options.cell;
    const struct job *state = engine_job(drive_engine(drive));
    switch (end) {
    case DRIVE_DONE:
        log_event(cell->log, LOG_INFO, "job.finished", LOG_TEXT("job", job->id.text),
                  LOG_TEXT("state", job_state_text(state->state)));
        desk_tell_created(job, DESK_CREATED);
        break;
    case DRIVE_DEPOSED:
        log_event(cell->log, job->created != NULL ? LOG_DEBUG : LOG_WARN, "job.deposed",
                  LOG_TEXT("job", job->id.text));
        desk_tell_created(job, DESK_EXISTED);
        break;
    case DRIVE_BROKEN:
        desk_quarantine(job, err);
        desk_tell_created(job, DESK_FAILED);
        break;
    }
    desk_drop(job);
}

static bool desk_node_silent(void *ctx, const char *node)
{
    const struct desk_job *job = ctx;
    return job->desk->options.node_silent(job->desk->options.ctx, node);
}

static void desk_drive(struct desk_job *job, struct engine *take_engine, uint64_t epoch,
                       uint64_t revision)
{
    const struct drive_options options = {
        .cell = job->desk->options.cell,
        .known = desk_known,
        .ended = desk_ended,
        .node_silent = desk_node_silent,
        .ctx = job,
    };
    job->revision = revision;
    job->drive = drive_new(&options, job->id.text, take_engine, epoch, revision);
}

void desk_create(struct desk *desk, const char *id, struct accepted *accepted,
                 int64_t submitted_at_ms, desk_created_fn done, void *ctx)
{
    if (desk_has(desk, id)) {
        done(ctx, id, DESK_EXISTED);
        return;
    }
    struct desk_job *job = desk_add(desk, id);
    job->created = done;
    job->created_ctx = ctx;
    struct engine *engine = engine_new();
    CHECK(engine != NULL);
    desk_drive(job, engine, 1, 0);
    struct entry created = {.kind = ENTRY_CREATED};
    created.created.id = id;
    created.created.plan = accepted->plan;
    created.created.spec = buffer_bytes(&accepted->spec);
    created.created.expected = accepted->expected;
    created.created.expected_count = accepted->expected_count;
    created.created.submitted_at_ms = submitted_at_ms;
    created.created.refusal = buffer_text(&accepted->refusal);
    created.created.spec_sha256 = accepted->sha256;
    struct event event = {.kind = EVENT_CREATE};
    event.create.created = &created;
    event.create.take_plan = STEAL(accepted->plan);
    event.create.owner = desk->options.cell->controller;
    log_event(desk->options.cell->log, LOG_INFO, "job.created", LOG_TEXT("job", id),
              LOG_UINT("nodes", accepted->expected_count),
              LOG_BOOL("refused", accepted->refusal.len > 0));
    drive_event(job->drive, &event);
    if (desk_engine(desk, id) != NULL)
        drive_check_nodes(job->drive);
}

/* --- taking over ------------------------------------------------------------------------------ */

static void desk_adopted(void *ctx, const char *id, const struct adopted *adopted)
{
    struct desk_job *job = ctx;
    struct desk *desk = job->desk;
    const struct cell *cell = desk->options.cell;
    job->adopt = NULL;
    job->revision = adopted->revision;
    if (adopted->err != NULL) {
        bool ours =
            adopted->err->status != STATUS_CONFLICT && adopted->err->status != STATUS_UNAVAILABLE;
        if (ours)
            desk_quarantine(job, adopted->err);
        else
            log_event(cell->log, LOG_INFO, "job.not_adopted", LOG_TEXT("job", id),
                      LOG_ERR(adopted->err));
        desk_drop(job);
        return;
    }
    const struct job *state = engine_job(adopted->take_engine);
    log_event(cell->log, LOG_INFO, "job.adopted", LOG_TEXT("job", id),
              LOG_UINT("epoch", adopted->epoch), LOG_UINT("records", state->last_index));
    desk_drive(job, adopted->take_engine, adopted->epoch, adopted->revision);
    struct event event = {.kind = EVENT_ADOPT};
    event.adopt.owner = cell->controller;
    event.adopt.epoch = adopted->epoch;
    event.adopt.age = adopted->age;
    drive_event(job->drive, &event);
    if (desk_engine(desk, id) == NULL)
        return;
    drive_check_nodes(job->drive);
    if (adopted->signal != NULL)
        desk_fact(desk, adopted->signal);
    for (struct desk_waiting *waiting; (waiting = desk_take_waiting(job)) != NULL;) {
        desk_fact(desk, &waiting->fact); /* the job may have left the desk: it is freed later */
        desk_waiting_free(waiting);
    }
}

void desk_adopt(struct desk *desk, const char *id, const json_t *value, uint64_t revision)
{
    if (desk_has(desk, id))
        return;
    struct desk_job *job = desk_add(desk, id);
    job->adopt = adopt_new(desk->options.cell, id, value, revision, desk_adopted, job);
}

/* --- what happens to the jobs ----------------------------------------------------------------- */

void desk_fact(struct desk *desk, struct fact *fact)
{
    struct desk_job *job = map_get(&desk->jobs, fact->job.text);
    if (job != NULL && job->drive != NULL) {
        drive_event(job->drive, &fact->event);
    } else if (job != NULL) {
        struct desk_waiting *waiting = calloc(1, sizeof *waiting);
        CHECK(waiting != NULL);
        fact_move(&waiting->fact, fact);
        *job->waiting_end = waiting;
        job->waiting_end = &waiting->next;
    }
}

void desk_node(struct desk *desk, const char *node, bool silent)
{
    /* A job may leave the desk while it is told, so that the map must not be walked meanwhile. */
    size_t count = desk->jobs.count;
    struct desk_job **jobs = calloc(count + 1, sizeof(struct desk_job *));
    CHECK(jobs != NULL);
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        jobs[i] = map_next(&desk->jobs, &at);
    for (size_t i = 0; i < count; i++) {
        struct event event = {.kind = silent ? EVENT_SILENT : EVENT_HEARD};
        if (silent)
            event.silent.node = node;
        else
            event.heard.node = node;
        if (jobs[i]->drive != NULL)
            drive_event(jobs[i]->drive, &event);
    }
    free(jobs);
}
