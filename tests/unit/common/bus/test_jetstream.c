#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus/jetstream.h"

static void same(const char *wanted_text, const char *echo_text, const char *difference)
{
    char text[200] = "";
    json_t *wanted = json_loads(wanted_text, 0, NULL);
    json_t *echo = json_loads(echo_text, 0, NULL);
    assert_non_null(wanted);
    assert_int_equal(jetstream_echo_equal(wanted, echo, text, sizeof(text)), difference == NULL);
    if (difference != NULL)
        assert_string_equal(text, difference);
    json_decref(wanted);
    json_decref(echo);
}

static void an_echo_with_more_than_was_asked_for_is_equal(void **state)
{
    (void)state;
    same("{\"a\":1,\"b\":[\"x\"]}", "{\"a\":1,\"b\":[\"x\"],\"c\":2}", NULL);
    same("{}", "{}", NULL);
}

static void an_absent_setting_is_false_zero_or_empty(void **state)
{
    (void)state;
    same("{\"a\":0,\"b\":false,\"c\":\"\"}", "{}", NULL);
    same("{\"a\":0}", "{\"a\":3}", "a: asked for 0, the server has 3");
    same("{\"a\":true}", "{}", "a: asked for true, the server has nothing");
}

static void the_first_difference_is_named_with_both_values(void **state)
{
    (void)state;
    same("{\"a\":1,\"b\":[\"x\",\"y\"]}", "{\"a\":1,\"b\":[\"x\"]}",
         "b: asked for [\"x\",\"y\"], the server has [\"x\"]");
    same("{\"a\":\"file\"}", "null", "a: asked for \"file\", the server has nothing");
}

static void errors_become_outcomes_by_their_code(void **state)
{
    (void)state;
    static const struct {
        int status;
        int code;
        const char *text;
        enum bus_outcome outcome;
    } rows[] = {
        {400, 10071, "wrong last sequence: 1", BUS_CONFLICT},
        {400, 10164, "wrong last sequence", BUS_CONFLICT},
        {400, 10070, "wrong last msg ID: x", BUS_CONFLICT},
        {404, 10059, "stream not found", BUS_NOT_FOUND},
        {404, 10037, "no message found", BUS_NOT_FOUND},
        {500, 10057, "no message found", BUS_NOT_FOUND},
        {500, 10057, "input/output error", BUS_REFUSED},
        {503, 10077, "maximum bytes exceeded", BUS_REFUSED},
        {503, 0, "JetStream not enabled", BUS_REFUSED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *error = json_pack("{s:i, s:i, s:s}", "code", rows[i].status, "err_code",
                                  rows[i].code, "description", rows[i].text);
        int code = 0;
        const char *text = NULL;
        assert_int_equal(jetstream_outcome(error, &code, &text), rows[i].outcome);
        assert_int_equal(code, rows[i].code != 0 ? rows[i].code : rows[i].status);
        assert_string_equal(text, rows[i].text);
        json_decref(error);
    }
}

static void a_stored_time_becomes_unix_milliseconds(void **state)
{
    (void)state;
    assert_int_equal(jetstream_time_ms("1970-01-01T00:00:01.5Z"), 1500);
    assert_int_equal(jetstream_time_ms("2026-11-21T05:03:13.191999999Z"), 1795237393191);
    assert_int_equal(jetstream_time_ms("2026-11-21T05:03:13Z"), 1795237393000);
    assert_int_equal(jetstream_time_ms("yesterday"), 0);
    assert_int_equal(jetstream_time_ms(NULL), 0);
}

struct told {
    unsigned count;
    enum bus_outcome outcome;
    uint64_t seq;
    char body[32];
    char header[32];
};

static void told(void *ctx, const struct bus_answer *answer)
{
    struct told *told = (struct told *)ctx;
    told->count++;
    told->outcome = answer->outcome;
    told->seq = answer->seq;
    if (answer->message == NULL)
        return;
    const char *header = bus_header_get(answer->message, "Two");
    (void)snprintf(told->header, sizeof(told->header), "%s", header == NULL ? "" : header);
    (void)snprintf(told->body, sizeof(told->body), "%.*s", (int)answer->message->body.len,
                   (const char *)answer->message->body.data);
}

static struct told decode(request_decode_fn decoder, const char *text)
{
    struct told got = {0};
    struct bus_message message = {.subject = "_INBOX.x.1", .body = bytes_of_text(text)};
    struct bus_answer raw = {.outcome = BUS_OK, .text = "", .message = &message};
    decoder(&raw, told, &got);
    assert_int_equal(got.count, 1);
    return got;
}

static void a_fetched_message_is_decoded_with_its_headers(void **state)
{
    (void)state;
    /* "NATS/1.0\r\nOne: 1\r\nTwo:  second\r\n\r\n" and "body" */
    struct told got =
        decode(jetstream_decode_fetched,
               "{\"message\":{\"subject\":\"s\",\"seq\":7,\"time\":\"2026-01-01T00:00:00Z\","
               "\"hdrs\":\"TkFUUy8xLjANCk9uZTogMQ0KVHdvOiAgc2Vjb25kDQoNCg==\","
               "\"data\":\"Ym9keQ==\"}}");
    assert_int_equal(got.outcome, BUS_OK);
    assert_int_equal(got.seq, 7);
    assert_string_equal(got.body, "body");
    assert_string_equal(got.header, "second");
}

static void replies_of_garbage_are_refused(void **state)
{
    (void)state;
    static const char *const garbage[] = {
        "",
        "x",
        "[]",
        "7",
        "{}",
        "{\"message\":7}",
        "{\"message\":{\"subject\":\"s\",\"data\":\"?\"}}",
        "{\"message\":{\"subject\":\"s\",\"data\":7,\"hdrs\":\"A\"}}",
        "{\"seq\":\"1\",\"stream\":\"S\"}",
        "{\"error\":7}"};
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        assert_int_equal(decode(jetstream_decode_fetched, garbage[i]).outcome, BUS_REFUSED);
        assert_int_equal(decode(jetstream_decode_puback, garbage[i]).outcome, BUS_REFUSED);
    }
    assert_int_equal(decode(jetstream_decode_puback, "{\"stream\":\"S\",\"seq\":9}").seq, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_echo_with_more_than_was_asked_for_is_equal),
        cmocka_unit_test(an_absent_setting_is_false_zero_or_empty),
        cmocka_unit_test(the_first_difference_is_named_with_both_values),
        cmocka_unit_test(errors_become_outcomes_by_their_code),
        cmocka_unit_test(a_stored_time_becomes_unix_milliseconds),
        cmocka_unit_test(a_fetched_message_is_decoded_with_its_headers),
        cmocka_unit_test(replies_of_garbage_are_refused),
    };
    return cmocka_run_group_tests_name("bus: jetstream", tests, NULL, NULL);
}
