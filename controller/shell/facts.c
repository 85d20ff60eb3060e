#include "shell/facts.h"

#include "base/check.h"
#include "result.pb-c.h"
#include "wire/subject.h"

enum { FACT_VERSION = 1 };

void fact_done(struct fact *fact)
{
    if (fact->message != NULL)
        protobuf_c_message_free_unpacked(fact->message, NULL);
    fact->message = NULL;
}

void fact_move(struct fact *to, struct fact *from)
{
    *to = *from;
    if (to->event.kind == EVENT_RESULT)
        to->event.result.node = to->node.text;
    from->message = NULL;
}

static bool fact_kind(Baton__V1__ResultKind kind, enum result_kind *ret_kind)
{
    switch (kind) {
    case BATON__V1__RESULT_KIND__RESULT_START:
        *ret_kind = RESULT_START;
        return true;
    case BATON__V1__RESULT_KIND__RESULT_END:
        *ret_kind = RESULT_END;
        return true;
    case BATON__V1__RESULT_KIND__RESULT_REVOKE:
        *ret_kind = RESULT_REVOKE;
        return true;
    case BATON__V1__RESULT_KIND__RESULT_UNSET:
    case _BATON__V1__RESULT_KIND_IS_INT_SIZE:
        break;
    }
    return false;
}

static bool fact_outcome(const Baton__V1__Outcome *from, struct outcome *to)
{
    if (from == NULL || from->state <= BATON__V1__ATTEMPT_STATE__ATTEMPT_RUNNING ||
        from->state > BATON__V1__ATTEMPT_STATE__ATTEMPT_SKIPPED)
        return false;
    *to = (struct outcome){
        .state = (enum attempt_state)from->state,
        .code = from->code,
        .error = from->error,
        .has_exit_code = from->has_exit_code,
        .exit_code = from->exit_code,
        .started_at_ms = from->started_at_ms,
        .finished_at_ms = from->finished_at_ms,
        .duration_ms = from->duration_ms,
    };
    return true;
}

static enum status fact_read_result(const struct bus_message *message, struct fact *fact,
                                    struct error *err)
{
    Baton__V1__ResultRecord *record =
        baton__v1__result_record__unpack(NULL, message->body.len, message->body.data);
    if (record == NULL)
        return ERROR(err, STATUS_MALFORMED, "%zu bytes which are no result", message->body.len);
    fact->message = record;
    if (record->version > FACT_VERSION)
        return ERROR(err, STATUS_UNSUPPORTED, "a result of format %u", record->version);
    if (strcmp(record->job, fact->job.text) != 0 || strcmp(record->node, fact->node.text) != 0)
        return ERROR(err, STATUS_MALFORMED, "a result of another job or node than its subject's");
    struct event *event = &fact->event;
    event->kind = EVENT_RESULT;
    event->result.node = fact->node.text;
    event->result.step = record->step;
    event->result.attempt = record->attempt;
    event->result.seq = message->stream_seq;
    if (!fact_kind(record->kind, &event->result.kind))
        return ERROR(err, STATUS_MALFORMED, "a result of unknown kind %d", (int)record->kind);
    if (event->result.kind != RESULT_START &&
        !fact_outcome(record->outcome, &event->result.outcome))
        return ERROR(err, STATUS_MALFORMED, "a result without a final outcome");
    return STATUS_OK;
}

static enum status fact_read_signal(const struct bus_message *message, struct fact *fact,
                                    struct error *err)
{
    Baton__V1__Signal *signal =
        baton__v1__signal__unpack(NULL, message->body.len, message->body.data);
    if (signal == NULL)
        return ERROR(err, STATUS_MALFORMED, "%zu bytes which are no signal", message->body.len);
    fact->message = signal;
    fact->signal = true;
    if (signal->version > FACT_VERSION || signal->kind_case != BATON__V1__SIGNAL__KIND_CANCEL)
        return ERROR(err, STATUS_UNSUPPORTED, "a signal of format %u", signal->version);
    if (strcmp(signal->job, fact->job.text) != 0)
        return ERROR(err, STATUS_MALFORMED, "a signal to another job than its subject's");
    fact->event.kind = EVENT_CANCEL;
    fact->event.cancel.seq = message->stream_seq;
    fact->event.cancel.by = signal->cancel->by;
    fact->event.cancel.reason = signal->cancel->reason;
    return STATUS_OK;
}

enum status fact_read(const char *cell, const struct bus_message *message, struct fact *ret_fact,
                      struct error *err)
{
    struct name tokens[2];
    *ret_fact = (struct fact){0};
    enum status status;
    if (subject_parse(message->subject, cell, "result", tokens, 2)) {
        ret_fact->job = tokens[0];
        ret_fact->node = tokens[1];
        status = fact_read_result(message, ret_fact, err);
    } else if (subject_parse(message->subject, cell, "signal", tokens, 1)) {
        ret_fact->job = tokens[0];
        status = fact_read_signal(message, ret_fact, err);
    } else {
        status = ERROR(err, STATUS_MALFORMED, "subject %s is neither result nor signal",
                       message->subject);
    }
    if (status != STATUS_OK)
        fact_done(ret_fact);
    return status;
}
