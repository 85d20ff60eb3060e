#include "bus/session.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"

static void session_drain(uv_async_t *wake);
static void session_tick(uv_timer_t *timer);

const char *bus_outcome_text(enum bus_outcome outcome)
{
    static const char *const texts[] = {
        [BUS_OK] = "ok",
        [BUS_CONFLICT] = "changed by someone else meanwhile",
        [BUS_NOT_FOUND] = "not found",
        [BUS_REFUSED] = "refused by the server",
        [BUS_MISMATCH] = "the server's settings differ",
        [BUS_NO_RESPONDERS] = "nobody listens",
        [BUS_TIMEOUT] = "no answer in time",
        [BUS_LOST] = "the session is lost",
    };
    _Static_assert(sizeof(texts) / sizeof(texts[0]) == BUS_OUTCOME_COUNT, "a text for each");
    CHECK(outcome < BUS_OUTCOME_COUNT);
    return texts[outcome];
}

/* --- running callbacks --- */

static void session_arm(struct bus *bus)
{
    struct instant next = alarms_next(&bus->alarms);
    if (bus->state == BUS_CLOSING || next.ns >= bus->armed.ns)
        return;
    uint64_t now_ns = uv_hrtime();
    uint64_t wait_ns = next.ns > now_ns ? next.ns - now_ns : 0;
    uv_update_time(bus->loop);
    (void)uv_timer_start(&bus->timer, session_tick, (wait_ns + 999999) / 1000000, 0);
    bus->armed = next;
}

void session_enter(struct bus *bus)
{
    bus->depth++;
}

void session_leave(struct bus *bus)
{
    CHECK(bus->depth > 0);
    if (--bus->depth > 0)
        return;
    while (bus->graves != NULL) {
        struct bus_grave *grave = bus->graves;
        bus->graves = grave->next;
        free(grave->memory);
        free(grave);
    }
    session_arm(bus);
}

void session_bury(struct bus *bus, void *memory)
{
    if (bus->depth == 0) {
        free(memory);
        return;
    }
    struct bus_grave *grave = (struct bus_grave *)malloc(sizeof(*grave));
    CHECK(grave != NULL);
    *grave = (struct bus_grave){bus->graves, memory};
    bus->graves = grave;
}

void session_add_part(struct bus *bus, struct bus_part *part, void (*stop)(struct bus_part *part))
{
    part->stop = stop;
    TAILQ_INSERT_TAIL(&bus->parts, part, link);
}

void session_remove_part(struct bus *bus, struct bus_part *part)
{
    TAILQ_REMOVE(&bus->parts, part, link);
}

void session_set_alarm(struct bus *bus, struct alarm *alarm, struct duration in)
{
    struct instant at = instant_add((struct instant){uv_hrtime()}, in);
    CHECK(alarms_set(&bus->alarms, alarm, at) == STATUS_OK);
    if (bus->depth == 0)
        session_arm(bus);
}

void session_cancel_alarm(struct bus *bus, struct alarm *alarm)
{
    alarms_cancel(&bus->alarms, alarm);
}

void session_new_inbox(struct bus *bus, char *subject, size_t size)
{
    (void)snprintf(subject, size, "%s.own.%llx", bus->inbox,
                   (unsigned long long)++bus->inbox_count);
}

static void session_tick(uv_timer_t *timer)
{
    struct bus *bus = (struct bus *)timer->data;
    session_enter(bus);
    bus->armed = INSTANT_NEVER;
    /* One reading of the clock: what the callbacks set for now comes in the next turn. */
    struct instant now = {uv_hrtime()};
    while (bus->state != BUS_CLOSING) {
        struct alarm *due = alarms_take_due(&bus->alarms, now);
        if (due == NULL)
            break;
        due->fire(due);
    }
    session_leave(bus);
}

/* --- the end of a session --- */

static void session_free_options(struct bus_options *options)
{
    const char *const own[] = {options->url,    options->name,     options->creds,  options->nkey,
                               options->tls_ca, options->tls_cert, options->tls_key};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        free((void *)(uintptr_t)own[i]);
    *options = (struct bus_options){0};
}

static void session_free(struct bus *bus)
{
    session_free_options(&bus->options);
    alarms_done(&bus->alarms);
    slots_done(&bus->requests);
    slots_done(&bus->subscriptions);
    free(bus->items);
    free(bus);
}

static void session_closing_step(struct bus *bus)
{
    CHECK(bus->closing_steps > 0);
    if (--bus->closing_steps > 0)
        return;
    void (*closed)(void *ctx) = bus->closed;
    void *ctx = bus->closed_ctx;
    session_free(bus);
    if (closed != NULL)
        closed(ctx);
}

static void session_handle_closed(uv_handle_t *handle)
{
    session_closing_step((struct bus *)handle->data);
}

static void session_close_work(uv_work_t *work)
{
    struct bus *bus = (struct bus *)work->data;
    bus_nats_close(bus->nats);
}

static void session_close_worked(uv_work_t *work, int status)
{
    (void)status;
    session_closing_step((struct bus *)work->data);
}

static void session_stop_parts(struct bus *bus)
{
    while (!TAILQ_EMPTY(&bus->parts)) {
        struct bus_part *part = TAILQ_FIRST(&bus->parts);
        part->stop(part);
    }
    subscription_free_all(bus);
    request_free_all(bus);
}

void bus_close(struct bus *bus, void (*closed)(void *ctx), void *ctx)
{
    CHECK(bus->state != BUS_CLOSING);
    session_enter(bus);
    session_stop_parts(bus);
    if (bus->replies != NULL)
        bus_nats_unsubscribe(bus->replies);
    bus->replies = NULL;
    bus->state = BUS_CLOSING;
    bus->closed = closed;
    bus->closed_ctx = ctx;
    bus->closing_steps = 3;
    bus_nats_mute(bus->nats);
    uv_close((uv_handle_t *)&bus->wake, session_handle_closed);
    uv_close((uv_handle_t *)&bus->timer, session_handle_closed);
    CHECK(uv_queue_work(bus->loop, &bus->work, session_close_work, session_close_worked) == 0);
    session_leave(bus);
}

static void session_lose(struct bus *bus)
{
    if (bus->state != BUS_OPEN)
        return;
    static const char why[] = "the connection to the server has closed";
    bus->state = BUS_DEAD;
    request_lose_all(bus, why);
    if (bus->state == BUS_DEAD && bus->lost != NULL)
        bus->lost(bus->ctx, why);
}

/* --- what other threads put into the inbox --- */

static void session_take_item(struct bus *bus, const struct inbox_item *item)
{
    if (item->subscription == BUS_NATS_CLOSED) {
        session_lose(bus);
        return;
    }
    if (bus->state == BUS_OPEN)
        subscription_dispatch(bus, item->subscription, item->message);
    bus_nats_message_free(item->message);
}

static void session_drain(uv_async_t *wake)
{
    struct bus *bus = (struct bus *)wake->data;
    /* Until the session is open the items wait: the opening asks again. */
    if (bus->state == BUS_OPENING)
        return;
    session_enter(bus);
    size_t count = inbox_take(bus_nats_inbox(bus->nats), &bus->items);
    struct inbox_item *items = bus->items;
    for (size_t i = 0; i < count; i++)
        session_take_item(bus, &items[i]);
    session_leave(bus);
}

/* --- opening --- */

static bool session_copy(const char **text, const char *from)
{
    *text = from == NULL ? NULL : strdup(from);
    return from == NULL || *text != NULL;
}

static bool session_copy_options(struct bus_options *copy, const struct bus_options *options)
{
    copy->deadline = options->deadline;
    return session_copy(&copy->url, options->url) && session_copy(&copy->name, options->name) &&
           session_copy(&copy->creds, options->creds) && session_copy(&copy->nkey, options->nkey) &&
           session_copy(&copy->tls_ca, options->tls_ca) &&
           session_copy(&copy->tls_cert, options->tls_cert) &&
           session_copy(&copy->tls_key, options->tls_key);
}

static void session_open_work(uv_work_t *work)
{
    struct bus *bus = (struct bus *)work->data;
    bus->error = (struct error){0};
    if (bus_nats_connect(bus->nats, &bus->options, &bus->error) != STATUS_OK)
        return;
    /* Not knowing the version is no reason to fail. */
    struct error ignored;
    (void)banner_read(bus_nats_url(bus->nats), &bus->banner, &ignored);
}

static void session_failed(void *ctx)
{
    (void)ctx;
}

static void session_open_worked(uv_work_t *work, int status)
{
    struct bus *bus = (struct bus *)work->data;
    (void)status;
    session_enter(bus);
    if (bus->error.status == STATUS_OK) {
        char subject[BUS_SUBJECT_MAX];
        (void)snprintf(subject, sizeof(subject), "%s.*", bus->inbox);
        bus->replies = bus_nats_subscribe(bus->nats, subject, NULL, 0);
        if (bus->replies == NULL)
            (void)ERROR(&bus->error, STATUS_UNAVAILABLE, "%s: closed at once", bus->options.url);
    }
    session_free_options(&bus->options);
    if (bus->error.status == STATUS_OK) {
        bus->state = BUS_OPEN;
        bus->opened(bus->ctx, bus, NULL);
        /* The connection may have died before we listened. */
        if (bus->state == BUS_OPEN)
            uv_async_send(&bus->wake);
    } else {
        bus->opened(bus->ctx, NULL, &bus->error);
        bus_close(bus, session_failed, NULL);
    }
    session_leave(bus);
}

static struct bus *session_new(uv_loop_t *loop, const struct bus_options *options)
{
    struct bus *bus = (struct bus *)calloc(1, sizeof(*bus));
    if (bus == NULL)
        return NULL;
    bus->items = (struct inbox_item *)calloc(INBOX_ITEMS_MAX, sizeof(*bus->items));
    bus->nats = bus_nats_new(&bus->wake);
    if (!session_copy_options(&bus->options, options) || bus->items == NULL || bus->nats == NULL) {
        if (bus->nats != NULL)
            bus_nats_close(bus->nats);
        session_free(bus);
        return NULL;
    }
    bus->loop = loop;
    bus->state = BUS_OPENING;
    bus->armed = INSTANT_NEVER;
    bus->deadline = options->deadline.ns != 0 ? options->deadline : DURATION_MS(BUS_DEADLINE_MS);
    TAILQ_INIT(&bus->parts);
    bus->wake.data = bus;
    bus->timer.data = bus;
    bus->work.data = bus;
    return bus;
}

enum status bus_open(uv_loop_t *loop, const struct bus_options *options, bus_open_fn opened,
                     bus_lost_fn lost, void *ctx, struct error *err)
{
    if (options->url == NULL)
        return ERROR(err, STATUS_MALFORMED, "no server URL");
    if (sodium_init() < 0)
        return ERROR(err, STATUS_IO, "no randomness");
    struct bus *bus = session_new(loop, options);
    if (bus == NULL)
        return ERROR(err, STATUS_NOMEM, "bus session");
    bus->opened = opened;
    bus->lost = lost;
    bus->ctx = ctx;
    uint8_t chance[16];
    char digits[2 * sizeof(chance) + 1];
    randombytes_buf(chance, sizeof(chance));
    (void)sodium_bin2hex(digits, sizeof(digits), chance, sizeof(chance));
    (void)snprintf(bus->inbox, sizeof(bus->inbox), "_INBOX.%s", digits);
    if (uv_async_init(loop, &bus->wake, session_drain) != 0) {
        bus_nats_close(bus->nats);
        session_free(bus);
        return ERROR(err, STATUS_NOMEM, "loop handle");
    }
    CHECK(uv_timer_init(loop, &bus->timer) == 0);
    CHECK(uv_queue_work(loop, &bus->work, session_open_work, session_open_worked) == 0);
    return STATUS_OK;
}

const char *bus_server_version(const struct bus *bus)
{
    return bus->banner.version;
}

const char *bus_server_url(const struct bus *bus)
{
    return bus_nats_url(bus->nats);
}

size_t bus_payload_bytes_max(const struct bus *bus)
{
    return bus_nats_payload_bytes_max(bus->nats);
}
