#include "spec_cases.h"

#include "spec/mapper.h"

static void unref(json_t **value)
{
    json_decref(*value);
}

/* The whole document as JSON text, or its problems. */
static void json_equals(const char *text, const char *wanted)
{
    AUTO(arena_done) struct arena arena = {0};
    struct problems problems = {0};
    const struct doc_node *root = NULL;
    const char *json = NULL;
    struct path path = {0};
    assert_int_equal(doc_parse(bytes_of_text(text), &arena, &root, &problems), STATUS_OK);
    assert_int_equal(mapper_json_text(root, &path, &arena, &json, &problems), STATUS_OK);
    assert_int_equal(path.len, 0);
    if (json != NULL) {
        assert_string_equal(json, wanted);
    } else {
        case_problems_equal(&problems, wanted);
    }
}

static void values_are_typed_and_keys_sorted(void **state)
{
    (void)state;
    json_equals("b: [1, 0x10, -2.5, yes, 'true', ~, FALSE, '']\na: {d: {}, c: []}\n",
                "{\"a\":{\"c\":[],\"d\":{}},\"b\":[1,16,-2.5,\"yes\",\"true\",null,false,\"\"]}");
    json_equals("just text", "\"just text\"");
    json_equals("\"caf\xc3\xa9 \\u263a\"", "\"caf\xc3\xa9 \xe2\x98\xba\"");
}

static void numbers_json_does_not_have_are_refused(void **state)
{
    (void)state;
    json_equals(
        "a: [.inf, 1e999]\nb: -9223372036854775809\n",
        "f:1:5: a[0]: the number \".inf\" is out of range; text goes in quotes\n"
        "f:1:11: a[1]: the number \"1e999\" is out of range; text goes in quotes\n"
        "f:2:4: b: the number \"-9223372036854775809\" is out of range; text goes in quotes");
}

static void a_message_is_written_as_users_would(void **state)
{
    (void)state;
    AUTO_PTR(spec_free)
    struct spec *spec = case_spec(
        "name: n\ntarget: {scope: node, value: a}\nstrategy: fail_fast\ntimeout: 90s\ntasks:\n"
        "- {backend: b, action: c, params: {x: 1}, max_retries: 2, idempotent: false}\n"
        "- sync: all\n  condition: on_success\n  tasks: [" CASE_PING "]\n");
    AUTO(unref) json_t *json = mapper_write(&spec->message->base);
    AUTO_HEAP char *text = json_dumps(json, JSON_COMPACT);
    assert_string_equal(
        text,
        "{\"name\":\"n\",\"target\":{\"scope\":\"node\",\"value\":[\"a\"]},\"strategy\":\"fail-"
        "fast\","
        "\"timeout\":\"1m30s\",\"tasks\":[{\"backend\":\"b\",\"action\":\"c\",\"params\":{\"x\":1},"
        "\"timeout\":\"5m\",\"retry\":{\"max\":2,\"initial\":\"1s\",\"factor\":2.0,\"cap\":\"30s\"}"
        ","
        "\"idempotent\":false,\"sync\":\"all\"},{\"condition\":\"on_success\",\"sync\":\"all\","
        "\"tasks\":["
        "{\"backend\":\"ping\",\"action\":\"hostname\",\"timeout\":\"5m\",\"idempotent\":true,"
        "\"sync\":"
        "\"none\"}]}]"
        "}");
}

static void what_is_written_reads_as_the_same_message(void **state)
{
    (void)state;
    AUTO_PTR(spec_free)
    struct spec *first =
        case_spec("target: {scope: all}\ntasks:\n"
                  "- {backend: exec, action: run, params: {command: [a]}, retry: "
                  "{max: 0, jitter: 0.25, on: [EXIT, 75]}, serial: [1, 25%], "
                  "max_fail: 0}\n"
                  "- {serial: 3, max_fail: 10%, tasks: [" CASE_PING "]}\n"
                  "- {run_once: true, sync: all, tasks: [{tasks: [" CASE_PING "]}]}\n");
    AUTO(unref) json_t *json = mapper_write(&first->message->base);
    AUTO_HEAP char *text = json_dumps(json, 0);
    AUTO_PTR(spec_free) struct spec *second = case_spec(text);
    uint8_t a[1000];
    uint8_t b[1000];
    size_t len = baton__v1__spec__pack(first->message, a);
    assert_int_equal(baton__v1__spec__pack(second->message, b), len);
    assert_memory_equal(a, b, len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_typed_and_keys_sorted),
        cmocka_unit_test(numbers_json_does_not_have_are_refused),
        cmocka_unit_test(a_message_is_written_as_users_would),
        cmocka_unit_test(what_is_written_reads_as_the_same_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
