#include "shell/perform.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/check.h"
#include "core/limits.h"
#include "result.pb-c.h"
#include "sys/clock.h"
#include "sys/json_text.h"
#include "task.pb-c.h"
#include "wire/record_wire.h"
#include "wire/subject.h"

enum { PERFORM_AGAIN_MS = 200, WIRE_VERSION = 1 };

/* An operation in flight. The bus answers each exactly once; a perform that is gone is not told. */
struct perform_request {
    struct perform *perform; /* NULL: nobody waits any more */
    struct perform_request *next;
    struct perform_request **link; /* what points at this one */
    uint32_t step, node, attempt;
};

static struct perform_request *perform_ask(struct perform *perform)
{
    struct perform_request *request = calloc(1, sizeof *request);
    CHECK(request != NULL);
    request->perform = perform;
    request->next = perform->requests;
    request->link = &perform->requests;
    if (request->next != NULL)
        request->next->link = &request->next;
    perform->requests = request;
    return request;
}

/* @return whom to tell, NULL if nobody waits any more. The request is gone. */
static struct perform *perform_answered(struct perform_request *request)
{
    struct perform *perform = request->perform;
    if (perform != NULL) {
        *request->link = request->next;
        if (request->next != NULL)
            request->next->link = request->link;
    }
    free(request);
    return perform;
}

void perform_init(struct perform *perform, const struct cell *cell, const char *job,
                  const struct perform_answers *answers)
{
    *perform = (struct perform){.cell = cell, .job = job, .answers = *answers};
    perform->again = calloc(1, sizeof *perform->again);
    CHECK(perform->again != NULL);
    uv_timer_init(cell->loop, perform->again);
    perform->again->data = perform;
}

void perform_done(struct perform *perform)
{
    for (struct perform_request *request = perform->requests; request != NULL;
         request = request->next)
        request->perform = NULL;
    perform->requests = NULL;
    uv_close((uv_handle_t *)perform->again, (uv_close_cb)free);
    buffer_done(&perform->record);
}

/* --- the log ---------------------------------------------------------------------------------- */

static void perform_append_ask(struct perform *perform);

static void perform_append_again(uv_timer_t *timer)
{
    perform_append_ask(timer->data);
}

static void perform_append_later(struct perform *perform)
{
    uv_timer_start(perform->again, perform_append_again, PERFORM_AGAIN_MS, 0);
}

/* The last record there is: ours, an older one (ask again), or somebody else's. Ours is what is the
 * same to the last byte: index, owner and epoch are those of an earlier life's record as well, when
 * both create the job. */
static void perform_read_back_answer(void *ctx, const struct bus_answer *answer)
{
    struct perform *perform = perform_answered(ctx);
    if (perform == NULL || answer->outcome == BUS_LOST)
        return; /* a new session settles it by reading the job anew */
    if (answer->outcome != BUS_OK) {
        perform_append_later(perform);
        return;
    }
    uint64_t seq = answer->message->stream_seq;
    if (seq == perform->prev_seq)
        perform_append_later(perform);
    else if (bytes_equal(answer->message->body, buffer_bytes(&perform->record)))
        perform->answers.appended(perform->answers.ctx, seq);
    else
        perform->answers.refused(perform->answers.ctx);
}

static void perform_read_back(struct perform *perform)
{
    struct subject stream = subject_stream(perform->cell->name, CELL_LOG);
    struct subject subject = subject_log(perform->cell->name, perform->job);
    bus_fetch(perform->cell->bus, stream.text, 0, subject.text, perform_read_back_answer,
              perform_ask(perform));
}

static void perform_append_answer(void *ctx, const struct bus_answer *answer)
{
    struct perform *perform = perform_answered(ctx);
    if (perform == NULL)
        return;
    switch (answer->outcome) {
    case BUS_OK:
        perform->answers.appended(perform->answers.ctx, answer->seq);
        return;
    case BUS_CONFLICT: /* perhaps with our own record, stored by an attempt whose answer was lost */
    case BUS_TIMEOUT:
    case BUS_NO_RESPONDERS:
        perform_read_back(perform);
        return;
    case BUS_LOST:
        return;
    case BUS_NOT_FOUND:
    case BUS_REFUSED:
    case BUS_MISMATCH:
    case BUS_OUTCOME_COUNT:
        break;
    }
    log_event(perform->cell->log, LOG_WARN, "log.append_refused", LOG_TEXT("job", perform->job),
              LOG_INT("code", answer->err_code), LOG_TEXT("error", answer->text));
    perform_append_later(perform);
}

static void perform_append_ask(struct perform *perform)
{
    struct subject subject = subject_log(perform->cell->name, perform->job);
    struct bus_store store = {
        .subject = subject.text,
        .body = buffer_bytes(&perform->record),
        .expect_set = true,
        .expect_seq = perform->prev_seq,
    };
    bus_store(perform->cell->bus, &store, perform_append_answer, perform_ask(perform));
}

void perform_append(struct perform *perform, const struct record *record)
{
    buffer_clear(&perform->record);
    enum status status = record_wire_pack(record, &perform->record);
    CHECK(status == STATUS_OK); /* out of memory, or a spec we packed ourselves does not unpack */
    perform->prev_seq = record->prev_seq;
    perform_append_ask(perform);
}

/* --- orders, revocations, cancels ------------------------------------------------------------- */

#define WIRE_TEXT(text)                                                                            \
    ((char *)(text)) /* protobuf-c wants writable pointers to what it only reads */

static struct bytes perform_pack(struct buffer *out, const ProtobufCMessage *message)
{
    CHECK(buffer_reserve(out, protobuf_c_message_get_packed_size(message)) == STATUS_OK);
    out->len = protobuf_c_message_pack(message, (uint8_t *)out->data);
    return buffer_bytes(out);
}

static void perform_dispatch_answer(void *ctx, const struct bus_answer *answer)
{
    struct perform_request asked = *(struct perform_request *)ctx;
    struct perform *perform = perform_answered(ctx);
    if (perform == NULL || answer->outcome == BUS_LOST)
        return;
    if (answer->outcome != BUS_OK)
        log_event(perform->cell->log, LOG_WARN, "task.unsent", LOG_TEXT("job", perform->job),
                  LOG_UINT("step", asked.step),
                  LOG_TEXT("outcome", bus_outcome_text(answer->outcome)),
                  LOG_TEXT("error", answer->text));
    perform->answers.sent(perform->answers.ctx, asked.step, asked.node, asked.attempt,
                          answer->outcome == BUS_OK);
}

void perform_dispatch(struct perform *perform, const struct job *job, const struct effect *effect)
{
    const struct plan_item *item = job_step(job, effect->task.step);
    const char *node = job->nodes[effect->task.node].name;
    Baton__V1__TaskOrder order = BATON__V1__TASK_ORDER__INIT;
    order.version = WIRE_VERSION;
    order.job = WIRE_TEXT(job->id);
    order.step = effect->task.step;
    order.attempt = effect->task.attempt;
    order.node = WIRE_TEXT(node);
    order.path = WIRE_TEXT(item->path);
    order.backend = WIRE_TEXT(item->backend);
    order.action = WIRE_TEXT(item->action);
    order.params = WIRE_TEXT(item->params);
    order.timeout_ms = duration_to_ms(item->timeout);
    order.idle_timeout_ms = duration_to_ms(item->idle_timeout);
    order.idempotent = item->idempotent;
    order.expected_seq = effect->task.expected_seq;
    order.owner = WIRE_TEXT(perform->cell->controller);
    order.epoch = job->epoch;
    order.job_name = WIRE_TEXT(job->name);
    AUTO(buffer_done) struct buffer packed = {0};
    struct subject subject = subject_task(perform->cell->name, node);
    struct bus_store store = {.subject = subject.text, .body = perform_pack(&packed, &order.base)};
    struct perform_request *request = perform_ask(perform);
    request->step = effect->task.step;
    request->node = effect->task.node;
    request->attempt = effect->task.attempt;
    bus_store(perform->cell->bus, &store, perform_dispatch_answer, request);
}

/* Stored or not, the result subject tells: the engine asks again until something is there. */
static void perform_revoke_answer(void *ctx, const struct bus_answer *answer)
{
    struct perform *perform = perform_answered(ctx);
    if (perform == NULL || answer->outcome == BUS_OK || answer->outcome == BUS_CONFLICT ||
        answer->outcome == BUS_LOST)
        return;
    log_event(perform->cell->log, LOG_WARN, "task.revoke_failed", LOG_TEXT("job", perform->job),
              LOG_TEXT("outcome", bus_outcome_text(answer->outcome)),
              LOG_TEXT("error", answer->text));
}

void perform_revoke(struct perform *perform, const struct job *job, const struct effect *effect)
{
    const char *node = job->nodes[effect->task.node].name;
    Baton__V1__Outcome outcome = BATON__V1__OUTCOME__INIT;
    outcome.state = (Baton__V1__AttemptState)effect->task.state;
    outcome.code = WIRE_TEXT(effect->task.code);
    outcome.error = WIRE_TEXT(effect->task.text);
    Baton__V1__ResultRecord record = BATON__V1__RESULT_RECORD__INIT;
    record.version = WIRE_VERSION;
    record.kind = BATON__V1__RESULT_KIND__RESULT_REVOKE;
    record.job = WIRE_TEXT(job->id);
    record.node = WIRE_TEXT(node);
    record.step = effect->task.step;
    record.attempt = effect->task.attempt;
    record.claim = WIRE_TEXT("");
    record.at_ms = clock_unix_ms();
    record.outcome = &outcome;
    AUTO(buffer_done) struct buffer packed = {0};
    struct subject subject = subject_result(perform->cell->name, job->id, node);
    struct bus_store store = {
        .subject = subject.text,
        .body = perform_pack(&packed, &record.base),
        .expect_set = true,
        .expect_seq = effect->task.expected_seq,
    };
    bus_store(perform->cell->bus, &store, perform_revoke_answer, perform_ask(perform));
}

void perform_cancel(struct perform *perform, const struct job *job, const struct effect *effect)
{
    Baton__V1__TaskCancel cancel = BATON__V1__TASK_CANCEL__INIT;
    cancel.version = WIRE_VERSION;
    cancel.job = WIRE_TEXT(job->id);
    cancel.step = effect->task.step;
    cancel.attempt = effect->task.attempt;
    cancel.reason = WIRE_TEXT(effect->task.text);
    cancel.grace_ms = CANCEL_GRACE_MS;
    AUTO(buffer_done) struct buffer packed = {0};
    struct subject subject =
        subject_cancel(perform->cell->name, job->nodes[effect->task.node].name);
    bus_publish(perform->cell->bus, subject.text, NULL, NULL, perform_pack(&packed, &cancel.base));
}

/* --- events for followers --------------------------------------------------------------------- */

void perform_tell(struct perform *perform, const struct job *job, const struct effect *effect)
{
    json_t *event =
        json_pack("{s:s, s:s, s:s, s:s}", "job", job->id, "kind", effect->tell.kind, "at",
                  clock_rfc3339(clock_unix_ms()).text, "state", effect->tell.state);
    if (effect->tell.step != PLAN_NONE) {
        json_object_set_new(event, "step", json_integer(effect->tell.step));
        json_object_set_new(event, "path", json_string(job_step(job, effect->tell.step)->path));
        json_object_set_new(event, "attempt", json_integer(effect->tell.attempt));
    }
    if (effect->tell.node != PLAN_NONE)
        json_object_set_new(event, "node", json_string(job->nodes[effect->tell.node].name));
    if (effect->tell.text[0] != '\0')
        json_object_set_new(event, "text", json_text(effect->tell.text));
    char *text = json_dumps(event, JSON_COMPACT);
    json_decref(event);
    if (text == NULL)
        return; /* events are a courtesy; the log has it all */
    struct subject subject = subject_event(perform->cell->name, job->id, effect->tell.kind);
    bus_publish(perform->cell->bus, subject.text, NULL, NULL, bytes_of_text(text));
    free(text);
}
