/* Questions and their answers: each question has its own number, which is the last token of the
 * reply subject, so an answer is matched to what was asked and to nothing else. */
#include <stdio.h>
#include <stdlib.h>

#include "bus/session.h"

enum { REQUEST_NO_RESPONDERS = 503 };

struct request {
    struct alarm alarm;
    struct bus *bus;
    uint64_t number;
    request_decode_fn decode;
    bus_answer_fn done;
    void *ctx;
    enum bus_outcome failed; /* BUS_OK: it was sent */
    char *failed_text;
};

static void request_free(struct request *request)
{
    free(request->failed_text);
    free(request);
}

/* Take the request out, then answer: the callback may do anything, also close the session. */
static void request_answer(struct request *request, const struct bus_answer *answer)
{
    struct bus *bus = request->bus;
    (void)slots_remove(&bus->requests, request->number);
    session_cancel_alarm(bus, &request->alarm);
    if (request->decode != NULL && answer->outcome == BUS_OK)
        request->decode(answer, request->done, request->ctx);
    else if (request->done != NULL)
        request->done(request->ctx, answer);
    request_free(request);
}

/* Answer without a reply: with what failed when it was asked, or else with what happened since. */
static void request_answer_without(struct request *request, enum bus_outcome outcome,
                                   const char *text)
{
    struct bus_answer answer = {.outcome = outcome, .text = text};
    if (request->failed != BUS_OK) {
        answer.outcome = request->failed;
        answer.text = request->failed_text;
    }
    request_answer(request, &answer);
}

static void request_due(struct alarm *alarm)
{
    request_answer_without((struct request *)alarm, BUS_TIMEOUT, "no answer in time");
}

static struct request *request_new(struct bus *bus, request_decode_fn decode, bus_answer_fn done,
                                   void *ctx)
{
    CHECK(bus->state != BUS_CLOSING);
    struct request *request = (struct request *)calloc(1, sizeof(*request));
    CHECK(request != NULL);
    request->alarm.fire = request_due;
    request->bus = bus;
    request->decode = decode;
    request->done = done;
    request->ctx = ctx;
    CHECK(slots_add(&bus->requests, request, &request->number) == STATUS_OK);
    return request;
}

static void request_set_failed(struct request *request, enum bus_outcome outcome, const char *text)
{
    request->failed = outcome;
    request->failed_text = strdup(text);
    CHECK(request->failed_text != NULL);
    session_set_alarm(request->bus, &request->alarm, (struct duration){0});
}

static enum bus_outcome request_outcome_of(enum status status)
{
    return status == STATUS_UNAVAILABLE ? BUS_LOST : BUS_REFUSED;
}

uint64_t request_start(struct bus *bus, const struct request_ask *ask)
{
    struct request *request = request_new(bus, ask->decode, ask->done, ask->ctx);
    char reply[BUS_INBOX_MAX + 20];
    (void)snprintf(reply, sizeof(reply), "%s.%llx", bus->inbox,
                   (unsigned long long)request->number);
    struct error error = {0};
    enum status status =
        session_is_open(bus)
            ? bus_nats_publish(bus->nats, ask->subject, reply, ask->headers, ask->body, &error)
            : ERROR(&error, STATUS_UNAVAILABLE, "the session is dead");
    if (status == STATUS_OK)
        session_set_alarm(bus, &request->alarm,
                          ask->deadline.ns != 0 ? ask->deadline : bus->deadline);
    else
        request_set_failed(request, request_outcome_of(status), error.text);
    return request->number;
}

uint64_t request_fail(struct bus *bus, enum bus_outcome outcome, const char *text,
                      bus_answer_fn done, void *ctx)
{
    struct request *request = request_new(bus, NULL, done, ctx);
    request_set_failed(request, outcome, text);
    return request->number;
}

void request_drop(struct bus *bus, uint64_t number)
{
    struct request *request = (struct request *)slots_remove(&bus->requests, number);
    if (request == NULL)
        return;
    session_cancel_alarm(bus, &request->alarm);
    request_free(request);
}

void request_reply(struct bus *bus, const struct bus_message *message)
{
    const char *token = strrchr(message->subject, '.');
    CHECK(token != NULL); /* the subscription's subject has dots */
    char *end = NULL;
    uint64_t number = strtoull(token + 1, &end, 16);
    struct request *request =
        *end == '\0' ? (struct request *)slots_find(&bus->requests, number) : NULL;
    if (request == NULL || request->failed != BUS_OK)
        return; /* late: it has been answered with BUS_TIMEOUT, or dropped */
    struct bus_answer answer = {.outcome = BUS_OK, .text = "", .message = message};
    if (subscription_status(message) == REQUEST_NO_RESPONDERS)
        answer = (struct bus_answer){.outcome = BUS_NO_RESPONDERS,
                                     .err_code = REQUEST_NO_RESPONDERS,
                                     .text = bus_outcome_text(BUS_NO_RESPONDERS)};
    request_answer(request, &answer);
}

void request_lose_all(struct bus *bus, const char *why)
{
    uint64_t asked_before = bus->alarms.set_count;
    uint32_t place = 0;
    /* What is asked meanwhile fails by itself in the next turn; answering it here might never end.
     */
    while (bus->state == BUS_DEAD) {
        struct request *request = (struct request *)slots_walk(&bus->requests, &place);
        if (request == NULL)
            break;
        if (request->alarm.order < asked_before)
            request_answer_without(request, BUS_LOST, why);
    }
}

void request_free_all(struct bus *bus)
{
    uint32_t place = 0;
    for (;;) {
        struct request *request = (struct request *)slots_walk(&bus->requests, &place);
        if (request == NULL)
            return;
        request_drop(bus, request->number);
    }
}

void bus_request(struct bus *bus, const char *subject, const struct bus_header *headers,
                 struct bytes body, struct duration deadline, bus_answer_fn done, void *ctx)
{
    struct request_ask ask = {.subject = subject,
                              .headers = headers,
                              .body = body,
                              .deadline = deadline,
                              .done = done,
                              .ctx = ctx};
    (void)request_start(bus, &ask);
}

void bus_publish(struct bus *bus, const char *subject, const char *reply,
                 const struct bus_header *headers, struct bytes body)
{
    struct error ignored;
    if (session_is_open(bus))
        (void)!bus_nats_publish(bus->nats, subject, reply, headers, body, &ignored);
}
