#include "api/api.h"

#include <stdarg.h>
#include <stdlib.h>

#include "api/call.h"
#include "base/check.h"
#include "sys/json_text.h"
#include "wire/subject.h"

static const struct {
    const char *text;
    int number;
    bool retriable;
} errors[] = {
#define X(name, number, retriable) [CALL_##name] = {#name, number, retriable},
    CALL_ERROR_MAP(X)
#undef X
};

/* --- answers ---------------------------------------------------------------------------------- */

void call_answer(const struct api *api, const char *reply, json_t *take_value)
{
    char *text = take_value == NULL ? NULL : json_dumps(take_value, JSON_COMPACT);
    json_decref(take_value);
    if (text == NULL)
        call_refuse(api, reply, CALL_INTERNAL, "out of memory");
    else
        bus_respond(api->options.cell->bus, reply, bytes_of_text(text));
    free(text);
}

void call_refuse(const struct api *api, const char *reply, enum call_error error,
                 const char *format, ...)
{
    CHECK(error < CALL_ERROR_COUNT);
    va_list args;
    va_start(args, format);
    char *message = NULL;
    int len = vasprintf(&message, format, args);
    va_end(args);
    CHECK(len >= 0);
    json_t *body = json_pack("{s:{s:s, s:o, s:b}}", "error", "code", errors[error].text, "message",
                             json_text(message), "retriable", errors[error].retriable);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    free(message);
    CHECK(text != NULL);
    bus_respond_error(api->options.cell->bus, reply, errors[error].number, errors[error].text,
                      bytes_of_text(text));
    free(text);
}

json_t *call_arguments(const struct api *api, const struct bus_message *message)
{
    if (message->body.len == 0)
        return json_object();
    json_error_t error;
    json_t *arguments = json_loadb((const char *)message->body.data, message->body.len, 0, &error);
    if (json_is_object(arguments))
        return arguments;
    json_decref(arguments);
    call_refuse(api, message->reply, CALL_BAD_REQUEST, "the request must be a JSON object%s%s",
                arguments == NULL ? ": " : "", arguments == NULL ? error.text : "");
    return NULL;
}

const struct jobs_entry *call_job(const struct api *api, const struct bus_message *message,
                                  const json_t *arguments)
{
    const char *id = json_string_value(json_object_get(arguments, "id"));
    if (id == NULL || id[0] == '\0') {
        call_refuse(api, message->reply, CALL_BAD_REQUEST, "id: missing; it must be a job's id");
        return NULL;
    }
    const struct jobs_entry *entry = NULL;
    switch (jobs_find(api->options.jobs, id, &entry)) {
    case JOBS_ONE:
        return entry;
    case JOBS_NONE:
        call_refuse(api, message->reply, CALL_NOT_FOUND, "no job \"%.80s\"", id);
        return NULL;
    case JOBS_MANY:
        call_refuse(api, message->reply, CALL_BAD_REQUEST,
                    "several jobs begin with \"%.80s\": give more of the id", id);
        return NULL;
    }
    UNREACHABLE();
}

/* --- answers that come later ------------------------------------------------------------------ */

struct call_waiting *call_wait(struct api *api, const char *reply, const char *job)
{
    struct call_waiting *waiting = calloc(1, sizeof *waiting);
    CHECK(waiting != NULL);
    waiting->api = api;
    (void)snprintf(waiting->reply, sizeof waiting->reply, "%s", reply);
    CHECK(name_set(&waiting->job, bytes_of_text(job)));
    waiting->next = api->waiting;
    waiting->link = &api->waiting;
    if (waiting->next != NULL)
        waiting->next->link = &waiting->next;
    api->waiting = waiting;
    return waiting;
}

struct api *call_settle(struct call_waiting *waiting)
{
    struct api *api = waiting->api;
    if (api != NULL) {
        *waiting->link = waiting->next;
        if (waiting->next != NULL)
            waiting->next->link = waiting->link;
    }
    if (waiting->timer != NULL)
        uv_close((uv_handle_t *)waiting->timer, (uv_close_cb)free);
    free(waiting);
    return api;
}

void api_job_changed(struct api *api, const char *job)
{
    for (struct call_waiting *waiting = api->waiting; waiting != NULL;) {
        struct call_waiting *next = waiting->next;
        if (waiting->created && strcmp(waiting->job.text, job) == 0) {
            call_answer(api, waiting->reply,
                        json_pack("{s:s, s:b}", "id", waiting->job.text, "existing", 0));
            (void)call_settle(waiting);
        }
        waiting = next;
    }
}

/* --- the service ------------------------------------------------------------------------------ */

/* A request without a reply subject asks for nothing; the verbs may count on one. */
#define CALL_VERB(verb)                                                                            \
    static void api_##verb(void *ctx, const struct bus_message *message)                           \
    {                                                                                              \
        if (message->reply != NULL)                                                                \
            call_##verb(ctx, message);                                                             \
    }
CALL_VERB(job_run)
CALL_VERB(job_get)
CALL_VERB(job_list)
CALL_VERB(job_cancel)
CALL_VERB(node_list)
CALL_VERB(node_info)
CALL_VERB(status)
#undef CALL_VERB

static const struct {
    const char *name;
    const char *verb;
    bus_message_fn each;
} verbs[] = {
    {"job-run", "job.run", api_job_run},       {"job-get", "job.get", api_job_get},
    {"job-list", "job.list", api_job_list},    {"job-cancel", "job.cancel", api_job_cancel},
    {"node-list", "node.list", api_node_list}, {"node-info", "node.info", api_node_info},
    {"status", "status", api_status},
};
enum { API_VERBS = sizeof verbs / sizeof verbs[0] };

struct api *api_new(const struct api_options *options)
{
    struct api *api = calloc(1, sizeof *api);
    CHECK(api != NULL);
    api->options = *options;
    struct subject subjects[API_VERBS];
    struct bus_endpoint endpoints[API_VERBS];
    for (size_t i = 0; i < API_VERBS; i++) {
        subjects[i] = subject_api(options->cell->name, verbs[i].verb);
        endpoints[i] = (struct bus_endpoint){
            .name = verbs[i].name, .subject = subjects[i].text, .each = verbs[i].each};
    }
    api->service =
        bus_service(options->cell->bus, "baton-controller", BATON_VERSION,
                    "Baton's API: submit, inspect and cancel jobs", endpoints, API_VERBS, api);
    return api;
}

void api_free(struct api *api)
{
    if (api == NULL)
        return;
    bus_service_stop(api->service);
    while (api->waiting != NULL) {
        struct call_waiting *waiting = api->waiting;
        api->waiting = waiting->next;
        if (waiting->next != NULL)
            waiting->next->link = &api->waiting;
        waiting->api = NULL;
        if (waiting->stop != NULL)
            waiting->stop(waiting->work);
        else if (waiting->work == NULL && waiting->timer != NULL)
            (void)call_settle(waiting); /* nothing in flight would settle it any more */
    }
    free(api);
}
