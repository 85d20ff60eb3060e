/* bus.h - one session on NATS, asynchronous, with JetStream and KV. Shell: runs on a uv loop.
 *
 * One `struct bus` is one connection. A lost connection is never replayed: every operation in
 * flight ends with BUS_LOST, the session is dead, and the owner opens a new one and settles by
 * reading back what it had asked for. Everything is called and answered on the loop's thread; an
 * answer never comes before the asking function has returned. Every operation has a deadline.
 * Strings and bytes handed in are borrowed for the call; options structs are copied where they are
 * kept. Handles (subscription, follow, pull, watch, service) end with their session: after
 * bus_close() they must not be touched. A callback may stop its own handle, or close the session.
 * Tests: tests/contract/.
 */
#ifndef BATON_BUS_H
#define BATON_BUS_H

#include <uv.h>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/status.h"

struct bus;

/* How an operation ended. */
enum bus_outcome {
    BUS_OK,
    BUS_CONFLICT,      /* an expectation did not hold (JetStream 10071, 10164 and kin) */
    BUS_NOT_FOUND,     /* no such stream, consumer, message or key */
    BUS_REFUSED,       /* the server said no; see err_code and text */
    BUS_MISMATCH,      /* created, but the server's echo differs from what was asked for */
    BUS_NO_RESPONDERS, /* nobody listens on that subject */
    BUS_TIMEOUT,       /* unknown whether it happened: read back */
    BUS_LOST,          /* the session is gone; unknown whether it happened: read back */
    BUS_OUTCOME_COUNT
};
const char *bus_outcome_text(enum bus_outcome outcome);

/* A message; all of it is borrowed for the length of the callback. */
struct bus_message {
    const char *subject;
    const char *reply; /* NULL if none */
    struct bytes body;
    const void *headers; /* opaque; see bus_header() */
    uint64_t stream_seq; /* 0 if it did not come from a stream */
    uint64_t consumer_seq;
    uint64_t delivered;   /* 1 for the first delivery, 0 if not from a consumer */
    uint64_t pending;     /* messages the consumer still has behind this one */
    int64_t stored_at_ms; /* the server's clock, Unix ms; 0 if not from a stream */
};

struct bus_header {
    const char *name;
    const char *value;
};

/* @return the first value of a header, or NULL. Case-sensitive, as NATS has it. */
const char *bus_header_get(const struct bus_message *message, const char *name);

struct bus_answer {
    enum bus_outcome outcome;
    int err_code;                      /* JetStream error code or NATS status, 0 if none */
    const char *text;                  /* for people; "" if nothing to say */
    uint64_t seq;                      /* publish, KV write: the stream sequence */
    bool duplicate;                    /* publish: the server had this Nats-Msg-Id already */
    const struct bus_message *message; /* requests, gets: the reply; else NULL */
};
typedef void (*bus_answer_fn)(void *ctx, const struct bus_answer *answer);
typedef void (*bus_message_fn)(void *ctx, const struct bus_message *message);

/* --- the session ------------------------------------------------------------------------- */

struct bus_options {
    const char *url;   /* comma-separated list allowed */
    const char *name;  /* shown in the server's connz */
    const char *creds; /* file, or NULL; likewise the next ones */
    const char *nkey;
    const char *tls_ca, *tls_cert, *tls_key;
    struct duration deadline; /* of every request; 0: 5 s */
};
typedef void (*bus_open_fn)(void *ctx, struct bus *bus, const struct error *err);
typedef void (*bus_lost_fn)(void *ctx, const char *why);

/**
 * Connect, off the loop's thread.
 *
 * @param opened [in] called once: with the session, or with NULL and why not.
 * @param lost   [in] called once when an open session dies by itself, after every operation in
 *                    flight was answered BUS_LOST. The session must then be closed.
 */
enum status bus_open(uv_loop_t *loop, const struct bus_options *options, bus_open_fn opened,
                     bus_lost_fn lost, void *ctx, struct error *err) ATTR_MUST_USE;

/**
 * Flush what is buffered (for up to 2 s, off the loop's thread), close, and free. Answers no
 * callback any more.
 *
 * @param closed [in] called once all of it is gone; may be NULL.
 */
void bus_close(struct bus *bus, void (*closed)(void *ctx), void *ctx);

const char *bus_server_version(const struct bus *bus); /* such as "2.9.10" */
const char *bus_server_url(const struct bus *bus);
size_t bus_payload_bytes_max(const struct bus *bus);

/* --- core NATS --------------------------------------------------------------------------- */

/** Publish without an answer. `headers` ends with a NULL name; may be NULL. What is over
 * bus_payload_bytes_max() or comes after the session's death is dropped. */
void bus_publish(struct bus *bus, const char *subject, const char *reply,
                 const struct bus_header *headers, struct bytes body);

/** Ask; exactly one answer. `deadline` 0: the session's. A body over the server's max_payload is
 * answered BUS_REFUSED. */
void bus_request(struct bus *bus, const char *subject, const struct bus_header *headers,
                 struct bytes body, struct duration deadline, bus_answer_fn done, void *ctx);

struct bus_subscription;
/** Subscribe; `queue` NULL: no queue group. @return NULL when the session is dead. */
struct bus_subscription *bus_subscribe(struct bus *bus, const char *subject, const char *queue,
                                       bus_message_fn each, void *ctx);
/** Stop; no callback after the return. NULL is fine. */
void bus_unsubscribe(struct bus_subscription *subscription);

/* --- streams ----------------------------------------------------------------------------- */

enum bus_retention { BUS_LIMITS, BUS_WORK_QUEUE, BUS_INTEREST };

struct bus_stream {
    const char *name;
    const char *const *subjects; /* ends with NULL */
    enum bus_retention retention;
    uint64_t bytes_max;               /* 0: no limit */
    uint64_t per_subject_max;         /* 0: no limit; 1 is a KV bucket's */
    struct duration age_max;          /* 0: for ever */
    struct duration duplicate_window; /* 0: the server's default */
    uint32_t replicas;                /* 0: 1 */
    bool discard_new;                 /* when full: refuse, rather than drop the oldest */
    bool kv;     /* a KV bucket: rollup and direct get allowed, deletes denied */
    bool memory; /* storage */
};

/** Create the stream, or compare an existing one. BUS_MISMATCH names the setting that differs. */
void bus_stream_ensure(struct bus *bus, const struct bus_stream *stream, bus_answer_fn done,
                       void *ctx);

/** The stream's info as JSON in answer->message. */
void bus_stream_info(struct bus *bus, const char *stream, bus_answer_fn done, void *ctx);

struct bus_store {
    const char *subject;
    const struct bus_header *headers; /* may be NULL */
    struct bytes body;
    const char *msg_id;       /* Nats-Msg-Id, or NULL */
    bool expect_set;          /* the next field counts */
    uint64_t expect_seq;      /* expected last sequence of this subject; 0: must be the first */
    struct duration deadline; /* 0: the session's */
};
/** Publish into a stream; answered by the PubAck (answer->seq), BUS_CONFLICT when the expectation
 * failed. */
void bus_store(struct bus *bus, const struct bus_store *store, bus_answer_fn done, void *ctx);

/** Read one message: by sequence, or (seq 0) the last on `subject`. Leader's answer, never a stale
 * replica's. */
void bus_fetch(struct bus *bus, const char *stream, uint64_t seq, const char *subject,
               bus_answer_fn done, void *ctx);
/** Delete one message by sequence (never purge by subject: 2.9 skips what is behind it). */
void bus_delete(struct bus *bus, const char *stream, uint64_t seq, bus_answer_fn done, void *ctx);

/* --- reading a stream in order ------------------------------------------------------------ */

/* Follows a stream without acks through an ephemeral, memory-backed push consumer that is made anew
 * after a gap, a missed heartbeat or a server restart, from the next sequence: no message is left
 * out and none comes twice within one follow. A stream that is not there yet is waited for. */
struct bus_follow;
struct bus_follow_options {
    const char *stream;
    const char *subject; /* exact or wildcard; NULL: all */
    uint64_t from_seq;   /* first sequence wanted, behind the end: whatever is stored next; 0: only
                            what comes from now on */
    bool last_per_subject; /* with from_seq 0: start with the last message of each subject */
    bool headers_only;
};
typedef void (*bus_caught_up_fn)(void *ctx);
/**
 * @param each      [in] every message.
 * @param caught_up [in] once, when everything that was stored at the start has been delivered (also
 *                       when that was nothing). May be NULL.
 */
struct bus_follow *bus_follow(struct bus *bus, const struct bus_follow_options *options,
                              bus_message_fn each, bus_caught_up_fn caught_up, void *ctx);
/** Stop; no callback after the return. NULL is fine. */
void bus_follow_stop(struct bus_follow *follow);

/* --- work from a durable consumer ---------------------------------------------------------- */

struct bus_consumer {
    const char *stream;
    const char *name;         /* durable */
    const char *subject;      /* filter; NULL: all */
    uint32_t ack_pending_max; /* 0: the server's default */
    struct duration ack_wait; /* 0: 30 s */
    struct duration inactive; /* removed when no client pulls for so long; 0: never */
    bool memory;              /* consumer state in memory */
    uint32_t replicas;
};
struct bus_pull;
/**
 * Ensure the consumer (echo checked), then pull from it for as long as it stands: a pull is always
 * outstanding while fewer than `batch` messages are unacked here; a consumer that has gone is made
 * anew. BUS_MISMATCH or BUS_REFUSED are told through `trouble`, then tried again at a bounded pace.
 *
 * @param batch   [in] 1 ..= 65536. A message counts as unacked here until bus_ack() or
 *                     bus_ack_later(), or for ack_wait after its delivery or last
 *                     bus_ack_working().
 * @param each    [in] every message; keep bus_ack_of(message) to settle it. One given again by the
 *                     server comes again, with its `delivered` counted up.
 * @param trouble [in] why there is no work now; may be NULL. Not called when the session is lost.
 */
struct bus_pull *bus_pull(struct bus *bus, const struct bus_consumer *consumer, uint32_t batch,
                          bus_message_fn each, bus_answer_fn trouble, void *ctx);
void bus_pull_stop(struct bus_pull *pull);

/* A handle by which a delivered message is settled later; plain data, valid within its session. */
struct bus_ack {
    char reply[256];
};
struct bus_ack bus_ack_of(const struct bus_message *message);
void bus_ack(struct bus *bus, const struct bus_ack *ack);
void bus_ack_working(struct bus *bus,
                     const struct bus_ack *ack); /* not done yet: restart ack_wait */
void bus_ack_later(struct bus *bus, const struct bus_ack *ack, struct duration delay); /* NAK */

/* --- key-value ----------------------------------------------------------------------------- */

enum kv_change { KV_PUT, KV_DELETED };
typedef void (*bus_kv_fn)(void *ctx, enum kv_change change, const char *key, struct bytes value,
                          uint64_t revision);

/** Create the bucket (history 1), or compare an existing one. */
void bus_kv_ensure(struct bus *bus, const char *bucket, uint32_t replicas, uint64_t bytes_max,
                   bus_answer_fn done, void *ctx);
/** answer->message->body is the value, answer->seq the revision; a deleted key is BUS_NOT_FOUND. */
void bus_kv_get(struct bus *bus, const char *bucket, const char *key, bus_answer_fn done,
                void *ctx);
void bus_kv_put(struct bus *bus, const char *bucket, const char *key, struct bytes value,
                bus_answer_fn done, void *ctx);
/** Write only if the key's last revision is `revision` (0: the key has never been written). */
void bus_kv_update(struct bus *bus, const char *bucket, const char *key, struct bytes value,
                   uint64_t revision, bus_answer_fn done, void *ctx);
void bus_kv_delete(struct bus *bus, const char *bucket, const char *key, bus_answer_fn done,
                   void *ctx);
/** Watch `key` (`*` for all): first every value there is, then caught_up once, then each change. A
 * key deleted before the watch began may be told as KV_DELETED, too. */
struct bus_kv_watch;
struct bus_kv_watch *bus_kv_watch(struct bus *bus, const char *bucket, const char *key,
                                  bus_kv_fn each, bus_caught_up_fn caught_up, void *ctx);
void bus_kv_watch_stop(struct bus_kv_watch *watch);

/* --- services (NATS service protocol: $SRV.PING, INFO, STATS) -------------------------------- */

struct bus_endpoint {
    const char *name;
    const char *subject;
    bus_message_fn each; /* answer with bus_respond() or bus_respond_error() */
};
struct bus_service;
/** @param endpoints [in] `count` of them, copied; all share the queue group "q". */
struct bus_service *bus_service(struct bus *bus, const char *name, const char *version,
                                const char *description, const struct bus_endpoint *endpoints,
                                size_t count, void *ctx);
void bus_service_stop(struct bus_service *service);
void bus_respond(struct bus *bus, const char *reply, struct bytes body);
/** Headers Nats-Service-Error and Nats-Service-Error-Code, and the given JSON body. */
void bus_respond_error(struct bus *bus, const char *reply, int code, const char *description,
                       struct bytes body);

#endif
