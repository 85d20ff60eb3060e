/* Cancel a job: a signal is stored, so that it holds also while nobody drives the job. */
#include "api/call.h"
#include "base/check.h"
#include "result.pb-c.h"
#include "wire/subject.h"

enum { CANCEL_BODY_BYTES_MAX = 1024, CANCEL_REASON_BYTES_MAX = 200, CANCEL_VERSION = 1 };

static void cancel_stored(void *ctx, const struct bus_answer *answer)
{
    struct call_waiting *waiting = ctx;
    struct api *api = waiting->api;
    if (api != NULL && answer->outcome == BUS_OK)
        call_answer(api, waiting->reply,
                    json_pack("{s:s, s:s}", "id", waiting->job.text, "state", "cancelling"));
    else if (api != NULL)
        call_refuse(api, waiting->reply, CALL_UNAVAILABLE, "the cancel could not be stored: %s %s",
                    bus_outcome_text(answer->outcome), answer->text);
    (void)call_settle(waiting);
}

static void cancel_store(struct api *api, const struct bus_message *message, const char *job,
                         const json_t *arguments)
{
    const char *reason = json_string_value(json_object_get(arguments, "reason"));
    const char *by = json_string_value(json_object_get(arguments, "by"));
    char reason_text[CANCEL_REASON_BYTES_MAX];
    char by_text[CANCEL_REASON_BYTES_MAX];
    (void)snprintf(reason_text, sizeof reason_text, "%s", reason == NULL ? "" : reason);
    (void)snprintf(by_text, sizeof by_text, "%s", by == NULL ? "" : by);
    Baton__V1__CancelSignal cancel = BATON__V1__CANCEL_SIGNAL__INIT;
    cancel.by = by_text;
    cancel.reason = reason_text;
    Baton__V1__Signal signal = BATON__V1__SIGNAL__INIT;
    signal.version = CANCEL_VERSION;
    signal.job = (char *)job;
    signal.kind_case = BATON__V1__SIGNAL__KIND_CANCEL;
    signal.cancel = &cancel;
    uint8_t body[CANCEL_BODY_BYTES_MAX];
    size_t len = baton__v1__signal__get_packed_size(&signal);
    CHECK(len <= sizeof body);
    (void)baton__v1__signal__pack(&signal, body);
    struct subject subject = subject_signal(api->options.cell->name, job);
    struct bus_store store = {.subject = subject.text, .body = bytes_of(body, len)};
    bus_store(api->options.cell->bus, &store, cancel_stored, call_wait(api, message->reply, job));
}

void call_job_cancel(void *ctx, const struct bus_message *message)
{
    struct api *api = ctx;
    json_t *arguments = call_arguments(api, message);
    if (arguments == NULL)
        return;
    const struct jobs_entry *entry = call_job(api, message, arguments);
    if (entry != NULL && job_record_ended(&entry->record))
        call_refuse(api, message->reply, CALL_CONFLICT, "job %s is %s already",
                    entry->record.id.text, job_state_text(entry->record.state));
    else if (entry != NULL)
        cancel_store(api, message, entry->record.id.text, arguments);
    json_decref(arguments);
}
