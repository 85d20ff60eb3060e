#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api.h"
#include "job.h"
#include "out.h"

/* What `format` makes of a JSON text; the caller frees it. */
static char *printed(const char *json, enum out_format format, const char *list)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    json_t *value = json_loads(json, 0, NULL);
    assert_non_null(value);
    out_value(file, format, value, list, "id");
    fclose(file);
    json_decref(value);
    return text;
}

static void assert_printed(const char *json, enum out_format format, const char *list,
                           const char *expected)
{
    char *text = printed(json, format, list);
    assert_string_equal(text, expected);
    free(text);
}

static void names_and_lines_go_through_the_list(void **state)
{
    (void)state;
    const char *jobs = "{\"jobs\":[{\"id\":\"a\"},{\"id\":\"b\",\"x\":1}]}";
    assert_printed(jobs, OUT_NAME, "jobs", "a\nb\n");
    assert_printed(jobs, OUT_JSONL, "jobs", "{\"id\":\"a\"}\n{\"id\":\"b\",\"x\":1}\n");
    assert_printed("{\"id\":\"a\"}", OUT_NAME, NULL, "a\n");
    assert_printed("{\"id\":\"a\"}", OUT_JSONL, NULL, "{\"id\":\"a\"}\n");
    assert_printed("{\"jobs\":[]}", OUT_NAME, "jobs", "");
}

static void yaml_is_block_style_with_texts_quoted_where_needed(void **state)
{
    (void)state;
    assert_printed("{\"id\":\"a\",\"nn\":null,\"t\":\"yes\",\"s\":\"a: b\\n\",\"l\":[1,\"x\",[],"
                   "{\"k\":\"v\",\"m\":{\"z\":true}},[2,3]],\"e\":{}}",
                   OUT_YAML, NULL,
                   "id: a\nnn: null\nt: \"yes\"\ns: \"a: b\\n\"\nl:\n  - 1\n  - x\n  - []\n"
                   "  - k: v\n    m:\n      z: true\n  - - 2\n    - 3\ne: {}\n");
}

static void formats_are_read_by_name(void **state)
{
    (void)state;
    enum out_format format = OUT_TABLE;
    assert_true(out_format_parse("jsonl", &format));
    assert_int_equal(format, OUT_JSONL);
    assert_false(out_format_parse("JSON", &format));
    assert_int_equal(format, OUT_JSONL);
}

static void spans_are_short(void **state)
{
    (void)state;
    assert_string_equal(out_span(-1).text, "-");
    assert_string_equal(out_span(0).text, "0ms");
    assert_string_equal(out_span(999).text, "999ms");
    assert_string_equal(out_span(1250).text, "1.2s");
    assert_string_equal(out_span(61000).text, "1m01s");
    assert_string_equal(out_span(7260000).text, "2h01m");
    assert_string_equal(out_span(100000000).text, "1d03h");
}

static void a_table_aligns_and_disarms_its_cells(void **state)
{
    (void)state;
    static const char *const titles[] = {"A", "STATE"};
    struct table table;
    char *text = NULL;
    size_t size;
    table_init(&table, titles, 2);
    table_cell(&table, "caf\xc3\xa9");
    table_cell(&table, "failed");
    table_cell(&table, NULL);
    table_cell(&table, "\x1b[2J");
    table_cell_number(&table, 7);
    FILE *file = open_memstream(&text, &size);
    table_print(&table, file, /* colour= */ false);
    fclose(file);
    assert_string_equal(text, "A     STATE\ncaf\xc3\xa9  failed\n-      [2J\n");
    free(text);
    file = open_memstream(&text, &size);
    table_print(&table, file, /* colour= */ true);
    fclose(file);
    assert_non_null(strstr(text, "\033[31mfailed\033[0m"));
    free(text);
    table_done(&table);
}

static void states_decide_the_exit_code(void **state)
{
    (void)state;
    assert_int_equal(job_exit_code("completed", false), EXIT_DONE);
    assert_int_equal(job_exit_code("completed", true), EXIT_JOB_FAILED);
    assert_int_equal(job_exit_code("failed", false), EXIT_JOB_FAILED);
    assert_int_equal(job_exit_code("cancelled", false), EXIT_JOB_CANCELLED);
    assert_true(job_ended("cancelled"));
    assert_false(job_ended("cancelling"));
    assert_false(job_ended(""));
}

static void error_codes_decide_the_exit_code(void **state)
{
    (void)state;
    assert_int_equal(api_exit_code("INVALID_SPEC"), EXIT_USAGE);
    assert_int_equal(api_exit_code("BAD_REQUEST"), EXIT_USAGE);
    assert_int_equal(api_exit_code("NOT_FOUND"), EXIT_NOT_FOUND);
    assert_int_equal(api_exit_code("CONFLICT"), EXIT_CONFLICT);
    assert_int_equal(api_exit_code("NOT_PERMITTED"), EXIT_DENIED);
    assert_int_equal(api_exit_code("UNAVAILABLE"), EXIT_UNAVAILABLE);
    assert_int_equal(api_exit_code("NO_TARGET"), EXIT_REFUSED);
    assert_int_equal(api_exit_code("QUEUE_FULL"), EXIT_REFUSED);
    assert_int_equal(api_exit_code("INTERNAL"), EXIT_ERROR);
    assert_int_equal(api_exit_code("SOMETHING_NEW"), EXIT_ERROR);
}

static void pages_of_a_job_are_put_together(void **state)
{
    (void)state;
    json_t *job =
        json_loads("{\"steps\":[{\"step\":0,\"nodes\":{\"a\":{\"state\":\"x\"}}}]}", 0, NULL);
    json_t *page = json_loads("{\"steps\":[{\"step\":0,\"nodes\":{\"b\":{\"state\":\"y\"}}},"
                              "{\"step\":1,\"nodes\":{\"a\":{\"state\":\"z\"}}}]}",
                              0, NULL);
    job_merge(job, page);
    char *text = json_dumps(job, JSON_COMPACT);
    assert_string_equal(text, "{\"steps\":[{\"step\":0,\"nodes\":{\"a\":{\"state\":\"x\"},"
                              "\"b\":{\"state\":\"y\"}}},"
                              "{\"step\":1,\"nodes\":{\"a\":{\"state\":\"z\"}}}]}");
    free(text);
    json_decref(job);
    json_decref(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_lines_go_through_the_list),
        cmocka_unit_test(yaml_is_block_style_with_texts_quoted_where_needed),
        cmocka_unit_test(formats_are_read_by_name),
        cmocka_unit_test(spans_are_short),
        cmocka_unit_test(a_table_aligns_and_disarms_its_cells),
        cmocka_unit_test(states_decide_the_exit_code),
        cmocka_unit_test(error_codes_decide_the_exit_code),
        cmocka_unit_test(pages_of_a_job_are_put_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
