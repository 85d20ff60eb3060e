/* jetstream.h - the JetStream API as JSON over requests, for the sources of common/bus/. Shell. */
#ifndef BATON_BUS_JETSTREAM_H
#define BATON_BUS_JETSTREAM_H

#include <jansson.h>

#include "bus/session.h"

/* JetStream error codes we act on. */
enum {
    JETSTREAM_WRONG_MSG_ID = 10070,
    JETSTREAM_WRONG_SEQ = 10071,
    JETSTREAM_WRONG_SEQ_CONSTANT = 10164,
    JETSTREAM_DELETE_FAILED = 10057,
    JETSTREAM_STREAM_IN_USE = 10058,
};

/**
 * Ask the JetStream API.
 *
 * @param subject   [in] behind "$JS.API."; too long a one is answered BUS_REFUSED.
 * @param take_body [in] JSON, or NULL for an empty body; released.
 * @param done      [in] the answer's message is the JSON reply; its error is the outcome.
 * @return the request's number.
 */
uint64_t jetstream_ask(struct bus *bus, const char *subject, json_t *take_body, bus_answer_fn done,
                       void *ctx);

/** The same with a decoder of the caller's choice. */
uint64_t jetstream_ask_decoded(struct bus *bus, const char *subject, json_t *take_body,
                               request_decode_fn decode, bus_answer_fn done, void *ctx);

/** Write a subject such as "STREAM.INFO.name"; the format has only %s. */
void jetstream_subject(char subject[BUS_SUBJECT_MAX], const char *format, ...) ATTR_PRINTF(2, 3);

/** @return the outcome an `error` object of a reply stands for; `code` and `text` borrowed. */
enum bus_outcome jetstream_outcome(const json_t *error, int *ret_code, const char **ret_text);

/** Compare each setting asked for with the server's echo. An absent setting equals false, 0 and "".
 * @return whether all are equal; if not, `text` names the first that is not. */
bool jetstream_echo_equal(const json_t *wanted, const json_t *echo, char *text, size_t size);

/** @return the JSON of an answer's message, or NULL; the caller's. */
json_t *jetstream_json(const struct bus_answer *answer);

/* Decoders for request_start(). */
void jetstream_decode_api(const struct bus_answer *raw, bus_answer_fn done, void *ctx);
void jetstream_decode_puback(const struct bus_answer *raw, bus_answer_fn done, void *ctx);
void jetstream_decode_fetched(const struct bus_answer *raw, bus_answer_fn done, void *ctx);

/** @return Unix ms of an RFC 3339 time, 0 when it is none. */
int64_t jetstream_time_ms(const char *text);

#endif
