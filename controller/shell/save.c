#include "shell/save.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "shell/job_record.h"
#include "wire/subject.h"

enum { SAVE_AGAIN_MS = 200 };

/* The bus answers once; a save that is gone is not told. */
struct save_request {
    struct save *save;
    char *value; /* what is being written */
};

static void save_write(struct save *save);

void save_init(struct save *save, const struct cell *cell, const char *job, uint64_t epoch,
               uint64_t revision, save_fn done, void *ctx)
{
    *save = (struct save){
        .cell = cell, .job = job, .epoch = epoch, .revision = revision, .done = done, .ctx = ctx};
    save->again = calloc(1, sizeof *save->again);
    CHECK(save->again != NULL);
    uv_timer_init(cell->loop, save->again);
    save->again->data = save;
}

void save_done(struct save *save)
{
    if (save->request != NULL)
        save->request->save = NULL;
    free(save->wanted);
    uv_close((uv_handle_t *)save->again, (uv_close_cb)free);
}

bool save_busy(const struct save *save)
{
    return save->wanted != NULL || save->request != NULL;
}

static struct save *save_answered(struct save_request *request)
{
    struct save *save = request->save;
    if (save != NULL)
        save->request = NULL;
    free(request->value);
    free(request);
    return save;
}

static void save_timer(uv_timer_t *timer)
{
    save_write(timer->data);
}

static void save_later(struct save *save, char *take_value)
{
    if (save->wanted == NULL)
        save->wanted = take_value; /* else a newer state waits already */
    else
        free(take_value);
    uv_timer_start(save->again, save_timer, SAVE_AGAIN_MS, 0);
}

static void save_written(struct save *save, uint64_t revision)
{
    bool first = save->revision == 0;
    save->revision = revision;
    save_write(save);
    save->done(save->ctx, first ? SAVE_FIRST : SAVE_AGAIN);
}

/* Who has the record now: we ourselves, by a write whose answer was lost, or somebody else? */
static void save_read_back(void *ctx, const struct bus_answer *answer)
{
    struct save_request *request = ctx;
    char *value = STEAL(request->value);
    struct save *save = save_answered(request);
    if (save == NULL || answer->outcome == BUS_LOST) {
        free(value);
        return;
    }
    if (answer->outcome != BUS_OK) {
        save_later(save, value);
        return;
    }
    struct job_record record;
    json_t *json =
        json_loadb((const char *)answer->message->body.data, answer->message->body.len, 0, NULL);
    bool ours = job_record_read(json, &record) && record.epoch == save->epoch &&
                strcmp(record.owner.text, save->cell->controller) == 0;
    json_decref(json);
    if (!ours) {
        free(value);
        save->done(save->ctx, SAVE_OVERTAKEN);
        return;
    }
    bool same = bytes_equal(answer->message->body, bytes_of_text(value));
    if (same) {
        free(value);
        save_written(save, answer->seq);
        return;
    }
    save->revision = answer->seq; /* an older state of ours: write the newer one over it */
    save_later(save, value);
}

static void save_answer(void *ctx, const struct bus_answer *answer)
{
    struct save_request *request = ctx;
    if (request->save == NULL || answer->outcome == BUS_LOST || answer->outcome == BUS_OK) {
        struct save *save = save_answered(request);
        if (save != NULL && answer->outcome == BUS_OK)
            save_written(save, answer->seq);
        return;
    }
    if (answer->outcome != BUS_CONFLICT)
        log_event(request->save->cell->log, LOG_WARN, "job.save_failed",
                  LOG_TEXT("job", request->save->job),
                  LOG_TEXT("outcome", bus_outcome_text(answer->outcome)),
                  LOG_TEXT("error", answer->text));
    struct subject bucket = subject_bucket(request->save->cell->name, CELL_JOBS);
    bus_kv_get(request->save->cell->bus, bucket.text, request->save->job, save_read_back, request);
}

static void save_write(struct save *save)
{
    if (save->request != NULL || save->wanted == NULL)
        return;
    struct save_request *request = calloc(1, sizeof *request);
    CHECK(request != NULL);
    request->save = save;
    request->value = STEAL(save->wanted);
    save->request = request;
    struct subject bucket = subject_bucket(save->cell->name, CELL_JOBS);
    bus_kv_update(save->cell->bus, bucket.text, save->job, bytes_of_text(request->value),
                  save->revision, save_answer, request);
}

void save_put(struct save *save, const struct job *job, const struct job_summary *summary)
{
    json_t *value = job_record_render(job, summary, save->cell->controller, save->epoch);
    free(save->wanted);
    save->wanted = value == NULL ? NULL : json_dumps(value, JSON_COMPACT);
    json_decref(value);
    CHECK(save->wanted != NULL);
    save_write(save);
}
