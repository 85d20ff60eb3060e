/* The NATS service protocol: endpoints in a queue group, and $SRV.PING, INFO and STATS. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bus/jetstream.h"

enum {
    SERVICE_VERBS = 3,
    SERVICE_SCOPES = 3,      /* all services, those of a name, one instance */
    SERVICE_OPEN_MAX = 1024, /* requests whose time is still measured; a power of two */
    SERVICE_ID_MAX = 24,
    SERVICE_ERROR_MAX = 256,
    SERVICE_TIME_MAX = 40,
};
_Static_assert((SERVICE_OPEN_MAX & (SERVICE_OPEN_MAX - 1)) == 0, "used as a mask");

static const char service_queue[] = "q";

struct service_endpoint {
    struct bus_service *service;
    char *name;
    char *subject;
    bus_message_fn each;
    struct bus_subscription *subscription;
    uint64_t request_count;
    uint64_t error_count;
    uint64_t busy_ns;
    char last_error[SERVICE_ERROR_MAX];
};

enum service_verb { SERVICE_PING, SERVICE_INFO, SERVICE_STATS };

struct service_monitor {
    struct bus_service *service;
    enum service_verb verb;
    struct bus_subscription *subscription;
};

/* A request not answered yet; found again by its reply subject. */
struct service_open {
    uint64_t reply_hash; /* 0: free */
    uint32_t endpoint;
    struct instant since;
};

struct bus_service {
    struct bus_part part;
    struct bus *bus;
    char *name, *version, *description;
    char id[SERVICE_ID_MAX];
    char started[SERVICE_TIME_MAX];
    struct service_endpoint *endpoints;
    size_t endpoint_count;
    struct service_monitor monitors[SERVICE_VERBS * SERVICE_SCOPES];
    struct service_open open[SERVICE_OPEN_MAX];
    void *ctx;
};

static char *service_copy(const char *text)
{
    char *copy = strdup(text == NULL ? "" : text);
    CHECK(copy != NULL);
    return copy;
}

/* FNV-1a; never 0. */
static uint64_t service_hash(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
    return hash | 1;
}

static struct service_open *service_open_of(struct bus_service *service, uint64_t hash)
{
    return &service->open[(hash >> 1) & (SERVICE_OPEN_MAX - 1)];
}

/* --- the endpoints --- */

static void service_asked(void *ctx, const struct bus_message *message)
{
    struct service_endpoint *endpoint = (struct service_endpoint *)ctx;
    struct bus_service *service = endpoint->service;
    endpoint->request_count++;
    if (message->reply != NULL) {
        uint64_t hash = service_hash(message->reply);
        *service_open_of(service, hash) =
            (struct service_open){.reply_hash = hash,
                                  .endpoint = (uint32_t)(endpoint - service->endpoints),
                                  .since = {uv_hrtime()}};
    }
    endpoint->each(service->ctx, message);
}

static void service_stop_part(struct bus_part *part)
{
    bus_service_stop((struct bus_service *)part);
}

/* Book an answer with the endpoint that was asked. */
static void service_book(struct bus *bus, const char *reply, const char *error)
{
    uint64_t hash = service_hash(reply);
    struct bus_part *part;
    TAILQ_FOREACH(part, &bus->parts, link)
    {
        if (part->stop != service_stop_part)
            continue;
        struct bus_service *service = (struct bus_service *)part;
        struct service_open *open = service_open_of(service, hash);
        if (open->reply_hash != hash)
            continue;
        struct service_endpoint *endpoint = &service->endpoints[open->endpoint];
        open->reply_hash = 0;
        endpoint->busy_ns += instant_since((struct instant){uv_hrtime()}, open->since).ns;
        if (error != NULL) {
            endpoint->error_count++;
            (void)snprintf(endpoint->last_error, sizeof(endpoint->last_error), "%s", error);
        }
        return;
    }
}

void bus_respond(struct bus *bus, const char *reply, struct bytes body)
{
    if (reply == NULL)
        return;
    service_book(bus, reply, NULL);
    bus_publish(bus, reply, NULL, NULL, body);
}

void bus_respond_error(struct bus *bus, const char *reply, int code, const char *description,
                       struct bytes body)
{
    char number[16];
    char text[SERVICE_ERROR_MAX];
    if (reply == NULL)
        return;
    (void)snprintf(number, sizeof(number), "%d", code);
    (void)snprintf(text, sizeof(text), "%s", description);
    /* A header's value ends at the end of the line. */
    for (char *at = text; *at != '\0'; at++)
        if (*at == '\r' || *at == '\n')
            *at = ' ';
    const struct bus_header headers[] = {
        {"Nats-Service-Error", text}, {"Nats-Service-Error-Code", number}, {0}};
    char last[SERVICE_ERROR_MAX + 16];
    (void)snprintf(last, sizeof(last), "%d:%s", code, text);
    service_book(bus, reply, last);
    bus_publish(bus, reply, NULL, headers, body);
}

/* --- what the service says of itself --- */

static json_t *service_identity(const struct bus_service *service, const char *type)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:{}}", "type", type, "name", service->name, "id",
                     service->id, "version", service->version, "metadata");
}

static json_t *service_info(const struct bus_service *service)
{
    json_t *endpoints = json_array();
    for (size_t i = 0; i < service->endpoint_count; i++) {
        const struct service_endpoint *one = &service->endpoints[i];
        (void)json_array_append_new(endpoints, json_pack("{s:s, s:s, s:s, s:{}}", "name", one->name,
                                                         "subject", one->subject, "queue_group",
                                                         service_queue, "metadata"));
    }
    json_t *info = service_identity(service, "io.nats.micro.v1.info_response");
    (void)json_object_set_new(info, "description", json_string(service->description));
    (void)json_object_set_new(info, "endpoints", endpoints);
    return info;
}

static json_t *service_stats(const struct bus_service *service)
{
    json_t *endpoints = json_array();
    for (size_t i = 0; i < service->endpoint_count; i++) {
        const struct service_endpoint *one = &service->endpoints[i];
        uint64_t mean_ns = one->request_count == 0 ? 0 : one->busy_ns / one->request_count;
        (void)json_array_append_new(
            endpoints,
            json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:I}", "name", one->name, "subject",
                      one->subject, "queue_group", service_queue, "num_requests",
                      (json_int_t)one->request_count, "num_errors", (json_int_t)one->error_count,
                      "last_error", one->last_error, "processing_time", (json_int_t)one->busy_ns,
                      "average_processing_time", (json_int_t)mean_ns));
    }
    json_t *stats = service_identity(service, "io.nats.micro.v1.stats_response");
    (void)json_object_set_new(stats, "started", json_string(service->started));
    (void)json_object_set_new(stats, "endpoints", endpoints);
    return stats;
}

static void service_monitored(void *ctx, const struct bus_message *message)
{
    struct service_monitor *monitor = (struct service_monitor *)ctx;
    struct bus_service *service = monitor->service;
    json_t *json = NULL;
    switch (monitor->verb) {
    case SERVICE_PING:
        json = service_identity(service, "io.nats.micro.v1.ping_response");
        break;
    case SERVICE_INFO:
        json = service_info(service);
        break;
    case SERVICE_STATS:
        json = service_stats(service);
        break;
    }
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    if (text != NULL && message->reply != NULL)
        bus_publish(service->bus, message->reply, NULL, NULL, bytes_of_text(text));
    free(text);
}

/* --- life --- */

static void service_start_monitors(struct bus_service *service)
{
    static const char *const verbs[] = {"PING", "INFO", "STATS"};
    for (size_t i = 0; i < SERVICE_VERBS * SERVICE_SCOPES; i++) {
        struct service_monitor *monitor = &service->monitors[i];
        const char *verb = verbs[i / SERVICE_SCOPES];
        char subject[BUS_SUBJECT_MAX];
        if (i % SERVICE_SCOPES == 0)
            jetstream_subject(subject, "$SRV.%s", verb);
        else if (i % SERVICE_SCOPES == 1)
            jetstream_subject(subject, "$SRV.%s.%s", verb, service->name);
        else
            jetstream_subject(subject, "$SRV.%s.%s.%s", verb, service->name, service->id);
        monitor->service = service;
        monitor->verb = (enum service_verb)(i / SERVICE_SCOPES);
        monitor->subscription =
            bus_subscribe(service->bus, subject, NULL, service_monitored, monitor);
    }
}

static void service_set_identity(struct bus_service *service)
{
    uint8_t chance[10];
    randombytes_buf(chance, sizeof(chance));
    (void)sodium_bin2hex(service->id, sizeof(service->id), chance, sizeof(chance));
    struct timespec now;
    struct tm parts;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &parts);
    size_t len = strftime(service->started, sizeof(service->started), "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(service->started + len, sizeof(service->started) - len, ".%03ldZ",
                   now.tv_nsec / 1000000);
}

struct bus_service *bus_service(struct bus *bus, const char *name, const char *version,
                                const char *description, const struct bus_endpoint *endpoints,
                                size_t count, void *ctx)
{
    struct bus_service *service = (struct bus_service *)calloc(1, sizeof(*service));
    CHECK(service != NULL);
    service->endpoints = (struct service_endpoint *)calloc(count + 1, sizeof(*service->endpoints));
    CHECK(service->endpoints != NULL);
    service->bus = bus;
    service->name = service_copy(name);
    service->version = service_copy(version);
    service->description = service_copy(description);
    service->endpoint_count = count;
    service->ctx = ctx;
    service_set_identity(service);
    session_add_part(bus, &service->part, service_stop_part);
    for (size_t i = 0; i < count; i++) {
        struct service_endpoint *one = &service->endpoints[i];
        one->service = service;
        one->name = service_copy(endpoints[i].name);
        one->subject = service_copy(endpoints[i].subject);
        one->each = endpoints[i].each;
        one->subscription = bus_subscribe(bus, one->subject, service_queue, service_asked, one);
    }
    service_start_monitors(service);
    return service;
}

void bus_service_stop(struct bus_service *service)
{
    if (service == NULL)
        return;
    session_remove_part(service->bus, &service->part);
    for (size_t i = 0; i < SERVICE_VERBS * SERVICE_SCOPES; i++)
        bus_unsubscribe(service->monitors[i].subscription);
    for (size_t i = 0; i < service->endpoint_count; i++) {
        bus_unsubscribe(service->endpoints[i].subscription);
        free(service->endpoints[i].name);
        free(service->endpoints[i].subject);
    }
    session_bury(service->bus, service->endpoints);
    free(service->name);
    free(service->version);
    free(service->description);
    session_bury(service->bus, service);
}
