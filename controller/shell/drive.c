#include "shell/drive.h"

#include <stdlib.h>

#include "base/check.h"
#include "shell/perform.h"
#include "shell/save.h"
#include "sys/clock.h"

struct drive {
    struct drive_options options;
    struct name id;
    struct engine *engine;
    struct effects effects;
    struct perform perform;
    struct save save;
    uv_timer_t *timer;
    enum drive_end end;
    bool ending;   /* DONE or DEPOSED was asked for; DONE waits for the KV record */
    bool stepping; /* events that come while effects are performed would be out of order */
    bool told;
};

static void drive_tick(uv_timer_t *timer);

static void drive_arm(struct drive *drive)
{
    struct instant deadline = engine_deadline(drive->engine);
    if (drive->told || deadline.ns == INSTANT_NEVER.ns) {
        uv_timer_stop(drive->timer);
        return;
    }
    struct duration left = instant_since(deadline, clock_now());
    /* Rounded up: a tick before the deadline would find nothing to do and come again at once. */
    uv_timer_start(drive->timer, drive_tick, duration_to_ms(left) + (left.ns % 1000000u != 0), 0);
}

static void drive_tell_end(struct drive *drive, const struct error *err)
{
    if (drive->told)
        return;
    drive->told = true;
    uv_timer_stop(drive->timer);
    drive->options.ended(drive->options.ctx, drive, drive->end, err);
}

static void drive_end(struct drive *drive, enum drive_end end, const struct error *err)
{
    if (drive->told)
        return;
    drive->end = end;
    drive->ending = true;
    if (end != DRIVE_DONE || !save_busy(&drive->save))
        drive_tell_end(drive, err);
}

/* --- effects ---------------------------------------------------------------------------------- */

static void drive_perform(struct drive *drive, const struct effect *effect)
{
    const struct job *job = engine_job(drive->engine);
    switch (effect->kind) {
    case EFFECT_APPEND:
        perform_append(&drive->perform, effect->append);
        return;
    case EFFECT_DISPATCH:
        perform_dispatch(&drive->perform, job, effect);
        return;
    case EFFECT_REVOKE:
        perform_revoke(&drive->perform, job, effect);
        return;
    case EFFECT_CANCEL:
        perform_cancel(&drive->perform, job, effect);
        return;
    case EFFECT_SAVE:
        save_put(&drive->save, job, &effect->save);
        return;
    case EFFECT_TELL:
        perform_tell(&drive->perform, job, effect);
        return;
    case EFFECT_DONE:
        drive_end(drive, DRIVE_DONE, NULL);
        return;
    case EFFECT_DEPOSED:
        drive_end(drive, DRIVE_DEPOSED, NULL);
        return;
    case EFFECT_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

void drive_event(struct drive *drive, struct event *event)
{
    if (drive->told || drive->ending)
        return;
    CHECK(!drive->stepping);
    drive->stepping = true;
    event->now = clock_now();
    event->wall_ms = clock_unix_ms();
    effects_clear(&drive->effects);
    struct error err = {0};
    enum status status = engine_step(drive->engine, event, &drive->effects, &err);
    if (status != STATUS_OK) {
        drive_end(drive, DRIVE_BROKEN, &err);
    } else {
        for (uint32_t i = 0; i < drive->effects.count && !drive->told; i++)
            drive_perform(drive, &drive->effects.items[i]);
    }
    drive->stepping = false;
    drive_arm(drive);
}

static void drive_tick(uv_timer_t *timer)
{
    drive_event(timer->data, &(struct event){.kind = EVENT_TICK});
}

/* --- answers ---------------------------------------------------------------------------------- */

static void drive_appended(void *ctx, uint64_t seq)
{
    drive_event(ctx, &(struct event){.kind = EVENT_APPENDED, .appended = {.seq = seq}});
}

static void drive_refused(void *ctx)
{
    drive_event(ctx, &(struct event){.kind = EVENT_REFUSED});
}

static void drive_sent(void *ctx, uint32_t step, uint32_t node, uint32_t attempt, bool stored)
{
    struct event event = {.kind = stored ? EVENT_SENT : EVENT_UNSENT};
    event.sent.step = step;
    event.sent.node = node;
    event.sent.attempt = attempt;
    drive_event(ctx, &event);
}

static void drive_saved(void *ctx, enum save_result result)
{
    struct drive *drive = ctx;
    switch (result) {
    case SAVE_FIRST:
        if (drive->options.known != NULL)
            drive->options.known(drive->options.ctx, drive);
        break;
    case SAVE_AGAIN:
        break;
    case SAVE_OVERTAKEN:
        drive_end(drive, DRIVE_DEPOSED, NULL);
        return;
    }
    if (drive->ending && !save_busy(&drive->save))
        drive_tell_end(drive, NULL);
}

/* --- life ------------------------------------------------------------------------------------- */

struct drive *drive_new(const struct drive_options *options, const char *id,
                        struct engine *take_engine, uint64_t epoch, uint64_t revision)
{
    struct drive *drive = calloc(1, sizeof *drive);
    CHECK(drive != NULL);
    drive->options = *options;
    drive->engine = take_engine;
    CHECK(name_set(&drive->id, bytes_of_text(id)));
    drive->timer = calloc(1, sizeof *drive->timer);
    CHECK(drive->timer != NULL);
    uv_timer_init(options->cell->loop, drive->timer);
    drive->timer->data = drive;
    const struct perform_answers answers = {drive_appended, drive_refused, drive_sent, drive};
    perform_init(&drive->perform, options->cell, drive->id.text, &answers);
    save_init(&drive->save, options->cell, drive->id.text, epoch, revision, drive_saved, drive);
    return drive;
}

void drive_free(struct drive *drive)
{
    if (drive == NULL)
        return;
    perform_done(&drive->perform);
    save_done(&drive->save);
    uv_close((uv_handle_t *)drive->timer, (uv_close_cb)free);
    effects_done(&drive->effects);
    engine_free(drive->engine);
    free(drive);
}

const char *drive_id(const struct drive *drive)
{
    return drive->id.text;
}

const struct engine *drive_engine(const struct drive *drive)
{
    return drive->engine;
}

void drive_check_nodes(struct drive *drive)
{
    const struct job *job = engine_job(drive->engine);
    for (uint32_t i = 0; job != NULL && i < job->node_count && !drive->told; i++) {
        if (drive->options.node_silent(drive->options.ctx, job->nodes[i].name))
            drive_event(drive, &(struct event){.kind = EVENT_SILENT,
                                               .silent = {.node = job->nodes[i].name}});
    }
}
