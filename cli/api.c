#include "api.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "wire/subject.h"

struct api_call {
    bool done;
    enum bus_outcome outcome;
    bool refused; /* the answer is an error */
    json_t *json; /* NULL: not JSON */
    char text[ERROR_TEXT_MAX];
};

enum exit_code api_exit_code(const char *code)
{
    static const struct {
        const char *code;
        enum exit_code exit;
    } codes[] = {
        {"INVALID_SPEC", EXIT_USAGE},   {"BAD_REQUEST", EXIT_USAGE},
        {"NOT_FOUND", EXIT_NOT_FOUND},  {"CONFLICT", EXIT_CONFLICT},
        {"NOT_PERMITTED", EXIT_DENIED}, {"UNAVAILABLE", EXIT_UNAVAILABLE},
        {"NO_TARGET", EXIT_REFUSED},    {"QUEUE_FULL", EXIT_REFUSED},
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(codes[i].code, code) == 0)
            return codes[i].exit;
    }
    return EXIT_ERROR;
}

static void api_answered(void *ctx, const struct bus_answer *answer)
{
    struct api_call *call = ctx;
    call->done = true;
    call->outcome = answer->outcome;
    (void)snprintf(call->text, sizeof call->text, "%s", answer->text == NULL ? "" : answer->text);
    if (answer->message == NULL)
        return;
    call->refused = bus_header_get(answer->message, "Nats-Service-Error-Code") != NULL;
    call->json =
        json_loadb((const char *)answer->message->body.data, answer->message->body.len, 0, NULL);
}

/* @return CLI_GO or the exit code, with nothing said yet. */
static int api_code(const struct session *session, const struct api_call *call, enum pump pump)
{
    if (pump == PUMP_INTERRUPTED)
        return EXIT_INTERRUPTED;
    if (pump != PUMP_DONE || session->lost)
        return EXIT_UNAVAILABLE;
    if (call->json != NULL && call->refused)
        return (int)api_exit_code(out_text(json_object_get(call->json, "error"), "code", ""));
    switch (call->outcome) {
    case BUS_OK:
        return call->json == NULL || call->refused ? (int)EXIT_ERROR : CLI_GO;
    case BUS_NO_RESPONDERS:
    case BUS_TIMEOUT:
    case BUS_LOST:
        return EXIT_UNAVAILABLE;
    case BUS_CONFLICT:
        return EXIT_CONFLICT;
    case BUS_NOT_FOUND:
        return EXIT_NOT_FOUND;
    case BUS_REFUSED:
    case BUS_MISMATCH:
    case BUS_OUTCOME_COUNT:
        break;
    }
    return EXIT_ERROR;
}

static void api_say(const struct session *session, const struct api_call *call, const char *name,
                    int code)
{
    const struct cli *cli = session->cli;
    const json_t *error = json_object_get(call->json, "error");
    if (call->refused && json_is_object(error)) {
        const char *text = out_text(error, "message", "refused without a reason");
        /* Findings in a spec are lines of their own: FILE:LINE:COL first, as editors read them. */
        if (strcmp(out_text(error, "code", ""), "INVALID_SPEC") == 0)
            fprintf(cli->err, "%s\n", text);
        else
            (void)cli_fail(cli, (enum exit_code)code, "%s", text);
    } else if (code == EXIT_INTERRUPTED) {
        (void)cli_fail(cli, EXIT_INTERRUPTED, "interrupted");
    } else if (session->lost) {
        (void)cli_fail(cli, EXIT_UNAVAILABLE, "the bus is gone: %s", session->why);
    } else if (call->outcome == BUS_NO_RESPONDERS) {
        (void)cli_fail(cli, EXIT_UNAVAILABLE, "no controller answered (cell %s at %s)", cli->cell,
                       session->connect.url);
    } else if (code == EXIT_UNAVAILABLE) {
        (void)cli_fail(cli, EXIT_UNAVAILABLE, "no controller answered in time (%s.api.%s)",
                       cli->cell, name);
    } else if (call->outcome == BUS_OK) {
        (void)cli_fail(cli, EXIT_ERROR, "the answer to %s is not JSON", name);
    } else {
        (void)cli_fail(cli, EXIT_ERROR, "%s: %s %s", name, bus_outcome_text(call->outcome),
                       call->text);
    }
}

static int api_call(struct session *session, const char *name, const struct bus_header *headers,
                    struct bytes body, bool silent, json_t **ret_json)
{
    struct subject subject = subject_api(session->cli->cell, name);
    struct api_call call = {.done = false};
    bus_request(session->bus, subject.text, headers, body, (struct duration){0}, api_answered,
                &call);
    /* The request has a deadline of its own. */
    enum pump pump = session_pump(session, &call.done, INSTANT_NEVER);
    int code = api_code(session, &call, pump);
    if (code == CLI_GO) {
        *ret_json = call.json;
        return CLI_GO;
    }
    if (!silent)
        api_say(session, &call, name, code);
    json_decref(call.json);
    return code;
}

int api_ask(struct session *session, const char *name, const struct bus_header *headers,
            struct bytes body, json_t **ret_json)
{
    return api_call(session, name, headers, body, /* silent= */ false, ret_json);
}

static int api_object(struct session *session, const char *name, json_t *take_question, bool silent,
                      json_t **ret_json)
{
    AUTO_HEAP char *body = take_question == NULL ? NULL : json_dumps(take_question, JSON_COMPACT);
    json_decref(take_question);
    if (body == NULL)
        return cli_fail(session->cli, EXIT_ERROR, "out of memory");
    return api_call(session, name, NULL, bytes_of_text(body), silent, ret_json);
}

int api_ask_json(struct session *session, const char *name, json_t *take_question,
                 json_t **ret_json)
{
    return api_object(session, name, take_question, /* silent= */ false, ret_json);
}

int api_ask_once(const struct cli *cli, const char *name, json_t *take_question, json_t **ret_json)
{
    struct session session;
    int code = session_open(&session, cli);
    if (code == CLI_GO)
        code = api_ask_json(&session, name, take_question, ret_json);
    else
        json_decref(take_question);
    session_done(&session);
    return code;
}

bool api_try(struct session *session, const char *name, json_t *take_question, json_t **ret_json)
{
    return api_object(session, name, take_question, /* silent= */ true, ret_json) == CLI_GO;
}
