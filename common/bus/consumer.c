/* Work from a durable pull consumer.
 *
 *     ASKING --is there, as asked--> PULLING --404, 409, silence--> ASKING
 *        |                              |
 *        | not there: create            +--408: the pull ran out--> PULLING
 *        +--trouble--> WAITING --in a while--> ASKING
 *
 * A consumer is disposable: it may vanish with the server's memory or by another's hand, and on
 * nats-server 2.9 a pull from a missing one is met with silence. So every pull asks for heartbeats,
 * and whatever is not a message or a heartbeat leads back to asking whether the consumer stands.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bus/jetstream.h"

enum {
    CONSUMER_EXPIRES_MS = 10000,
    CONSUMER_HEARTBEAT_MS = 3000,
    CONSUMER_SILENCE_MS = 2 * CONSUMER_HEARTBEAT_MS + 500,
    CONSUMER_PACE_FIRST_MS = 100,
    CONSUMER_PACE_MAX_MS = 5000,
    CONSUMER_ACK_WAIT_MS = 30000,
    CONSUMER_BATCH_MAX = 65536,
    CONSUMER_TEXT_MAX = 512,
    CONSUMER_NAME_MAX = 160, /* a stream's or consumer's name: a cell's and a node's and more */
};

enum consumer_state { CONSUMER_ASKING, CONSUMER_PULLING, CONSUMER_WAITING };

/* A message given to the owner and not settled yet. */
struct consumer_held {
    uint64_t stream_seq; /* 0: free */
    struct instant until;
};

struct bus_pull {
    struct alarm alarm; /* silence, or the end of waiting */
    struct bus_part part;
    struct bus *bus;
    enum consumer_state state;
    json_t *wanted; /* the consumer's configuration */
    char stream[CONSUMER_NAME_MAX];
    char name[CONSUMER_NAME_MAX];
    struct bus_subscription *subscription;
    char inbox[BUS_SUBJECT_MAX];
    uint64_t request; /* to the API, in flight */
    uint64_t round;   /* the last token of the outstanding pull's reply subject */
    uint32_t batch;
    uint32_t asked; /* messages still to come from the outstanding pull */
    uint32_t held_count;
    struct consumer_held *held; /* `batch` of them */
    struct duration ack_wait;
    uint64_t pace_ms;
    bool stopped;
    bus_message_fn each;
    bus_answer_fn trouble;
    void *ctx;
};

static void consumer_ask(struct bus_pull *pull);
static void consumer_stop_part(struct bus_part *part);

static struct bus_pull *consumer_of_part(struct bus_part *part)
{
    return (struct bus_pull *)(void *)((char *)part - offsetof(struct bus_pull, part));
}

static struct instant consumer_now(void)
{
    return (struct instant){uv_hrtime()};
}

/* --- what is held by the owner --- */

static struct consumer_held *consumer_find_held(struct bus_pull *pull, uint64_t stream_seq)
{
    for (uint32_t i = 0; i < pull->batch; i++)
        if (pull->held[i].stream_seq == stream_seq)
            return &pull->held[i];
    return NULL;
}

/* What is settled stays so: held again, it would keep its successors from being asked for.
 * @return whether it is held. */
static bool consumer_prolong(struct bus_pull *pull, uint64_t stream_seq)
{
    struct consumer_held *held = consumer_find_held(pull, stream_seq);
    if (held != NULL)
        held->until = instant_add(consumer_now(), pull->ack_wait);
    return held != NULL;
}

static void consumer_hold(struct bus_pull *pull, uint64_t stream_seq)
{
    if (consumer_prolong(pull, stream_seq))
        return;
    struct consumer_held *held = consumer_find_held(pull, 0);
    if (held == NULL)
        return; /* more than asked for, from a pull given up as silent */
    held->stream_seq = stream_seq;
    held->until = instant_add(consumer_now(), pull->ack_wait);
    pull->held_count++;
}

static void consumer_let_go(struct bus_pull *pull, uint64_t stream_seq)
{
    struct consumer_held *held = consumer_find_held(pull, stream_seq);
    if (held == NULL)
        return;
    held->stream_seq = 0;
    pull->held_count--;
}

/* What was neither settled nor prolonged within ack_wait is the server's again. */
static void consumer_let_go_expired(struct bus_pull *pull)
{
    struct instant now = consumer_now();
    for (uint32_t i = 0; i < pull->batch; i++)
        if (pull->held[i].stream_seq != 0 && instant_reached(now, pull->held[i].until))
            consumer_let_go(pull, pull->held[i].stream_seq);
}

/* --- pulling --- */

static void consumer_pull_more(struct bus_pull *pull)
{
    if (pull->state != CONSUMER_PULLING || pull->asked > 0 || !session_is_open(pull->bus))
        return;
    if (pull->held_count == pull->batch)
        consumer_let_go_expired(pull);
    uint32_t room = pull->batch - pull->held_count;
    /* With no room the alarm only looks for what has expired. */
    session_set_alarm(pull->bus, &pull->alarm, DURATION_MS(CONSUMER_SILENCE_MS));
    if (room == 0)
        return;
    char subject[BUS_SUBJECT_MAX];
    char reply[BUS_SUBJECT_MAX + 24];
    char body[160];
    jetstream_subject(subject, "$JS.API.CONSUMER.MSG.NEXT.%s.%s", pull->stream, pull->name);
    (void)snprintf(reply, sizeof(reply), "%s.%llx", pull->inbox, (unsigned long long)++pull->round);
    (void)snprintf(body, sizeof(body), "{\"batch\":%u,\"expires\":%llu,\"idle_heartbeat\":%llu}",
                   room, CONSUMER_EXPIRES_MS * 1000000ull, CONSUMER_HEARTBEAT_MS * 1000000ull);
    pull->asked = room;
    bus_publish(pull->bus, subject, reply, NULL, bytes_of_text(body));
}

static void consumer_start_pulling(struct bus_pull *pull)
{
    pull->state = CONSUMER_PULLING;
    pull->asked = 0;
    consumer_pull_more(pull);
}

static void consumer_wait(struct bus_pull *pull)
{
    pull->state = CONSUMER_WAITING;
    session_set_alarm(pull->bus, &pull->alarm, duration_ms(pull->pace_ms));
    pull->pace_ms *= 2;
    if (pull->pace_ms > CONSUMER_PACE_MAX_MS)
        pull->pace_ms = CONSUMER_PACE_MAX_MS;
}

static void consumer_trouble(struct bus_pull *pull, const struct bus_answer *answer)
{
    consumer_wait(pull);
    if (answer->outcome != BUS_LOST && pull->trouble != NULL)
        pull->trouble(pull->ctx, answer);
}

/* --- is the consumer there, and as asked? --- */

static void consumer_compare(struct bus_pull *pull, const struct bus_answer *answer)
{
    char text[CONSUMER_TEXT_MAX];
    json_t *reply = jetstream_json(answer);
    bool equal =
        jetstream_echo_equal(pull->wanted, json_object_get(reply, "config"), text, sizeof(text));
    json_decref(reply);
    if (equal) {
        consumer_start_pulling(pull);
        return;
    }
    struct bus_answer verdict = {.outcome = BUS_MISMATCH, .text = text};
    consumer_trouble(pull, &verdict);
}

static void consumer_created(void *ctx, const struct bus_answer *answer)
{
    struct bus_pull *pull = (struct bus_pull *)ctx;
    pull->request = 0;
    if (answer->outcome == BUS_OK)
        consumer_compare(pull, answer);
    else
        consumer_trouble(pull, answer);
}

static void consumer_found(void *ctx, const struct bus_answer *answer)
{
    struct bus_pull *pull = (struct bus_pull *)ctx;
    pull->request = 0;
    if (answer->outcome == BUS_OK) {
        consumer_compare(pull, answer);
    } else if (answer->outcome == BUS_NOT_FOUND) {
        char subject[BUS_SUBJECT_MAX];
        jetstream_subject(subject, "CONSUMER.DURABLE.CREATE.%s.%s", pull->stream, pull->name);
        json_t *body = json_pack("{s:s, s:O}", "stream_name", pull->stream, "config", pull->wanted);
        CHECK(body != NULL);
        pull->request = jetstream_ask(pull->bus, subject, body, consumer_created, pull);
    } else {
        consumer_trouble(pull, answer);
    }
}

static void consumer_ask(struct bus_pull *pull)
{
    pull->state = CONSUMER_ASKING;
    pull->asked = 0;
    session_cancel_alarm(pull->bus, &pull->alarm);
    if (!session_is_open(pull->bus))
        return;
    char subject[BUS_SUBJECT_MAX];
    jetstream_subject(subject, "CONSUMER.INFO.%s.%s", pull->stream, pull->name);
    pull->request = jetstream_ask(pull->bus, subject, NULL, consumer_found, pull);
}

static void consumer_due(struct alarm *alarm)
{
    struct bus_pull *pull = (struct bus_pull *)alarm;
    if (pull->state == CONSUMER_PULLING && pull->asked == 0)
        consumer_pull_more(pull); /* everything is held: nothing was to be heard */
    else
        consumer_ask(pull);
}

/* --- what arrives --- */

/* Whether a status belongs to the pull that is outstanding, rather than to one given up. */
static bool consumer_is_current(const struct bus_pull *pull, const char *subject)
{
    const char *token = strrchr(subject, '.');
    return token != NULL && strtoull(token + 1, NULL, 16) == pull->round;
}

static void consumer_status(struct bus_pull *pull, const struct bus_message *message, int code)
{
    if (pull->state != CONSUMER_PULLING || !consumer_is_current(pull, message->subject))
        return;
    if (code == 100) { /* a heartbeat */
        pull->pace_ms = CONSUMER_PACE_FIRST_MS;
        session_set_alarm(pull->bus, &pull->alarm, DURATION_MS(CONSUMER_SILENCE_MS));
        return;
    }
    pull->asked = 0;
    if (code == 408) /* the pull has run out */
        consumer_pull_more(pull);
    else /* 404 gone, 409 deleted, too many pulls, shutting down, 503 nobody answers */
        consumer_wait(pull);
}

static void consumer_arrived(void *ctx, const struct bus_message *message)
{
    struct bus_pull *pull = (struct bus_pull *)ctx;
    if (message->stream_seq == 0) {
        int code = subscription_status(message);
        if (code != 0)
            consumer_status(pull, message, code);
        return;
    }
    pull->pace_ms = CONSUMER_PACE_FIRST_MS;
    if (pull->state == CONSUMER_PULLING) {
        if (pull->asked > 0)
            pull->asked--;
        session_set_alarm(pull->bus, &pull->alarm, DURATION_MS(CONSUMER_SILENCE_MS));
    }
    consumer_hold(pull, message->stream_seq);
    pull->each(pull->ctx, message);
    if (!pull->stopped)
        consumer_pull_more(pull);
}

/* --- settling --- */

struct bus_ack bus_ack_of(const struct bus_message *message)
{
    struct bus_ack ack = {{0}};
    if (message->reply != NULL)
        (void)snprintf(ack.reply, sizeof(ack.reply), "%s", message->reply);
    return ack;
}

/* Find the pull a delivery came from, and the delivery's stream sequence. */
static struct bus_pull *consumer_of_ack(struct bus *bus, const struct bus_ack *ack, uint64_t *seq)
{
    struct bus_part *part;
    TAILQ_FOREACH(part, &bus->parts, link)
    {
        char key[2 * CONSUMER_NAME_MAX + 4];
        if (part->stop != consumer_stop_part)
            continue;
        struct bus_pull *pull = consumer_of_part(part);
        (void)snprintf(key, sizeof(key), ".%s.%s.", pull->stream, pull->name);
        const char *at = strstr(ack->reply, key);
        if (at == NULL)
            continue;
        at = strchr(at + strlen(key), '.'); /* behind the count of deliveries */
        *seq = at == NULL ? 0 : strtoull(at + 1, NULL, 10);
        return pull;
    }
    return NULL;
}

static void consumer_settle(struct bus *bus, const struct bus_ack *ack, const char *verdict)
{
    uint64_t seq = 0;
    if (ack->reply[0] == '\0')
        return;
    bus_publish(bus, ack->reply, NULL, NULL, bytes_of_text(verdict));
    struct bus_pull *pull = consumer_of_ack(bus, ack, &seq);
    if (pull == NULL || seq == 0)
        return;
    consumer_let_go(pull, seq);
    consumer_pull_more(pull);
}

void bus_ack(struct bus *bus, const struct bus_ack *ack)
{
    consumer_settle(bus, ack, "+ACK");
}

void bus_ack_later(struct bus *bus, const struct bus_ack *ack, struct duration delay)
{
    char verdict[64];
    (void)snprintf(verdict, sizeof(verdict), "-NAK {\"delay\": %llu}",
                   (unsigned long long)delay.ns);
    consumer_settle(bus, ack, delay.ns == 0 ? "-NAK" : verdict);
}

void bus_ack_working(struct bus *bus, const struct bus_ack *ack)
{
    uint64_t seq = 0;
    if (ack->reply[0] == '\0')
        return;
    bus_publish(bus, ack->reply, NULL, NULL, bytes_of_text("+WPI"));
    struct bus_pull *pull = consumer_of_ack(bus, ack, &seq);
    if (pull != NULL && seq != 0)
        (void)consumer_prolong(pull, seq);
}

/* --- life --- */

static json_t *consumer_config(const struct bus_consumer *consumer, struct duration ack_wait)
{
    json_t *config = json_pack("{s:s, s:s, s:s, s:s, s:I, s:i}", "durable_name", consumer->name,
                               "deliver_policy", "all", "ack_policy", "explicit", "replay_policy",
                               "instant", "ack_wait", (json_int_t)ack_wait.ns, "max_deliver", -1);
    CHECK(config != NULL);
    if (consumer->subject != NULL)
        (void)json_object_set_new(config, "filter_subject", json_string(consumer->subject));
    if (consumer->ack_pending_max != 0)
        (void)json_object_set_new(config, "max_ack_pending",
                                  json_integer(consumer->ack_pending_max));
    if (consumer->inactive.ns != 0)
        (void)json_object_set_new(config, "inactive_threshold",
                                  json_integer((json_int_t)consumer->inactive.ns));
    if (consumer->memory)
        (void)json_object_set_new(config, "mem_storage", json_true());
    if (consumer->replicas != 0)
        (void)json_object_set_new(config, "num_replicas", json_integer(consumer->replicas));
    return config;
}

struct bus_pull *bus_pull(struct bus *bus, const struct bus_consumer *consumer, uint32_t batch,
                          bus_message_fn each, bus_answer_fn trouble, void *ctx)
{
    CHECK(batch > 0 && batch <= CONSUMER_BATCH_MAX);
    CHECK(strlen(consumer->stream) < CONSUMER_NAME_MAX &&
          strlen(consumer->name) < CONSUMER_NAME_MAX);
    struct bus_pull *pull = (struct bus_pull *)calloc(1, sizeof(*pull));
    CHECK(pull != NULL);
    pull->held = (struct consumer_held *)calloc(batch, sizeof(*pull->held));
    CHECK(pull->held != NULL);
    pull->bus = bus;
    pull->batch = batch;
    pull->ack_wait =
        consumer->ack_wait.ns != 0 ? consumer->ack_wait : DURATION_MS(CONSUMER_ACK_WAIT_MS);
    pull->wanted = consumer_config(consumer, pull->ack_wait);
    pull->each = each;
    pull->trouble = trouble;
    pull->ctx = ctx;
    pull->pace_ms = CONSUMER_PACE_FIRST_MS;
    pull->alarm.fire = consumer_due;
    (void)snprintf(pull->stream, sizeof(pull->stream), "%s", consumer->stream);
    (void)snprintf(pull->name, sizeof(pull->name), "%s", consumer->name);
    session_add_part(bus, &pull->part, consumer_stop_part);
    session_new_inbox(bus, pull->inbox, sizeof(pull->inbox));
    char subject[BUS_SUBJECT_MAX + 4];
    (void)snprintf(subject, sizeof(subject), "%s.*", pull->inbox);
    pull->subscription = bus_subscribe(bus, subject, NULL, consumer_arrived, pull);
    consumer_ask(pull);
    return pull;
}

static void consumer_stop_part(struct bus_part *part)
{
    bus_pull_stop(consumer_of_part(part));
}

void bus_pull_stop(struct bus_pull *pull)
{
    if (pull == NULL)
        return;
    pull->stopped = true;
    session_remove_part(pull->bus, &pull->part);
    session_cancel_alarm(pull->bus, &pull->alarm);
    request_drop(pull->bus, pull->request);
    bus_unsubscribe(pull->subscription);
    json_decref(pull->wanted);
    free(pull->held);
    session_bury(pull->bus, pull);
}
