/* Streams: make or compare, store, fetch, delete. */
#include <stdio.h>
#include <stdlib.h>

#include "bus/jetstream.h"

enum { STREAM_HEADERS_MAX = 32, STREAM_TEXT_MAX = 512 };

/* --- ensuring --- */

struct stream_ensure {
    struct bus_part part;
    struct bus *bus;
    json_t *wanted;
    char name[BUS_SUBJECT_MAX];
    bus_answer_fn done;
    void *ctx;
};

static void stream_ensure_free(struct stream_ensure *ensure)
{
    session_remove_part(ensure->bus, &ensure->part);
    json_decref(ensure->wanted);
    free(ensure);
}

static void stream_ensure_stop(struct bus_part *part)
{
    stream_ensure_free((struct stream_ensure *)part);
}

/* Release first: the callback may close the session, which stops every part. */
static void stream_ensure_finish(struct stream_ensure *ensure, const struct bus_answer *answer)
{
    bus_answer_fn done = ensure->done;
    void *ctx = ensure->ctx;
    stream_ensure_free(ensure);
    if (done != NULL)
        done(ctx, answer);
}

static void stream_ensure_compare(struct stream_ensure *ensure, const struct bus_answer *answer)
{
    char text[STREAM_TEXT_MAX];
    struct bus_answer verdict = *answer;
    json_t *reply = jetstream_json(answer);
    if (!jetstream_echo_equal(ensure->wanted, json_object_get(reply, "config"), text,
                              sizeof(text))) {
        verdict.outcome = BUS_MISMATCH;
        verdict.text = text;
    }
    json_decref(reply);
    stream_ensure_finish(ensure, &verdict);
}

static void stream_ensure_read(void *ctx, const struct bus_answer *answer)
{
    struct stream_ensure *ensure = (struct stream_ensure *)ctx;
    if (answer->outcome == BUS_OK)
        stream_ensure_compare(ensure, answer);
    else
        stream_ensure_finish(ensure, answer);
}

static void stream_ensure_created(void *ctx, const struct bus_answer *answer)
{
    struct stream_ensure *ensure = (struct stream_ensure *)ctx;
    if (answer->outcome == BUS_OK) {
        stream_ensure_compare(ensure, answer);
    } else if (answer->err_code == JETSTREAM_STREAM_IN_USE) {
        char subject[BUS_SUBJECT_MAX];
        jetstream_subject(subject, "STREAM.INFO.%s", ensure->name);
        (void)jetstream_ask(ensure->bus, subject, NULL, stream_ensure_read, ensure);
    } else {
        stream_ensure_finish(ensure, answer);
    }
}

static json_t *stream_config(const struct bus_stream *stream)
{
    static const char *const retention[] = {
        [BUS_LIMITS] = "limits", [BUS_WORK_QUEUE] = "workqueue", [BUS_INTEREST] = "interest"};
    json_t *subjects = json_array();
    for (const char *const *subject = stream->subjects; *subject != NULL; subject++)
        (void)json_array_append_new(subjects, json_string(*subject));
    json_t *config = json_pack(
        "{s:s, s:o, s:s, s:s, s:s, s:i, s:i, s:I, s:I, s:I, s:i, s:b, s:b, s:b}", "name",
        stream->name, "subjects", subjects, "retention", retention[stream->retention], "storage",
        stream->memory ? "memory" : "file", "discard", stream->discard_new ? "new" : "old",
        "max_consumers", -1, "max_msgs", -1, "max_msgs_per_subject",
        stream->per_subject_max == 0 ? (json_int_t)-1 : (json_int_t)stream->per_subject_max,
        "max_bytes", stream->bytes_max == 0 ? (json_int_t)-1 : (json_int_t)stream->bytes_max,
        "max_age", (json_int_t)stream->age_max.ns, "num_replicas",
        stream->replicas == 0 ? 1 : (int)stream->replicas, "deny_delete", stream->kv,
        "allow_rollup_hdrs", stream->kv, "allow_direct", stream->kv);
    CHECK(config != NULL);
    if (stream->duplicate_window.ns != 0)
        (void)json_object_set_new(config, "duplicate_window",
                                  json_integer((json_int_t)stream->duplicate_window.ns));
    return config;
}

void bus_stream_ensure(struct bus *bus, const struct bus_stream *stream, bus_answer_fn done,
                       void *ctx)
{
    struct stream_ensure *ensure = (struct stream_ensure *)calloc(1, sizeof(*ensure));
    CHECK(ensure != NULL);
    ensure->bus = bus;
    ensure->wanted = stream_config(stream);
    ensure->done = done;
    ensure->ctx = ctx;
    (void)snprintf(ensure->name, sizeof(ensure->name), "%s", stream->name);
    session_add_part(bus, &ensure->part, stream_ensure_stop);
    char subject[BUS_SUBJECT_MAX];
    jetstream_subject(subject, "STREAM.CREATE.%s", stream->name);
    (void)jetstream_ask(bus, subject, json_incref(ensure->wanted), stream_ensure_created, ensure);
}

void bus_stream_info(struct bus *bus, const char *stream, bus_answer_fn done, void *ctx)
{
    char subject[BUS_SUBJECT_MAX];
    jetstream_subject(subject, "STREAM.INFO.%s", stream);
    (void)jetstream_ask(bus, subject, NULL, done, ctx);
}

/* --- messages --- */

void bus_store(struct bus *bus, const struct bus_store *store, bus_answer_fn done, void *ctx)
{
    struct bus_header headers[STREAM_HEADERS_MAX + 1];
    size_t count = 0;
    char expected[24];
    if (store->expect_set) {
        (void)snprintf(expected, sizeof(expected), "%llu", (unsigned long long)store->expect_seq);
        headers[count++] = (struct bus_header){"Nats-Expected-Last-Subject-Sequence", expected};
    }
    if (store->msg_id != NULL)
        headers[count++] = (struct bus_header){"Nats-Msg-Id", store->msg_id};
    for (const struct bus_header *one = store->headers; one != NULL && one->name != NULL; one++) {
        CHECK(count < STREAM_HEADERS_MAX);
        headers[count++] = *one;
    }
    headers[count] = (struct bus_header){0};
    struct request_ask ask = {.subject = store->subject,
                              .headers = headers,
                              .body = store->body,
                              .deadline = store->deadline,
                              .decode = jetstream_decode_puback,
                              .done = done,
                              .ctx = ctx};
    (void)request_start(bus, &ask);
}

void bus_fetch(struct bus *bus, const char *stream, uint64_t seq, const char *subject,
               bus_answer_fn done, void *ctx)
{
    char full[BUS_SUBJECT_MAX];
    jetstream_subject(full, "STREAM.MSG.GET.%s", stream);
    json_t *body = seq != 0 ? json_pack("{s:I}", "seq", (json_int_t)seq)
                            : json_pack("{s:s}", "last_by_subj", subject);
    CHECK(body != NULL);
    (void)jetstream_ask_decoded(bus, full, body, jetstream_decode_fetched, done, ctx);
}

void bus_delete(struct bus *bus, const char *stream, uint64_t seq, bus_answer_fn done, void *ctx)
{
    char subject[BUS_SUBJECT_MAX];
    jetstream_subject(subject, "STREAM.MSG.DELETE.%s", stream);
    json_t *body = json_pack("{s:I, s:b}", "seq", (json_int_t)seq, "no_erase", 1);
    CHECK(body != NULL);
    (void)jetstream_ask(bus, subject, body, done, ctx);
}
