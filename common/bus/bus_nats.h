/* bus_nats.h - one NATS connection as a transport; its source alone includes nats.h. Shell.
 *
 * Messages and the news that the connection has closed go into the inbox, from library threads.
 * Opening and closing block and belong on a worker thread.
 */
#ifndef BATON_BUS_BUS_NATS_H
#define BATON_BUS_BUS_NATS_H

#include "bus/bus.h"
#include "bus/inbox.h"

struct bus_nats;
struct bus_nats_subscription;

/* The subscription number of the one inbox item that says: closed. Its message is NULL. */
#define BUS_NATS_CLOSED UINT64_MAX

/** Make an unconnected object. @param wake [in] borrowed until bus_nats_mute(). @return NULL when
 * out of memory. */
struct bus_nats *bus_nats_new(uv_async_t *wake);
struct inbox *bus_nats_inbox(struct bus_nats *nats);

/** Connect. Blocks: worker thread. @return OK | UNAVAILABLE | DENIED | MALFORMED (the options). */
enum status bus_nats_connect(struct bus_nats *nats, const struct bus_options *options,
                             struct error *err) ATTR_MUST_USE;

/** Deliver nothing any more; loop's thread. */
void bus_nats_mute(struct bus_nats *nats);
/** Flush (bounded), close and release. Blocks: worker thread. Works unconnected as well. */
void bus_nats_close(struct bus_nats *nats);

/** Hand a message to the library. @param headers [in] may be NULL.
 * @return OK | UNAVAILABLE (closed) | LIMIT (over the server's max_payload) | NOMEM. */
enum status bus_nats_publish(struct bus_nats *nats, const char *subject, const char *reply,
                             const struct bus_header *headers, struct bytes body,
                             struct error *err) ATTR_MUST_USE;

/** Subscribe; messages arrive in the inbox under number `id`. @return NULL when closed. */
struct bus_nats_subscription *bus_nats_subscribe(struct bus_nats *nats, const char *subject,
                                                 const char *queue, uint64_t id);
/** Unsubscribe and release. */
void bus_nats_unsubscribe(struct bus_nats_subscription *subscription);

const char *bus_nats_url(const struct bus_nats *nats);
size_t bus_nats_payload_bytes_max(const struct bus_nats *nats);

/** @return the header's first value, or NULL; lives as long as the message. */
const char *bus_nats_message_header(void *message, const char *name);
/** Fill subject, reply and body; the rest is not touched. */
void bus_nats_message_read(void *message, struct bus_message *ret_message);
void bus_nats_message_free(void *message);

#endif
