#include "shell/view.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "result.pb-c.h"
#include "shell/job_record.h"
#include "shell/reader.h"
#include "sys/json_text.h"
#include "wire/subject.h"

enum {
    VIEW_ROWS_MAX = 256,         /* of one page: as many results are read at once */
    VIEW_BYTES_MAX = 700 * 1024, /* of one page, below NATS's default max_payload of 1 MiB */
};

struct view_row {
    struct view *view;
    uint32_t step, node;
    json_t *json;
    uint64_t result_seq;
};

struct view {
    struct cell cell;
    json_t *page; /* the header; steps come last */
    struct view_request request;
    struct reader *reader;
    struct engine *engine;
    struct view_row *rows;
    uint32_t row_count;
    uint64_t rows_total;
    uint32_t fetching;
    bool cancelled;
    view_fn done;
    void *ctx;
};

static void view_release(struct view *view)
{
    for (uint32_t i = 0; i < view->row_count; i++)
        json_decref(view->rows[i].json);
    free(view->rows);
    json_decref(view->page);
    engine_free(view->engine);
    free(view);
}

void view_free(struct view *view)
{
    if (view == NULL)
        return;
    reader_free(view->reader);
    view->reader = NULL;
    view->cancelled = true;
    if (view->fetching == 0)
        view_release(view);
}

/* --- rows ------------------------------------------------------------------------------------- */

static json_t *view_render_row(const struct row *row)
{
    enum attempt_state state = row_state(row);
    /* What is not reached yet, and what waits for its retry, is waiting: "queued". */
    if (state == ATTEMPT_NONE || row->retrying)
        state = ATTEMPT_QUEUED;
    bool ended = row_settled(row);
    json_t *json =
        json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "state", attempt_state_text(state),
                  "attempts", (int)row->attempts, "started_at", job_record_time(row->started_at_ms),
                  "finished_at", job_record_time(ended ? row->finished_at_ms : 0), "duration_ms",
                  ended && row->started_at_ms != 0 ? json_integer(row->duration_ms) : json_null(),
                  "exit_code", row->has_exit_code ? json_integer(row->exit_code) : json_null(),
                  "error", json_text(row->error), "code", json_text(row->code));
    json_object_set_new(json, "output", json_string(""));
    return json;
}

/* --- outputs ---------------------------------------------------------------------------------- */

static json_t *view_capture(const Baton__V1__Capture *capture)
{
    AUTO(buffer_done) struct buffer text = {0};
    AUTO(buffer_done) struct buffer clean = {0};
    if (capture == NULL)
        return json_string("");
    size_t kept = capture->head.len + capture->tail.len;
    CHECK(buffer_append(&text, bytes_of(capture->head.data, capture->head.len)) == STATUS_OK);
    if (capture->total_bytes > kept)
        CHECK(buffer_print(&text, "\n[... %llu bytes left out; see: baton job logs ...]\n",
                           (unsigned long long)(capture->total_bytes - kept)) == STATUS_OK);
    CHECK(buffer_append(&text, bytes_of(capture->tail.data, capture->tail.len)) == STATUS_OK);
    CHECK(utf8_append(&clean, buffer_bytes(&text)) == STATUS_OK);
    return json_stringn(buffer_text(&clean), clean.len);
}

static void view_put_output(struct view_row *row, struct bytes body)
{
    Baton__V1__ResultRecord *record = baton__v1__result_record__unpack(NULL, body.len, body.data);
    if (record == NULL || record->outcome == NULL) {
        json_object_set_new(row->json, "output", json_null());
    } else {
        json_object_set_new(row->json, "output", view_capture(record->outcome->stdout));
        if (record->outcome->stderr != NULL && record->outcome->stderr->total_bytes > 0)
            json_object_set_new(row->json, "stderr", view_capture(record->outcome->stderr));
    }
    if (record != NULL)
        baton__v1__result_record__free_unpacked(record, NULL);
}

/* --- the page --------------------------------------------------------------------------------- */

static json_t *view_step(const struct job *job, uint32_t step)
{
    const struct plan_item *item = job_step(job, step);
    return json_pack("{s:i, s:s, s:o, s:o, s:o, s:{}}", "step", (int)step, "path", item->path,
                     "name", json_text(item->name), "backend", json_text(item->backend), "action",
                     json_text(item->action), "nodes");
}

static void view_finish(struct view *view)
{
    const struct job *job = engine_job(view->engine);
    json_t *steps = json_array();
    json_t *step = NULL;
    uint32_t step_number = PLAN_NONE;
    size_t bytes = 0;
    uint32_t done = 0;
    for (; done < view->row_count && (done == 0 || bytes < VIEW_BYTES_MAX); done++) {
        struct view_row *row = &view->rows[done];
        size_t size = json_dumpb(row->json, NULL, 0, JSON_COMPACT) + 2 * NAME_MAX_BYTES;
        if (done > 0 && bytes + size > VIEW_BYTES_MAX)
            break;
        bytes += size;
        if (row->step != step_number) {
            step_number = row->step;
            step = view_step(job, row->step);
            json_array_append_new(steps, step);
        }
        json_object_set(json_object_get(step, "nodes"), job->nodes[row->node].name, row->json);
    }
    json_object_set_new(view->page, "steps", steps);
    uint64_t next = view->request.first_row + done;
    if (next < view->rows_total)
        json_object_set_new(view->page, "next_page", json_integer((json_int_t)next));
    view->done(view->ctx, view->page, NULL);
    view_release(view);
}

static void view_fetched(void *ctx, const struct bus_answer *answer)
{
    struct view_row *row = ctx;
    struct view *view = row->view;
    view->fetching--;
    if (!view->cancelled) {
        if (answer->outcome == BUS_OK)
            view_put_output(row, answer->message->body);
        else
            json_object_set_new(row->json, "output", json_null()); /* not known now */
    }
    if (view->fetching > 0)
        return;
    if (view->cancelled)
        view_release(view);
    else
        view_finish(view);
}

static void view_fetch(struct view *view)
{
    struct subject stream = subject_stream(view->cell.name, CELL_RESULTS);
    for (uint32_t i = 0; view->request.output && i < view->row_count; i++)
        view->fetching += view->rows[i].result_seq != 0;
    if (view->fetching == 0) {
        view_finish(view);
        return;
    }
    for (uint32_t i = 0; i < view->row_count; i++) {
        if (view->rows[i].result_seq != 0)
            bus_fetch(view->cell.bus, stream.text, view->rows[i].result_seq, NULL, view_fetched,
                      &view->rows[i]);
    }
}

/* The header as of the rows: the engine's summary is of the same record. */
static void view_header(struct view *view)
{
    const struct job_summary *summary = engine_summary(view->engine);
    json_t *page = view->page;
    json_object_set_new(page, "state", json_string(job_state_text(summary->state)));
    json_object_set_new(page, "partial", json_boolean(summary->partial));
    json_object_set_new(page, "started_at", job_record_time(summary->started_at_ms));
    json_object_set_new(page, "finished_at", job_record_time(summary->finished_at_ms));
    if (summary->error != NULL)
        json_object_set_new(page, "error", json_text(summary->error));
}

static void view_build(struct view *view)
{
    const struct job *job = engine_job(view->engine);
    view_header(view);
    view->rows_total = job->plan == NULL ? 0 : (uint64_t)job->plan->step_count * job->node_count;
    uint64_t first = view->request.first_row;
    uint64_t left = first < view->rows_total ? view->rows_total - first : 0;
    view->row_count = left < VIEW_ROWS_MAX ? (uint32_t)left : VIEW_ROWS_MAX;
    view->rows = calloc(view->row_count + 1u, sizeof *view->rows);
    CHECK(view->rows != NULL);
    for (uint32_t i = 0; i < view->row_count; i++) {
        uint64_t at = first + i;
        struct view_row *row = &view->rows[i];
        row->view = view;
        row->step = (uint32_t)(at / job->node_count);
        row->node = (uint32_t)(at % job->node_count);
        const struct row *from = job_row(job, row->step, row->node);
        row->json = view_render_row(from);
        row->result_seq = attempt_state_ended(row_state(from)) ? from->result_seq : 0;
    }
    view_fetch(view);
}

static void view_read(void *ctx, const struct reader_job *read)
{
    struct view *view = ctx;
    view->reader = NULL;
    view->engine = read->take_engine;
    if (read->err == NULL) {
        view_build(view);
        return;
    }
    /* No log, or one that can't be read: the record is all there is to say. */
    json_object_set_new(view->page, "steps", json_array());
    view->done(view->ctx, view->page, NULL);
    view_release(view);
}

struct view *view_new(const struct cell *cell, const struct view_request *request, view_fn done,
                      void *ctx)
{
    struct view *view = calloc(1, sizeof *view);
    CHECK(view != NULL);
    *view = (struct view){.cell = *cell, .request = *request, .done = done, .ctx = ctx};
    view->page = json_copy((json_t *)request->value);
    CHECK(view->page != NULL);
    const char *id = json_string_value(json_object_get(request->value, "id"));
    view->reader = reader_new(cell, id, view_read, view);
    return view;
}
