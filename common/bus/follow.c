/* Reading a stream in order, without acks.
 *
 * The consumer is a push consumer in the server's memory with heartbeats and flow control. Its
 * deliveries are numbered; a missing number, a heartbeat that knows of more than came, or silence
 * mean that the consumer is of no use any more, and a new one starts behind the last message seen.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bus/jetstream.h"

enum {
    FOLLOW_HEARTBEAT_MS = 2000,
    FOLLOW_SILENCE_MS = 2 * FOLLOW_HEARTBEAT_MS + 500,
    FOLLOW_PACE_FIRST_MS = 100,
    FOLLOW_PACE_MAX_MS = 2000,
    FOLLOW_TEXT_MAX = 512,
    FOLLOW_CONTROL = 100, /* the status of heartbeats and flow control */
};

struct bus_follow {
    struct alarm alarm; /* silence, or the next try */
    struct bus_part part;
    struct bus *bus;
    char stream[BUS_SUBJECT_MAX];
    char *subject;     /* NULL: all */
    char *consumer;    /* the name the server gave it; NULL until it has answered */
    json_t *wanted;    /* the configuration asked for last */
    uint64_t next_seq; /* 0: as the options say, nothing has been pinned yet */
    bool last_per_subject;
    bool headers_only;
    struct bus_subscription *subscription;
    uint64_t request;
    uint64_t consumer_seq; /* of the last delivery from this consumer */
    uint64_t initial;      /* how many it had to deliver at first */
    bool initial_known;
    bool drained; /* this consumer had nothing more behind one of its messages */
    bool caught_up_told;
    bool stopped;
    uint64_t pace_ms;
    bus_message_fn each;
    bus_caught_up_fn caught_up;
    void *ctx;
};

static void follow_begin(struct bus_follow *follow);

static struct bus_follow *follow_of_part(struct bus_part *part)
{
    return (struct bus_follow *)(void *)((char *)part - offsetof(struct bus_follow, part));
}

/* --- one consumer's end --- */

static void follow_drop_consumer(struct bus_follow *follow)
{
    request_drop(follow->bus, follow->request);
    follow->request = 0;
    bus_unsubscribe(follow->subscription);
    follow->subscription = NULL;
    if (follow->consumer != NULL) {
        /* Only to be tidy: without interest the server removes it by itself. */
        char subject[BUS_SUBJECT_MAX];
        jetstream_subject(subject, "$JS.API.CONSUMER.DELETE.%s.%s", follow->stream,
                          follow->consumer);
        bus_publish(follow->bus, subject, NULL, NULL, (struct bytes){0});
        free(follow->consumer);
        follow->consumer = NULL;
    }
    json_decref(follow->wanted);
    follow->wanted = NULL;
}

static void follow_retry_later(struct bus_follow *follow)
{
    follow_drop_consumer(follow);
    session_set_alarm(follow->bus, &follow->alarm, duration_ms(follow->pace_ms));
    follow->pace_ms *= 2;
    if (follow->pace_ms > FOLLOW_PACE_MAX_MS)
        follow->pace_ms = FOLLOW_PACE_MAX_MS;
}

static void follow_due(struct alarm *alarm)
{
    struct bus_follow *follow = (struct bus_follow *)alarm;
    follow_drop_consumer(follow);
    follow_begin(follow);
}

/* --- what arrives --- */

static void follow_check_caught_up(struct bus_follow *follow)
{
    /* Messages may overtake the answer to the creation. Whoever stops when he has caught up wants
     * the consumer gone, and its name is in that answer. */
    if (follow->caught_up_told || !follow->initial_known)
        return;
    if (!follow->drained && follow->consumer_seq < follow->initial)
        return;
    follow->caught_up_told = true;
    if (follow->caught_up != NULL)
        follow->caught_up(follow->ctx);
}

static void follow_control(struct bus_follow *follow, const struct bus_message *message)
{
    int code = subscription_status(message);
    if (code != FOLLOW_CONTROL) {
        if (code != 0)
            follow_retry_later(follow);
        return;
    }
    /* Flow control asks by its reply subject, a heartbeat of a stalled consumer by a header. */
    const char *stalled = bus_header_get(message, "Nats-Consumer-Stalled");
    const char *resume = message->reply != NULL ? message->reply : stalled;
    if (resume != NULL)
        bus_publish(follow->bus, resume, NULL, NULL, (struct bytes){0});
    const char *last = bus_header_get(message, "Nats-Last-Consumer");
    if (last != NULL && strtoull(last, NULL, 10) > follow->consumer_seq)
        follow_retry_later(follow);
    else
        follow->pace_ms = FOLLOW_PACE_FIRST_MS;
}

static void follow_arrived(void *ctx, const struct bus_message *message)
{
    struct bus_follow *follow = (struct bus_follow *)ctx;
    session_set_alarm(follow->bus, &follow->alarm, DURATION_MS(FOLLOW_SILENCE_MS));
    if (message->stream_seq == 0) {
        follow_control(follow, message);
        return;
    }
    if (message->consumer_seq != follow->consumer_seq + 1) {
        follow_retry_later(follow);
        return;
    }
    follow->pace_ms = FOLLOW_PACE_FIRST_MS;
    follow->consumer_seq = message->consumer_seq;
    follow->next_seq = message->stream_seq + 1;
    follow->drained = follow->drained || message->pending == 0;
    follow->each(follow->ctx, message);
    if (!follow->stopped)
        follow_check_caught_up(follow);
}

/* --- making the consumer --- */

static bool follow_read_created(struct bus_follow *follow, const json_t *reply)
{
    char text[FOLLOW_TEXT_MAX];
    const char *name = json_string_value(json_object_get(reply, "name"));
    const json_t *delivered = json_object_get(reply, "delivered");
    if (name == NULL ||
        !jetstream_echo_equal(follow->wanted, json_object_get(reply, "config"), text, sizeof(text)))
        return false;
    follow->consumer = strdup(name);
    CHECK(follow->consumer != NULL);
    uint64_t sent = (uint64_t)json_integer_value(json_object_get(delivered, "consumer_seq"));
    follow->initial = sent + (uint64_t)json_integer_value(json_object_get(reply, "num_pending"));
    follow->initial_known = true;
    /* Pin "from now on": if this consumer dies before its first message, the next one must not
     * leave out what came between. */
    if (follow->next_seq == 0 && follow->initial == 0)
        follow->next_seq =
            (uint64_t)json_integer_value(json_object_get(delivered, "stream_seq")) + 1;
    return true;
}

static void follow_created(void *ctx, const struct bus_answer *answer)
{
    struct bus_follow *follow = (struct bus_follow *)ctx;
    follow->request = 0;
    json_t *reply = answer->outcome == BUS_OK ? jetstream_json(answer) : NULL;
    bool good = reply != NULL && follow_read_created(follow, reply);
    json_decref(reply);
    if (!good) {
        follow_retry_later(follow);
        return;
    }
    session_set_alarm(follow->bus, &follow->alarm, DURATION_MS(FOLLOW_SILENCE_MS));
    follow_check_caught_up(follow);
}

static json_t *follow_config(const struct bus_follow *follow, const char *inbox)
{
    const char *policy = "new";
    if (follow->next_seq != 0)
        policy = "by_start_sequence";
    else if (follow->last_per_subject)
        policy = "last_per_subject";
    json_t *config =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:b, s:I, s:b, s:i}", "deliver_subject", inbox,
                  "deliver_policy", policy, "ack_policy", "none", "replay_policy", "instant",
                  "max_deliver", 1, "flow_control", 1, "idle_heartbeat",
                  (json_int_t)FOLLOW_HEARTBEAT_MS * 1000000, "mem_storage", 1, "num_replicas", 1);
    CHECK(config != NULL);
    if (follow->next_seq != 0)
        (void)json_object_set_new(config, "opt_start_seq",
                                  json_integer((json_int_t)follow->next_seq));
    /* last_per_subject needs a filter. */
    if (follow->subject != NULL || follow->last_per_subject)
        (void)json_object_set_new(config, "filter_subject",
                                  json_string(follow->subject == NULL ? ">" : follow->subject));
    if (follow->headers_only)
        (void)json_object_set_new(config, "headers_only", json_true());
    return config;
}

static void follow_begin(struct bus_follow *follow)
{
    if (!session_is_open(follow->bus))
        return;
    char subject[BUS_SUBJECT_MAX];
    char inbox[BUS_SUBJECT_MAX];
    session_new_inbox(follow->bus, inbox, sizeof(inbox));
    follow->consumer_seq = 0;
    follow->initial_known = false;
    follow->drained = false;
    follow->subscription = bus_subscribe(follow->bus, inbox, NULL, follow_arrived, follow);
    if (follow->subscription == NULL)
        return; /* the session is about to be lost */
    follow->wanted = follow_config(follow, inbox);
    json_t *body = json_pack("{s:s, s:O}", "stream_name", follow->stream, "config", follow->wanted);
    CHECK(body != NULL);
    jetstream_subject(subject, "CONSUMER.CREATE.%s", follow->stream);
    follow->request = jetstream_ask(follow->bus, subject, body, follow_created, follow);
}

static void follow_stop_part(struct bus_part *part)
{
    bus_follow_stop(follow_of_part(part));
}

struct bus_follow *bus_follow(struct bus *bus, const struct bus_follow_options *options,
                              bus_message_fn each, bus_caught_up_fn caught_up, void *ctx)
{
    struct bus_follow *follow = (struct bus_follow *)calloc(1, sizeof(*follow));
    CHECK(follow != NULL);
    follow->bus = bus;
    (void)snprintf(follow->stream, sizeof(follow->stream), "%s", options->stream);
    if (options->subject != NULL) {
        follow->subject = strdup(options->subject);
        CHECK(follow->subject != NULL);
    }
    follow->next_seq = options->from_seq;
    follow->last_per_subject = options->last_per_subject && options->from_seq == 0;
    follow->headers_only = options->headers_only;
    follow->each = each;
    follow->caught_up = caught_up;
    follow->ctx = ctx;
    follow->pace_ms = FOLLOW_PACE_FIRST_MS;
    follow->alarm.fire = follow_due;
    session_add_part(bus, &follow->part, follow_stop_part);
    follow_begin(follow);
    return follow;
}

void bus_follow_stop(struct bus_follow *follow)
{
    if (follow == NULL)
        return;
    follow->stopped = true;
    session_remove_part(follow->bus, &follow->part);
    session_cancel_alarm(follow->bus, &follow->alarm);
    follow_drop_consumer(follow);
    free(follow->subject);
    session_bury(follow->bus, follow);
}
