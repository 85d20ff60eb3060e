/* Subscriptions of the session, and what an arriving message says of itself. */
#include <stdlib.h>

#include "bus/session.h"

enum {
    SUBSCRIPTION_ACK_TOKENS = 9, /* $JS.ACK.stream.consumer.delivered.sseq.cseq.time.pending */
    SUBSCRIPTION_ACK_TOKENS_LONG = 11, /* the same with domain and account after $JS.ACK */
    SUBSCRIPTION_ACK_TOKENS_MAX = 12,
};

struct bus_subscription {
    struct bus *bus;
    uint64_t id;
    struct bus_nats_subscription *source;
    bus_message_fn each;
    void *ctx;
};

const char *bus_header_get(const struct bus_message *message, const char *name)
{
    const struct message_headers *headers = (const struct message_headers *)message->headers;
    if (headers == NULL)
        return NULL;
    if (headers->message != NULL)
        return bus_nats_message_header(headers->message, name);
    size_t name_len = strlen(name);
    for (size_t at = 0; at < headers->block_len; at += strlen(headers->block + at) + 1) {
        const char *row = headers->block + at;
        if (strncmp(row, name, name_len) == 0 && row[name_len] == ':')
            return row + name_len + 1 + strspn(row + name_len + 1, " ");
    }
    return NULL;
}

int subscription_status(const struct bus_message *message)
{
    const char *status = message->body.len == 0 ? bus_header_get(message, "Status") : NULL;
    long code = status == NULL ? 0 : strtol(status, NULL, 10);
    return code > 0 && code < 1000 ? (int)code : 0;
}

/* Read the delivery's numbers from the reply subject. Anything unexpected leaves them 0. */
static void subscription_read_ack(struct bus_message *message)
{
    const char *tokens[SUBSCRIPTION_ACK_TOKENS_MAX];
    size_t count = 0;
    for (const char *at = message->reply; at != NULL && count < SUBSCRIPTION_ACK_TOKENS_MAX;
         at = strchr(at, '.'), at = at == NULL ? NULL : at + 1)
        tokens[count++] = at;
    if (count != SUBSCRIPTION_ACK_TOKENS && count < SUBSCRIPTION_ACK_TOKENS_LONG)
        return;
    size_t first = count == SUBSCRIPTION_ACK_TOKENS ? 4 : 6;
    message->delivered = strtoull(tokens[first], NULL, 10);
    message->stream_seq = strtoull(tokens[first + 1], NULL, 10);
    message->consumer_seq = strtoull(tokens[first + 2], NULL, 10);
    message->stored_at_ms = (int64_t)(strtoull(tokens[first + 3], NULL, 10) / 1000000u);
    message->pending = strtoull(tokens[first + 4], NULL, 10);
}

void subscription_dispatch(struct bus *bus, uint64_t id, void *source)
{
    struct message_headers headers = {.message = source};
    struct bus_message message = {.headers = &headers};
    bus_nats_message_read(source, &message);
    if (id == 0) {
        request_reply(bus, &message);
        return;
    }
    struct bus_subscription *subscription =
        (struct bus_subscription *)slots_find(&bus->subscriptions, id);
    if (subscription == NULL)
        return; /* stopped while the message was on its way */
    if (message.reply != NULL && strncmp(message.reply, "$JS.ACK.", 8) == 0)
        subscription_read_ack(&message);
    subscription->each(subscription->ctx, &message);
}

struct bus_subscription *bus_subscribe(struct bus *bus, const char *subject, const char *queue,
                                       bus_message_fn each, void *ctx)
{
    if (!session_is_open(bus))
        return NULL;
    struct bus_subscription *made = (struct bus_subscription *)calloc(1, sizeof(*made));
    CHECK(made != NULL);
    made->bus = bus;
    made->each = each;
    made->ctx = ctx;
    CHECK(slots_add(&bus->subscriptions, made, &made->id) == STATUS_OK);
    made->source = bus_nats_subscribe(bus->nats, subject, queue, made->id);
    if (made->source == NULL) {
        (void)slots_remove(&bus->subscriptions, made->id);
        free(made);
        return NULL;
    }
    return made;
}

void bus_unsubscribe(struct bus_subscription *subscription)
{
    if (subscription == NULL)
        return;
    (void)slots_remove(&subscription->bus->subscriptions, subscription->id);
    bus_nats_unsubscribe(subscription->source);
    session_bury(subscription->bus, subscription);
}

void subscription_free_all(struct bus *bus)
{
    uint32_t place = 0;
    for (;;) {
        struct bus_subscription *subscription =
            (struct bus_subscription *)slots_walk(&bus->subscriptions, &place);
        if (subscription == NULL)
            return;
        bus_unsubscribe(subscription);
    }
}
