#include "spec_cases.h"

#include <stdlib.h>

#include "spec/schema.h"

#define REFERENCE_FILE SPECS_DIR "/job-spec.md"
#define BEGIN "<!-- tables: begin -->\n"
#define END "\n<!-- tables: end -->\n"

static void the_tables_in_the_reference_are_the_ones_printed(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer text = {0};
    AUTO(buffer_done) struct buffer tables = {0};
    case_read(REFERENCE_FILE, &text);
    assert_int_equal(schema_print_tables(&tables), STATUS_OK);
    char *begin = strstr(buffer_text(&text), BEGIN);
    assert_non_null(begin);
    begin += strlen(BEGIN);
    char *end = strstr(begin, END);
    assert_non_null(end);
    if (getenv("BATON_REFRESH") != NULL) {
        AUTO(case_close) FILE *file = fopen(REFERENCE_FILE, "wb");
        assert_non_null(file);
        (void)fwrite(text.data, 1, (size_t)(begin - text.data), file);
        (void)fwrite(tables.data, 1, tables.len, file);
        (void)fputs(end, file);
    } else {
        *end = '\0';
        assert_string_equal(begin, buffer_text(&tables));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tables_in_the_reference_are_the_ones_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
