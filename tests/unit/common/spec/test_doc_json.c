#include "spec_cases.h"

#include "spec/doc.h"

/* The text of the only item of a list. */
static void item_equals(const char *json, const char *wanted)
{
    AUTO(arena_done) struct arena arena = {0};
    struct problems problems = {0};
    const struct doc_node *root = NULL;
    assert_int_equal(doc_parse(bytes_of_text(json), &arena, &root, &problems), STATUS_OK);
    assert_int_equal(root->count, 1);
    assert_string_equal((const char *)root->first->text.data, wanted);
}

/* `wanted` begins the message; jansson's own words may change. */
static void refused(const char *json, const char *wanted)
{
    AUTO(arena_done) struct arena arena = {0};
    struct problems problems = {0};
    const struct doc_node *root = NULL;
    assert_int_equal(doc_parse(bytes_of_text(json), &arena, &root, &problems), STATUS_MALFORMED);
    AUTO(buffer_done) struct buffer out = {0};
    assert_int_equal(problems_print(&problems, "f", &out), STATUS_OK);
    if (strncmp(buffer_text(&out), wanted, strlen(wanted)) != 0) {
        fail_msg("%s", buffer_text(&out));
    }
}

static void escapes_are_undone(void **state)
{
    (void)state;
    item_equals("[\"a\\n\\t\\\"\\\\\\/\\b\\f\\r\"]", "a\n\t\"\\/\b\f\r");
    item_equals("[\"\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\"]",
                "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    item_equals("[\"{[,:]}\"]", "{[,:]}");
    item_equals("[\"\xe2\x80\xa8 \x7f \"]", "\xe2\x80\xa8 \x7f ");
}

static void words_and_numbers_stay_as_they_are_written(void **state)
{
    (void)state;
    item_equals("\t[\r\n -1.5e+3 ]", "-1.5e+3");
    item_equals("[true]", "true");
    item_equals("[null]", "null");
}

static void what_is_not_json_is_refused_even_if_it_is_yaml(void **state)
{
    (void)state;
    refused("{a: 1}", "f:1:2: not JSON: ");
    refused("{\"a\": 1,}", "f:1:9: not JSON: ");
    refused("[1] # comment", "f:1:5: not JSON: ");
    refused("[\n 'a']", "f:2:2: not JSON: ");
    refused("[01]", "f:1:2: not JSON: ");
    refused("[\"\\u0000\"]", "f:1:9: not JSON: ");
    refused("[\"\\ud83d\"]", "f:1:9: not JSON: ");
    refused("[", "f:1:1: not JSON: ");
    refused("[99999999999999999999]", "f:1:21: not JSON: ");
}

static void a_thousand_brackets_do_not_hurt(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    AUTO_HEAP char *text = malloc(DOC_BYTES_MAX);
    assert_non_null(text);
    memset(text, '[', DOC_BYTES_MAX);
    struct problems problems = {0};
    const struct doc_node *root = NULL;
    assert_int_equal(doc_parse(bytes_of(text, DOC_BYTES_MAX), &arena, &root, &problems),
                     STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(words_and_numbers_stay_as_they_are_written),
        cmocka_unit_test(what_is_not_json_is_refused_even_if_it_is_yaml),
        cmocka_unit_test(a_thousand_brackets_do_not_hurt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
