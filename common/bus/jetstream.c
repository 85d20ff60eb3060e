#include "bus/jetstream.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"

static void jetstream_json_free(json_t *json)
{
    json_decref(json);
}
CLEANUP_FREE(json_t, jetstream_json_free)

void jetstream_subject(char subject[BUS_SUBJECT_MAX], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(subject, BUS_SUBJECT_MAX, format, args);
    va_end(args);
    if (len < 0 || len >= BUS_SUBJECT_MAX)
        subject[0] = '\0';
}

uint64_t jetstream_ask(struct bus *bus, const char *subject, json_t *take_body, bus_answer_fn done,
                       void *ctx)
{
    return jetstream_ask_decoded(bus, subject, take_body, jetstream_decode_api, done, ctx);
}

uint64_t jetstream_ask_decoded(struct bus *bus, const char *subject, json_t *take_body,
                               request_decode_fn decode, bus_answer_fn done, void *ctx)
{
    AUTO_PTR(jetstream_json_free) json_t *body = take_body;
    char full[BUS_SUBJECT_MAX + 16];
    if (subject[0] == '\0')
        return request_fail(bus, BUS_REFUSED, "the name is too long", done, ctx);
    (void)snprintf(full, sizeof(full), "$JS.API.%s", subject);
    AUTO_HEAP char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    CHECK(body == NULL || text != NULL);
    struct request_ask ask = {.subject = full,
                              .body = text == NULL ? (struct bytes){0} : bytes_of_text(text),
                              .decode = decode,
                              .done = done,
                              .ctx = ctx};
    return request_start(bus, &ask);
}

enum bus_outcome jetstream_outcome(const json_t *error, int *ret_code, const char **ret_text)
{
    int code = (int)json_integer_value(json_object_get(error, "err_code"));
    int status = (int)json_integer_value(json_object_get(error, "code"));
    const char *text = json_string_value(json_object_get(error, "description"));
    *ret_code = code != 0 ? code : status;
    *ret_text = text == NULL ? "" : text;
    switch (code) {
    case JETSTREAM_WRONG_MSG_ID:
    case JETSTREAM_WRONG_SEQ:
    case JETSTREAM_WRONG_SEQ_CONSTANT:
        return BUS_CONFLICT;
    case JETSTREAM_DELETE_FAILED:
        /* 2.9 says "stream store EOF" of a sequence not reached yet. */
        return strstr(*ret_text, "no message found") != NULL || strstr(*ret_text, "EOF") != NULL
                   ? BUS_NOT_FOUND
                   : BUS_REFUSED;
    default:
        return status == 404 ? BUS_NOT_FOUND : BUS_REFUSED;
    }
}

static bool jetstream_is_zero(const json_t *value)
{
    return value == NULL || json_is_null(value) || json_is_false(value) ||
           (json_is_integer(value) && json_integer_value(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

bool jetstream_echo_equal(const json_t *wanted, const json_t *echo, char *text, size_t size)
{
    const char *setting;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)wanted, setting, value)
    {
        const json_t *got = json_object_get(echo, setting);
        if (json_equal(value, got) || (jetstream_is_zero(value) && jetstream_is_zero(got)))
            continue;
        AUTO_HEAP char *value_text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        AUTO_HEAP char *got_text =
            got == NULL ? strdup("nothing") : json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);
        (void)snprintf(text, size, "%s: asked for %s, the server has %s", setting,
                       value_text == NULL ? "?" : value_text, got_text == NULL ? "?" : got_text);
        return false;
    }
    return true;
}

json_t *jetstream_json(const struct bus_answer *answer)
{
    if (answer->message == NULL)
        return NULL;
    struct bytes body = answer->message->body;
    return json_loadb((const char *)body.data, body.len, 0, NULL);
}

static void jetstream_give(bus_answer_fn done, void *ctx, const struct bus_answer *answer)
{
    if (done != NULL)
        done(ctx, answer);
}

/* @return whether the reply is an error or no JSON object, and then `answer` says so. */
static bool jetstream_failed(const json_t *reply, struct bus_answer *answer)
{
    if (!json_is_object(reply)) {
        *answer = (struct bus_answer){.outcome = BUS_REFUSED, .text = "the reply is not JSON"};
        return true;
    }
    const json_t *error = json_object_get(reply, "error");
    if (error == NULL)
        return false;
    *answer = (struct bus_answer){0};
    answer->outcome = jetstream_outcome(error, &answer->err_code, &answer->text);
    return true;
}

void jetstream_decode_api(const struct bus_answer *raw, bus_answer_fn done, void *ctx)
{
    AUTO_PTR(jetstream_json_free) json_t *reply = jetstream_json(raw);
    struct bus_answer answer = *raw;
    (void)jetstream_failed(reply, &answer);
    jetstream_give(done, ctx, &answer);
}

void jetstream_decode_puback(const struct bus_answer *raw, bus_answer_fn done, void *ctx)
{
    AUTO_PTR(jetstream_json_free) json_t *reply = jetstream_json(raw);
    struct bus_answer answer = {.outcome = BUS_OK, .text = ""};
    if (!jetstream_failed(reply, &answer)) {
        const json_t *seq = json_object_get(reply, "seq");
        if (json_object_get(reply, "stream") == NULL || !json_is_integer(seq))
            answer = (struct bus_answer){.outcome = BUS_REFUSED, .text = "not a stream's answer"};
        answer.seq = (uint64_t)json_integer_value(seq);
        answer.duplicate = json_is_true(json_object_get(reply, "duplicate"));
    }
    jetstream_give(done, ctx, &answer);
}

/* Decode base 64. @return heap memory, one byte longer than *ret_len for a NUL; NULL when it is
 * malformed. */
static char *jetstream_base64(const json_t *value, size_t *ret_len)
{
    size_t text_len = json_string_length(value);
    size_t room = text_len / 4 * 3 + 4;
    char *bytes = (char *)malloc(room);
    CHECK(bytes != NULL);
    if (text_len == 0) {
        *ret_len = 0;
    } else if (sodium_base642bin((unsigned char *)bytes, room - 1, json_string_value(value),
                                 text_len, NULL, ret_len, NULL,
                                 sodium_base64_VARIANT_ORIGINAL) != 0) {
        free(bytes);
        return NULL;
    }
    bytes[*ret_len] = '\0';
    return bytes;
}

/* "NATS/1.0\r\nName: value\r\n...\r\n\r\n" to rows ended by NUL. */
static void jetstream_split_headers(char *block, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (block[i] == '\r' || block[i] == '\n')
            block[i] = '\0';
}

int64_t jetstream_time_ms(const char *text)
{
    struct tm parts = {0};
    const char *rest = text == NULL ? NULL : strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == NULL)
        return 0;
    int64_t ms = (int64_t)timegm(&parts) * 1000;
    if (*rest == '.') {
        int64_t unit = 100;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
            ms += (*rest - '0') * unit;
    }
    return ms;
}

void jetstream_decode_fetched(const struct bus_answer *raw, bus_answer_fn done, void *ctx)
{
    AUTO_PTR(jetstream_json_free) json_t *reply = jetstream_json(raw);
    struct bus_answer answer = *raw;
    if (jetstream_failed(reply, &answer)) {
        jetstream_give(done, ctx, &answer);
        return;
    }
    const json_t *stored = json_object_get(reply, "message");
    size_t body_len = 0;
    size_t block_len = 0;
    AUTO_HEAP char *body = jetstream_base64(json_object_get(stored, "data"), &body_len);
    AUTO_HEAP char *block = jetstream_base64(json_object_get(stored, "hdrs"), &block_len);
    const char *subject = json_string_value(json_object_get(stored, "subject"));
    if (body == NULL || block == NULL || subject == NULL) {
        answer = (struct bus_answer){.outcome = BUS_REFUSED, .text = "malformed stored message"};
        jetstream_give(done, ctx, &answer);
        return;
    }
    jetstream_split_headers(block, block_len);
    struct message_headers headers = {.block = block, .block_len = block_len};
    struct bus_message message = {
        .subject = subject,
        .body = bytes_of(body, body_len),
        .headers = &headers,
        .stream_seq = (uint64_t)json_integer_value(json_object_get(stored, "seq")),
        .stored_at_ms = jetstream_time_ms(json_string_value(json_object_get(stored, "time"))),
    };
    answer = (struct bus_answer){
        .outcome = BUS_OK, .text = "", .seq = message.stream_seq, .message = &message};
    jetstream_give(done, ctx, &answer);
}
