#include "bus/bus_nats.h"

#include <nats/nats.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "bus/nkey.h"

enum {
    BUS_NATS_CONNECT_MS = 2000,
    BUS_NATS_FLUSH_MS = 2000,
    BUS_NATS_SERVERS_MAX = 32,
    BUS_NATS_URL_MAX = 256,
    BUS_NATS_PING_MS = 10000,
    BUS_NATS_WRITE_MS = 2000, /* a server that stops reading may hold up the loop for so long */
};

/* Counted, because the library's threads speak until the closed callback and the completion of the
 * last subscription have run, which may be after the owner has let go. */
struct bus_nats {
    atomic_int holders;
    natsConnection *connection;
    struct inbox inbox;
    char url[BUS_NATS_URL_MAX];
    size_t payload_bytes_max;
};

/* Held by its owner and, until the completion callback, by the library. */
struct bus_nats_subscription {
    atomic_int holders;
    struct bus_nats *nats;
    natsSubscription *subscription;
    uint64_t id;
};

static void bus_nats_release(struct bus_nats *nats)
{
    if (atomic_fetch_sub(&nats->holders, 1) != 1)
        return;
    struct inbox_item *left = NULL;
    size_t count = inbox_take(&nats->inbox, &left);
    for (size_t i = 0; i < count; i++)
        bus_nats_message_free(left[i].message);
    free(left);
    inbox_done(&nats->inbox);
    free(nats);
}

struct bus_nats *bus_nats_new(uv_async_t *wake)
{
    struct bus_nats *nats = (struct bus_nats *)calloc(1, sizeof(*nats));
    if (nats == NULL)
        return NULL;
    if (inbox_init(&nats->inbox, wake) != STATUS_OK) {
        free(nats);
        return NULL;
    }
    atomic_init(&nats->holders, 1);
    return nats;
}

struct inbox *bus_nats_inbox(struct bus_nats *nats)
{
    return &nats->inbox;
}

/* A library thread. It comes exactly once per connection that was ever open, and is its last. */
static void bus_nats_closed(natsConnection *connection, void *closure)
{
    struct bus_nats *nats = (struct bus_nats *)closure;
    (void)connection;
    (void)!inbox_push(&nats->inbox, (struct inbox_item){.subscription = BUS_NATS_CLOSED});
    bus_nats_release(nats);
}

/* A library thread. */
static void bus_nats_message(natsConnection *connection, natsSubscription *source, natsMsg *message,
                             void *closure)
{
    struct bus_nats_subscription *subscription = (struct bus_nats_subscription *)closure;
    (void)connection;
    (void)source;
    struct inbox_item item = {.subscription = subscription->id, .message = message};
    if (!inbox_push(&subscription->nats->inbox, item))
        natsMsg_Destroy(message);
}

/* Errors of the protocol end in the closed callback or in a missed deadline; the default handler
 * would print them on stderr. */
static void bus_nats_async_error(natsConnection *connection, natsSubscription *subscription,
                                 natsStatus status, void *closure)
{
    (void)connection;
    (void)subscription;
    (void)status;
    (void)closure;
}

static natsStatus bus_nats_set_servers(natsOptions *settings, const char *urls)
{
    AUTO_HEAP char *copy = strdup(urls);
    if (copy == NULL)
        return NATS_NO_MEMORY;
    const char *servers[BUS_NATS_SERVERS_MAX];
    int count = 0;
    char *rest = copy;
    for (char *url = strsep(&rest, ","); url != NULL; url = strsep(&rest, ",")) {
        url += strspn(url, " \t");
        url[strcspn(url, " \t")] = '\0';
        if (*url == '\0')
            continue;
        if (count == BUS_NATS_SERVERS_MAX)
            return NATS_INVALID_ARG;
        servers[count++] = url;
    }
    return count == 0 ? NATS_INVALID_ARG : natsOptions_SetServers(settings, servers, count);
}

static natsStatus bus_nats_set_identity(natsOptions *settings, const struct bus_options *options,
                                        struct error *err)
{
    natsStatus status = NATS_OK;
    if (options->creds != NULL)
        status = natsOptions_SetUserCredentialsFromFiles(settings, options->creds, NULL);
    if (status == NATS_OK && options->nkey != NULL) {
        char public_key[NKEY_TEXT_BYTES + 1];
        if (nkey_public_of_file(options->nkey, public_key, err) != STATUS_OK)
            return NATS_ERR;
        status = natsOptions_SetNKeyFromSeed(settings, public_key, options->nkey);
    }
    if (status == NATS_OK && (options->tls_ca != NULL || options->tls_cert != NULL))
        status = natsOptions_SetSecure(settings, true);
    if (status == NATS_OK && options->tls_ca != NULL)
        status = natsOptions_LoadCATrustedCertificates(settings, options->tls_ca);
    if (status == NATS_OK && options->tls_cert != NULL)
        status = natsOptions_LoadCertificatesChain(settings, options->tls_cert, options->tls_key);
    return status;
}

static natsStatus bus_nats_set_all(natsOptions *settings, struct bus_nats *nats,
                                   const struct bus_options *options, struct error *err)
{
    natsStatus status = bus_nats_set_servers(settings, options->url);
    if (status == NATS_OK && options->name != NULL)
        status = natsOptions_SetName(settings, options->name);
    if (status == NATS_OK)
        status = natsOptions_SetSendAsap(settings, true);
    if (status == NATS_OK)
        status = natsOptions_SetAllowReconnect(settings, false);
    if (status == NATS_OK)
        status = natsOptions_SetTimeout(settings, BUS_NATS_CONNECT_MS);
    if (status == NATS_OK)
        status = natsOptions_SetWriteDeadline(settings, BUS_NATS_WRITE_MS);
    if (status == NATS_OK)
        status = natsOptions_SetPingInterval(settings, BUS_NATS_PING_MS);
    if (status == NATS_OK)
        status = natsOptions_UseGlobalMessageDelivery(settings, true);
    if (status == NATS_OK)
        status = natsOptions_SetErrorHandler(settings, bus_nats_async_error, NULL);
    if (status == NATS_OK)
        status = natsOptions_SetClosedCB(settings, bus_nats_closed, nats);
    if (status == NATS_OK)
        status = bus_nats_set_identity(settings, options, err);
    return status;
}

static enum status bus_nats_status(natsStatus status)
{
    switch ((int)status) {
    case NATS_OK:
        return STATUS_OK;
    case NATS_NO_MEMORY:
        return STATUS_NOMEM;
    case NATS_MAX_PAYLOAD:
        return STATUS_LIMIT;
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
        return STATUS_DENIED;
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT:
        return STATUS_MALFORMED;
    default:
        return STATUS_UNAVAILABLE;
    }
}

enum status bus_nats_connect(struct bus_nats *nats, const struct bus_options *options,
                             struct error *err)
{
    natsOptions *settings = NULL;
    struct error reason = {0};
    natsStatus status = nats_Open(-1);
    if (status == NATS_OK)
        status = nats_SetMessageDeliveryPoolSize(1);
    if (status == NATS_OK)
        status = natsOptions_Create(&settings);
    if (status == NATS_OK)
        status = bus_nats_set_all(settings, nats, options, &reason);
    if (status == NATS_OK) {
        atomic_fetch_add(&nats->holders, 1); /* let go by the closed callback */
        status = natsConnection_Connect(&nats->connection, settings);
        if (status != NATS_OK)
            bus_nats_release(nats);
    }
    if (settings != NULL)
        natsOptions_Destroy(settings);
    if (status != NATS_OK) {
        /* The library's own last words repeat the status behind a place in its source. */
        const char *what = natsStatus_GetText(status);
        const char *more = reason.text[0] != '\0' ? reason.text : nats_GetLastError(NULL);
        bool repeats = more == NULL || more[0] == '\0' || strstr(more, what) != NULL;
        return ERROR(err, bus_nats_status(status), "%s: %s%s%s", options->url, what,
                     repeats ? "" : ": ", repeats ? "" : more);
    }
    nats->payload_bytes_max = (size_t)natsConnection_GetMaxPayload(nats->connection);
    if (natsConnection_GetConnectedUrl(nats->connection, nats->url, sizeof(nats->url)) != NATS_OK)
        nats->url[0] = '\0';
    return STATUS_OK;
}

void bus_nats_mute(struct bus_nats *nats)
{
    inbox_close(&nats->inbox);
}

void bus_nats_close(struct bus_nats *nats)
{
    if (nats->connection != NULL) {
        if (!natsConnection_IsClosed(nats->connection))
            (void)natsConnection_FlushTimeout(nats->connection, BUS_NATS_FLUSH_MS);
        natsConnection_Destroy(nats->connection);
        nats->connection = NULL;
    }
    bus_nats_release(nats);
    nats_ReleaseThreadMemory();
}

static natsStatus bus_nats_publish_headers(struct bus_nats *nats, const char *subject,
                                           const char *reply, const struct bus_header *headers,
                                           struct bytes body)
{
    natsMsg *message = NULL;
    natsStatus status =
        natsMsg_Create(&message, subject, reply, (const char *)body.data, (int)body.len);
    for (; status == NATS_OK && headers->name != NULL; headers++)
        status = natsMsgHeader_Add(message, headers->name, headers->value);
    if (status == NATS_OK)
        status = natsConnection_PublishMsg(nats->connection, message);
    natsMsg_Destroy(message);
    return status;
}

enum status bus_nats_publish(struct bus_nats *nats, const char *subject, const char *reply,
                             const struct bus_header *headers, struct bytes body, struct error *err)
{
    if (nats->connection == NULL)
        return ERROR(err, STATUS_UNAVAILABLE, "not connected");
    if (body.len > nats->payload_bytes_max)
        return ERROR(err, STATUS_LIMIT, "%zu bytes are more than the server's max_payload of %zu",
                     body.len, nats->payload_bytes_max);
    natsStatus status;
    if (headers != NULL && headers->name != NULL)
        status = bus_nats_publish_headers(nats, subject, reply, headers, body);
    else if (reply != NULL)
        status = natsConnection_PublishRequest(nats->connection, subject, reply, body.data,
                                               (int)body.len);
    else
        status = natsConnection_Publish(nats->connection, subject, body.data, (int)body.len);
    if (status == NATS_OK)
        return STATUS_OK;
    return ERROR(err, bus_nats_status(status), "%s", natsStatus_GetText(status));
}

static void bus_nats_subscription_release(struct bus_nats_subscription *subscription)
{
    if (atomic_fetch_sub(&subscription->holders, 1) != 1)
        return;
    bus_nats_release(subscription->nats);
    free(subscription);
}

/* A library thread: the last word about a subscription. */
static void bus_nats_complete(void *closure)
{
    bus_nats_subscription_release((struct bus_nats_subscription *)closure);
}

struct bus_nats_subscription *bus_nats_subscribe(struct bus_nats *nats, const char *subject,
                                                 const char *queue, uint64_t id)
{
    struct bus_nats_subscription *made = (struct bus_nats_subscription *)calloc(1, sizeof(*made));
    if (made == NULL || nats->connection == NULL) {
        free(made);
        return NULL;
    }
    made->nats = nats;
    made->id = id;
    atomic_init(&made->holders, 2);
    natsStatus status = queue == NULL
                            ? natsConnection_Subscribe(&made->subscription, nats->connection,
                                                       subject, bus_nats_message, made)
                            : natsConnection_QueueSubscribe(&made->subscription, nats->connection,
                                                            subject, queue, bus_nats_message, made);
    if (status != NATS_OK) {
        free(made);
        return NULL;
    }
    atomic_fetch_add(&nats->holders, 1);
    /* Without these limits the library would drop messages while the loop is behind; what is
     * outstanding is bounded by flow control and by the size of pulls. */
    (void)natsSubscription_SetPendingLimits(made->subscription, -1, -1);
    status = natsSubscription_SetOnCompleteCB(made->subscription, bus_nats_complete, made);
    if (status != NATS_OK) {
        /* The connection closed in this instant. The library may still be in our callback, so the
         * few bytes are left to it for good. */
        natsSubscription_Destroy(made->subscription);
        return NULL;
    }
    return made;
}

void bus_nats_unsubscribe(struct bus_nats_subscription *subscription)
{
    natsSubscription_Destroy(subscription->subscription);
    bus_nats_subscription_release(subscription);
}

const char *bus_nats_url(const struct bus_nats *nats)
{
    return nats->url;
}

size_t bus_nats_payload_bytes_max(const struct bus_nats *nats)
{
    return nats->payload_bytes_max;
}

const char *bus_nats_message_header(void *message, const char *name)
{
    const char *value = NULL;
    return natsMsgHeader_Get((natsMsg *)message, name, &value) == NATS_OK ? value : NULL;
}

void bus_nats_message_read(void *message, struct bus_message *ret_message)
{
    const natsMsg *msg = (const natsMsg *)message;
    ret_message->subject = natsMsg_GetSubject(msg);
    ret_message->reply = natsMsg_GetReply(msg);
    if (ret_message->reply != NULL && *ret_message->reply == '\0')
        ret_message->reply = NULL;
    ret_message->body = bytes_of(natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg));
}

void bus_nats_message_free(void *message)
{
    natsMsg_Destroy((natsMsg *)message);
}
