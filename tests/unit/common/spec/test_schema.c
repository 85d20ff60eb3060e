#include "spec_cases.h"

#include <stdlib.h>

#include <jansson.h>

#include "spec/schema.h"

#define SCHEMA_FILE SPECS_DIR "/job.schema.json"

static void the_schema_in_the_repository_is_the_one_printed(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer printed = {0};
    AUTO(buffer_done) struct buffer stored = {0};
    assert_int_equal(schema_print(&printed), STATUS_OK);
    if (getenv("BATON_REFRESH") != NULL) {
        AUTO(case_close) FILE *file = fopen(SCHEMA_FILE, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(printed.data, 1, printed.len, file), printed.len);
    } else {
        case_read(SCHEMA_FILE, &stored);
        assert_string_equal(buffer_text(&stored), buffer_text(&printed));
    }
}

static void the_schema_is_json_and_closed(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer printed = {0};
    assert_int_equal(schema_print(&printed), STATUS_OK);
    json_t *schema = json_loadb(printed.data, printed.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(schema);
    assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
    json_t *definitions = json_object_get(schema, "$defs");
    static const char *const NAMES[] = {"target", "task", "retry"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        assert_true(json_is_false(
            json_object_get(json_object_get(definitions, NAMES[i]), "additionalProperties")));
    }
    json_decref(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_schema_in_the_repository_is_the_one_printed),
        cmocka_unit_test(the_schema_is_json_and_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
