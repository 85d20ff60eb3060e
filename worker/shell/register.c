#include "shell/register.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "spec/backends.h"
#include "sys/clock.h"
#include "wire/subject.h"

enum { REGISTER_AGAIN_MS = 200 }; /* after a failure, where heartbeats are further apart */

struct registration {
    struct register_options options;
    uv_timer_t timer;
    struct bus *bus;
    enum register_state state;
    struct subject bucket;
    json_t *value;   /* the fixed part */
    bool known;      /* the last put succeeded */
    bool complained; /* since the last one that did */
    void (*told)(void *ctx);
    void *told_ctx;
};

static const char *const register_states[] = {
    [REGISTER_READY] = "ready", [REGISTER_DRAINING] = "draining", [REGISTER_OFFLINE] = "offline"};

static json_t *register_list(const char *const *texts)
{
    json_t *list = json_array();
    for (; list != NULL && *texts != NULL; texts++)
        CHECK(json_array_append_new(list, json_string(*texts)) == 0);
    return list;
}

static json_t *register_labels(const char *const *pairs)
{
    json_t *labels = json_object();
    for (; labels != NULL && *pairs != NULL; pairs++) {
        const char *equals = strchr(*pairs, '=');
        if (equals == NULL)
            continue; /* the configuration lets none through */
        CHECK(json_object_setn_new(labels, *pairs, (size_t)(equals - *pairs),
                                   json_string(equals + 1)) == 0);
    }
    return labels;
}

/* {"exec":{"run":{"idempotent":false}},...} */
static json_t *register_backends(void)
{
    json_t *backends = json_object();
    const struct backend_action *action = NULL;
    for (size_t i = 0; backends != NULL && (action = backends_at(i)) != NULL; i++) {
        json_t *backend = json_object_get(backends, action->backend);
        if (backend == NULL) {
            backend = json_object();
            CHECK(json_object_set_new(backends, action->backend, backend) == 0);
        }
        CHECK(json_object_set_new(backend, action->name,
                                  json_pack("{s:b}", "idempotent", action->idempotent)) == 0);
    }
    return backends;
}

static json_t *register_fixed(const struct register_options *options)
{
    char hostname[256] = "";
    (void)gethostname(hostname, sizeof hostname - 1);
    return json_pack("{s:s, s:s, s:o, s:[], s:o, s:i, s:o, s:s, s:s, s:I}", "id", options->node,
                     "hostname", hostname, "groups", register_list(options->groups), "pools",
                     "labels", register_labels(options->labels), "slots", (int)options->slots,
                     "backends", register_backends(), "version", BATON_VERSION, "started_at",
                     clock_rfc3339(clock_unix_ms()).text, "heartbeat_ms",
                     (json_int_t)duration_to_ms(options->heartbeat));
}

static void register_tell(struct registration *registration)
{
    void (*told)(void *ctx) = registration->told;
    registration->told = NULL;
    if (told != NULL)
        told(registration->told_ctx);
}

static void register_timer_fired(uv_timer_t *timer);

/* Put again after `first_ms`, then with every heartbeat. */
static void register_arm(struct registration *registration, uint64_t first_ms)
{
    uint64_t every_ms = duration_to_ms(registration->options.heartbeat);
    CHECK(uv_timer_start(&registration->timer, register_timer_fired,
                         first_ms < every_ms ? first_ms : every_ms, every_ms) == 0);
}

static void register_put_done(void *ctx, const struct bus_answer *answer)
{
    struct registration *registration = ctx;
    const struct log *log = registration->options.log;
    if (answer->outcome == BUS_OK) {
        if (!registration->known)
            log_event(log, LOG_INFO, "worker.registered",
                      LOG_TEXT("node", registration->options.node),
                      LOG_TEXT("state", register_states[registration->state]));
        registration->known = true;
        registration->complained = false;
    } else {
        registration->known = false;
        if (!registration->complained)
            log_event(log, LOG_WARN, "worker.register_failed",
                      LOG_TEXT("node", registration->options.node),
                      LOG_TEXT("outcome", bus_outcome_text(answer->outcome)),
                      LOG_TEXT("error", answer->text), LOG_INT("retry_ms", REGISTER_AGAIN_MS));
        registration->complained = true;
        /* The cell may come up any moment, and nobody sends work to a node that is not known. */
        if (registration->bus != NULL && registration->state != REGISTER_OFFLINE)
            register_arm(registration, REGISTER_AGAIN_MS);
    }
    register_tell(registration);
}

static void register_put(struct registration *registration)
{
    if (registration->bus == NULL)
        return;
    CHECK(json_object_set_new(registration->value, "state",
                              json_string(register_states[registration->state])) == 0);
    CHECK(json_object_set_new(registration->value, "heartbeat_at",
                              json_string(clock_rfc3339(clock_unix_ms()).text)) == 0);
    AUTO_HEAP char *text = json_dumps(registration->value, JSON_COMPACT);
    CHECK(text != NULL);
    bus_kv_put(registration->bus, registration->bucket.text, registration->options.node,
               bytes_of_text(text), register_put_done, registration);
}

static void register_timer_fired(uv_timer_t *timer)
{
    register_put(timer->data);
}

struct registration *register_new(const struct register_options *options)
{
    struct registration *registration = calloc(1, sizeof *registration);
    if (registration == NULL)
        return NULL;
    registration->options = *options;
    registration->bucket = subject_bucket(options->cell, CELL_WORKERS);
    registration->value = register_fixed(options);
    if (registration->value == NULL) {
        free(registration);
        return NULL;
    }
    CHECK(uv_timer_init(options->loop, &registration->timer) == 0);
    registration->timer.data = registration;
    return registration;
}

void register_session(struct registration *registration, struct bus *bus)
{
    registration->bus = bus;
    registration->known = false;
    if (bus == NULL) {
        CHECK(uv_timer_stop(&registration->timer) == 0);
        register_tell(registration);
        return;
    }
    register_arm(registration, UINT64_MAX);
    register_put(registration);
}

void register_say(struct registration *registration, enum register_state state,
                  void (*told)(void *ctx), void *ctx)
{
    registration->state = state;
    registration->known = false;
    registration->told = told;
    registration->told_ctx = ctx;
    if (state == REGISTER_OFFLINE)
        CHECK(uv_timer_stop(&registration->timer) == 0);
    if (registration->bus != NULL)
        register_put(registration);
    else
        register_tell(registration);
}

static void register_closed(uv_handle_t *handle)
{
    struct registration *registration = handle->data;
    json_decref(registration->value);
    free(registration);
}

void register_free(struct registration *registration)
{
    if (registration != NULL)
        uv_close((uv_handle_t *)&registration->timer, register_closed);
}
