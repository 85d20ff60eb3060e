/* Key-value buckets: streams of a certain shape, as every NATS client sees them. */
#include <stdio.h>
#include <stdlib.h>

#include "bus/jetstream.h"

enum { KV_DUPLICATE_WINDOW_S = 120 };

static void kv_names(const char *bucket, const char *key, char stream[BUS_SUBJECT_MAX],
                     char subject[BUS_SUBJECT_MAX])
{
    jetstream_subject(stream, "KV_%s", bucket);
    jetstream_subject(subject, "$KV.%s.%s", bucket, key);
}

static bool kv_is_marker(const struct bus_message *message)
{
    const char *operation = bus_header_get(message, "KV-Operation");
    return operation != NULL && (strcmp(operation, "DEL") == 0 || strcmp(operation, "PURGE") == 0);
}

void bus_kv_ensure(struct bus *bus, const char *bucket, uint32_t replicas, uint64_t bytes_max,
                   bus_answer_fn done, void *ctx)
{
    char stream[BUS_SUBJECT_MAX];
    char subject[BUS_SUBJECT_MAX];
    kv_names(bucket, ">", stream, subject);
    const char *const subjects[] = {subject, NULL};
    struct bus_stream wanted = {
        .name = stream,
        .subjects = subjects,
        .bytes_max = bytes_max,
        .per_subject_max = 1,
        .duplicate_window = DURATION_MS(KV_DUPLICATE_WINDOW_S * 1000),
        .replicas = replicas,
        .discard_new = true,
        .kv = true,
    };
    bus_stream_ensure(bus, &wanted, done, ctx);
}

/* --- reading --- */

struct kv_give {
    bus_answer_fn done;
    void *ctx;
};

static void kv_give_value(void *ctx, const struct bus_answer *answer)
{
    const struct kv_give *give = (const struct kv_give *)ctx;
    struct bus_answer value = *answer;
    if (answer->outcome == BUS_OK && kv_is_marker(answer->message)) {
        value = (struct bus_answer){
            .outcome = BUS_NOT_FOUND, .text = "the key was deleted", .seq = answer->seq};
    }
    if (give->done != NULL)
        give->done(give->ctx, &value);
}

static void kv_decode_value(const struct bus_answer *raw, bus_answer_fn done, void *ctx)
{
    struct kv_give give = {done, ctx};
    jetstream_decode_fetched(raw, kv_give_value, &give);
}

void bus_kv_get(struct bus *bus, const char *bucket, const char *key, bus_answer_fn done, void *ctx)
{
    char full[BUS_SUBJECT_MAX];
    char stream[BUS_SUBJECT_MAX];
    char subject[BUS_SUBJECT_MAX];
    kv_names(bucket, key, stream, subject);
    jetstream_subject(full, "STREAM.MSG.GET.%s", stream);
    json_t *body = json_pack("{s:s}", "last_by_subj", subject);
    CHECK(body != NULL);
    (void)jetstream_ask_decoded(bus, full, body, kv_decode_value, done, ctx);
}

/* --- writing --- */

void bus_kv_put(struct bus *bus, const char *bucket, const char *key, struct bytes value,
                bus_answer_fn done, void *ctx)
{
    char stream[BUS_SUBJECT_MAX];
    char subject[BUS_SUBJECT_MAX];
    kv_names(bucket, key, stream, subject);
    struct bus_store store = {.subject = subject, .body = value};
    bus_store(bus, &store, done, ctx);
}

void bus_kv_delete(struct bus *bus, const char *bucket, const char *key, bus_answer_fn done,
                   void *ctx)
{
    static const struct bus_header marker[] = {{"KV-Operation", "DEL"}, {0}};
    char stream[BUS_SUBJECT_MAX];
    char subject[BUS_SUBJECT_MAX];
    kv_names(bucket, key, stream, subject);
    struct bus_store store = {.subject = subject, .headers = marker};
    bus_store(bus, &store, done, ctx);
}

/* A creation that may find the marker of a deleted key: then the marker's revision is the one to
 * expect, so that of several creators still only one wins. */
struct kv_create {
    struct bus_part part;
    struct bus *bus;
    char stream[BUS_SUBJECT_MAX];
    char subject[BUS_SUBJECT_MAX];
    uint8_t *value;
    size_t value_len;
    bus_answer_fn done;
    void *ctx;
};

static void kv_create_free(struct kv_create *create)
{
    session_remove_part(create->bus, &create->part);
    free(create->value);
    free(create);
}

static void kv_create_stop(struct bus_part *part)
{
    kv_create_free((struct kv_create *)part);
}

static void kv_create_finish(void *ctx, const struct bus_answer *answer)
{
    struct kv_create *create = (struct kv_create *)ctx;
    bus_answer_fn done = create->done;
    void *done_ctx = create->ctx;
    kv_create_free(create);
    if (done != NULL)
        done(done_ctx, answer);
}

static void kv_create_read(void *ctx, const struct bus_answer *answer)
{
    struct kv_create *create = (struct kv_create *)ctx;
    if (answer->outcome == BUS_OK && kv_is_marker(answer->message)) {
        struct bus_store store = {.subject = create->subject,
                                  .body = bytes_of(create->value, create->value_len),
                                  .expect_set = true,
                                  .expect_seq = answer->seq};
        bus_store(create->bus, &store, kv_create_finish, create);
        return;
    }
    struct bus_answer verdict = *answer;
    if (answer->outcome == BUS_OK || answer->outcome == BUS_NOT_FOUND)
        verdict =
            (struct bus_answer){.outcome = BUS_CONFLICT, .text = bus_outcome_text(BUS_CONFLICT)};
    kv_create_finish(create, &verdict);
}

static void kv_create_stored(void *ctx, const struct bus_answer *answer)
{
    struct kv_create *create = (struct kv_create *)ctx;
    if (answer->outcome == BUS_CONFLICT)
        bus_fetch(create->bus, create->stream, 0, create->subject, kv_create_read, create);
    else
        kv_create_finish(create, answer);
}

static void kv_create_begin(struct bus *bus, const char *bucket, const char *key,
                            struct bytes value, bus_answer_fn done, void *ctx)
{
    struct kv_create *create = (struct kv_create *)calloc(1, sizeof(*create));
    CHECK(create != NULL);
    create->bus = bus;
    create->done = done;
    create->ctx = ctx;
    create->value_len = value.len;
    create->value = (uint8_t *)malloc(value.len + 1);
    CHECK(create->value != NULL);
    if (value.len > 0)
        memcpy(create->value, value.data, value.len);
    kv_names(bucket, key, create->stream, create->subject);
    session_add_part(bus, &create->part, kv_create_stop);
    struct bus_store store = {.subject = create->subject, .body = value, .expect_set = true};
    bus_store(bus, &store, kv_create_stored, create);
}

void bus_kv_update(struct bus *bus, const char *bucket, const char *key, struct bytes value,
                   uint64_t revision, bus_answer_fn done, void *ctx)
{
    if (revision == 0) {
        kv_create_begin(bus, bucket, key, value, done, ctx);
        return;
    }
    char stream[BUS_SUBJECT_MAX];
    char subject[BUS_SUBJECT_MAX];
    kv_names(bucket, key, stream, subject);
    struct bus_store store = {
        .subject = subject, .body = value, .expect_set = true, .expect_seq = revision};
    bus_store(bus, &store, done, ctx);
}

/* --- watching --- */

struct bus_kv_watch {
    struct bus_part part;
    struct bus *bus;
    struct bus_follow *follow;
    size_t prefix_len; /* "$KV.<bucket>." */
    bus_kv_fn each;
    bus_caught_up_fn caught_up;
    void *ctx;
};

static void kv_watch_each(void *ctx, const struct bus_message *message)
{
    struct bus_kv_watch *watch = (struct bus_kv_watch *)ctx;
    if (strlen(message->subject) <= watch->prefix_len)
        return;
    const char *key = message->subject + watch->prefix_len;
    if (kv_is_marker(message))
        watch->each(watch->ctx, KV_DELETED, key, (struct bytes){0}, message->stream_seq);
    else
        watch->each(watch->ctx, KV_PUT, key, message->body, message->stream_seq);
}

static void kv_watch_caught_up(void *ctx)
{
    struct bus_kv_watch *watch = (struct bus_kv_watch *)ctx;
    if (watch->caught_up != NULL)
        watch->caught_up(watch->ctx);
}

static void kv_watch_stop_part(struct bus_part *part)
{
    bus_kv_watch_stop((struct bus_kv_watch *)part);
}

struct bus_kv_watch *bus_kv_watch(struct bus *bus, const char *bucket, const char *key,
                                  bus_kv_fn each, bus_caught_up_fn caught_up, void *ctx)
{
    struct bus_kv_watch *watch = (struct bus_kv_watch *)calloc(1, sizeof(*watch));
    CHECK(watch != NULL);
    char stream[BUS_SUBJECT_MAX];
    char subject[BUS_SUBJECT_MAX];
    kv_names(bucket, strcmp(key, "*") == 0 ? ">" : key, stream, subject);
    watch->bus = bus;
    watch->prefix_len = strlen("$KV..") + strlen(bucket);
    watch->each = each;
    watch->caught_up = caught_up;
    watch->ctx = ctx;
    session_add_part(bus, &watch->part, kv_watch_stop_part);
    struct bus_follow_options options = {
        .stream = stream, .subject = subject, .last_per_subject = true};
    watch->follow = bus_follow(bus, &options, kv_watch_each, kv_watch_caught_up, watch);
    return watch;
}

void bus_kv_watch_stop(struct bus_kv_watch *watch)
{
    if (watch == NULL)
        return;
    session_remove_part(watch->bus, &watch->part);
    bus_follow_stop(watch->follow);
    session_bury(watch->bus, watch);
}
