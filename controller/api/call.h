/* call.h - one request to the API and the ways to answer it. Shell. Private to controller/api. */
#ifndef BATON_API_CALL_H
#define BATON_API_CALL_H

#include <jansson.h>

#include "api/api.h"

enum { CALL_REPLY_MAX = 256 };

/* The codes of INTERFACE, with their numbers in Nats-Service-Error-Code. */
#define CALL_ERROR_MAP(X)                                                                          \
    X(INVALID_SPEC, 400, false)                                                                    \
    X(BAD_REQUEST, 400, false)                                                                     \
    X(NOT_FOUND, 404, false)                                                                       \
    X(CONFLICT, 409, false)                                                                        \
    X(NO_TARGET, 422, false)                                                                       \
    X(INTERNAL, 500, true)                                                                         \
    X(UNAVAILABLE, 503, true)

enum call_error {
#define X(name, number, retriable) CALL_##name,
    CALL_ERROR_MAP(X)
#undef X
        CALL_ERROR_COUNT
};

struct call_waiting;

struct api {
    struct api_options options;
    struct bus_service *service;
    struct call_waiting *waiting; /* answers that something else is awaited for */
};

/* A request whose answer comes later. It leaves the list when it is answered or dropped. */
struct call_waiting {
    struct api *api; /* NULL: the api is gone */
    struct call_waiting *next;
    struct call_waiting **link;
    char reply[CALL_REPLY_MAX];
    struct name job;
    void *work;               /* the verb's own, or NULL */
    void (*stop)(void *work); /* called if the api goes first */
    bool created;             /* job.run: answer when the job is there */
    uv_timer_t *timer;
};

/** Answer with a value, which is taken. */
void call_answer(const struct api *api, const char *reply, json_t *take_value);
void call_refuse(const struct api *api, const char *reply, enum call_error error,
                 const char *format, ...) ATTR_PRINTF(4, 5);

/** Read the request's JSON object. @return NULL if it is none: the refusal has been sent. */
json_t *call_arguments(const struct api *api, const struct bus_message *message);

/** Find the job that argument `id` names. @return NULL: the refusal has been sent. */
const struct jobs_entry *call_job(const struct api *api, const struct bus_message *message,
                                  const json_t *arguments);

/** Keep a request for later. */
struct call_waiting *call_wait(struct api *api, const char *reply, const char *job);
/** It is settled. @return the api, NULL if that is gone. The waiting is freed. */
struct api *call_settle(struct call_waiting *waiting);

/* The verbs. ctx is the struct api. */
void call_job_run(void *ctx, const struct bus_message *message);
void call_job_get(void *ctx, const struct bus_message *message);
void call_job_list(void *ctx, const struct bus_message *message);
void call_job_cancel(void *ctx, const struct bus_message *message);
void call_node_list(void *ctx, const struct bus_message *message);
void call_node_info(void *ctx, const struct bus_message *message);
void call_status(void *ctx, const struct bus_message *message);

#endif
