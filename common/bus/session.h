/* session.h - the inside of a bus session, for the sources of common/bus/ alone. Shell. */
#ifndef BATON_BUS_SESSION_H
#define BATON_BUS_SESSION_H

#include <sys/queue.h>

#include "base/check.h"
#include "bus/alarms.h"
#include "bus/banner.h"
#include "bus/bus.h"
#include "bus/bus_nats.h"
#include "bus/slots.h"

enum {
    BUS_SUBJECT_MAX = 512,
    BUS_INBOX_MAX = 48, /* "_INBOX." and 32 hex digits */
    BUS_DEADLINE_MS = 5000,
};

/* Something that lives until it is stopped or its session is closed. `stop` takes it out of the
 * session and releases it; a part that made others stops them first. */
struct bus_part {
    TAILQ_ENTRY(bus_part) link;
    void (*stop)(struct bus_part *part);
};

/* Memory that callbacks further up the stack may still look at. */
struct bus_grave {
    struct bus_grave *next;
    void *memory;
};

enum bus_state { BUS_OPENING, BUS_OPEN, BUS_DEAD, BUS_CLOSING };

struct bus {
    enum bus_state state;
    uv_loop_t *loop;
    uv_async_t wake;
    uv_timer_t timer;
    uv_work_t work;
    unsigned closing_steps; /* of close: what has not reported back yet */
    struct bus_nats *nats;
    struct bus_nats_subscription *replies;
    struct inbox_item *items; /* the spare array for inbox_take() */
    struct alarms alarms;
    struct instant armed; /* when the timer is set for */
    struct slots requests;
    struct slots subscriptions;
    TAILQ_HEAD(, bus_part) parts; /* oldest first: makers before what they made */
    struct bus_grave *graves;
    unsigned depth; /* of callbacks we are inside of */
    struct duration deadline;
    char inbox[BUS_INBOX_MAX];
    uint64_t inbox_count;
    struct banner banner;
    struct bus_options options; /* own copies; released once connected */
    struct error error;
    bus_open_fn opened;
    bus_lost_fn lost;
    void (*closed)(void *ctx);
    void *ctx;
    void *closed_ctx;
};

/* Where a message's headers are: in the library's message or in a block of our own, which is a row
 * of "Name: value" texts each ended by NUL. */
struct message_headers {
    void *message;
    const char *block;
    size_t block_len;
};

/** Enter and leave whatever runs callbacks: graves are emptied and the timer set on the way out. */
void session_enter(struct bus *bus);
void session_leave(struct bus *bus);

/** Free memory now, or once no callback is running. */
void session_bury(struct bus *bus, void *memory);

void session_add_part(struct bus *bus, struct bus_part *part, void (*stop)(struct bus_part *part));
void session_remove_part(struct bus *bus, struct bus_part *part);

/** Set or move an alarm and the timer behind it. */
void session_set_alarm(struct bus *bus, struct alarm *alarm, struct duration in);
void session_cancel_alarm(struct bus *bus, struct alarm *alarm);

static inline bool session_is_open(const struct bus *bus)
{
    return bus->state == BUS_OPEN;
}

/** Write a fresh inbox subject under the session's prefix, outside of the requests' replies. */
void session_new_inbox(struct bus *bus, char *subject, size_t size);

/* --- request.c --- */

/* Turns a reply that arrived into the answer its asker wants, and gives it. */
typedef void (*request_decode_fn)(const struct bus_answer *raw, bus_answer_fn done, void *ctx);

struct request_ask {
    const char *subject;
    const struct bus_header *headers;
    struct bytes body;
    struct duration deadline;
    request_decode_fn decode; /* NULL: as it is */
    bus_answer_fn done;
    void *ctx;
};

/** Ask; exactly one answer unless dropped. @return its number for request_drop(). */
uint64_t request_start(struct bus *bus, const struct request_ask *ask);
/** Answer with what is known already, once the asking function has returned. */
uint64_t request_fail(struct bus *bus, enum bus_outcome outcome, const char *text,
                      bus_answer_fn done, void *ctx);
/** Forget a request; its answer never comes. 0 and numbers of the past are fine. */
void request_drop(struct bus *bus, uint64_t number);
/** A message on the reply inbox. */
void request_reply(struct bus *bus, const struct bus_message *message);
/** Answer everything in flight with BUS_LOST. */
void request_lose_all(struct bus *bus, const char *why);
void request_free_all(struct bus *bus);

/* --- subscription.c --- */

/** @return the code of a status message such as a heartbeat (100) or "no responders" (503); 0 when
 * the message is none. */
int subscription_status(const struct bus_message *message);
void subscription_dispatch(struct bus *bus, uint64_t id, void *message);
void subscription_free_all(struct bus *bus);

#endif
