#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lines.h"
#include "output.pb-c.h"

struct sheet {
    struct lines lines;
    char *text;
    size_t size;
};

static int sheet_open(void **state)
{
    struct sheet *sheet = calloc(1, sizeof *sheet);
    *state = sheet;
    if (sheet == NULL)
        return -1;
    sheet->lines.file = open_memstream(&sheet->text, &sheet->size);
    return sheet->lines.file == NULL ? -1 : 0;
}

static int sheet_close(void **state)
{
    struct sheet *sheet = *state;
    lines_done(&sheet->lines);
    fclose(sheet->lines.file);
    free(sheet->text);
    free(sheet);
    return 0;
}

static const char *sheet_text(struct sheet *sheet)
{
    fflush(sheet->lines.file);
    return sheet->text;
}

struct piece {
    const char *node;
    uint32_t step, attempt;
    uint64_t index;
    int error; /* standard error, not output */
    const char *text;
};

static bool sheet_take(struct sheet *sheet, struct piece piece)
{
    Baton__V1__OutputChunk chunk = BATON__V1__OUTPUT_CHUNK__INIT;
    chunk.version = 1;
    chunk.node = (char *)(uintptr_t)piece.node;
    chunk.step = piece.step;
    chunk.attempt = piece.attempt;
    chunk.index = piece.index;
    chunk.kind =
        piece.error ? BATON__V1__OUTPUT_KIND__OUTPUT_STDERR : BATON__V1__OUTPUT_KIND__OUTPUT_STDOUT;
    chunk.data.data = (uint8_t *)(uintptr_t)piece.text;
    chunk.data.len = strlen(piece.text);
    uint8_t packed[1024];
    assert_true(baton__v1__output_chunk__get_packed_size(&chunk) <= sizeof packed);
    size_t len = baton__v1__output_chunk__pack(&chunk, packed);
    return lines_take(&sheet->lines, bytes_of(packed, len));
}

static void lines_are_whole_and_carry_their_node(void **state)
{
    struct sheet *sheet = *state;
    assert_false(sheet_take(sheet, (struct piece){"n1", 0, 1, 0, 0, "he"}));
    assert_true(sheet_take(sheet, (struct piece){"n2", 0, 1, 0, 0, "a\n\nb\n"}));
    assert_true(sheet_take(sheet, (struct piece){"n1", 0, 1, 1, 0, "llo\nrest"}));
    assert_string_equal(sheet_text(sheet), "n2 | a\nn2 | \nn2 | b\nn1 | hello\n");
    lines_done(&sheet->lines);
    assert_string_equal(sheet_text(sheet), "n2 | a\nn2 | \nn2 | b\nn1 | hello\nn1 | rest\n");
}

static void output_and_errors_do_not_share_a_line(void **state)
{
    struct sheet *sheet = *state;
    sheet_take(sheet, (struct piece){"n1", 0, 1, 0, 0, "out"});
    sheet_take(sheet, (struct piece){"n1", 0, 1, 1, 1, "err\n"});
    sheet_take(sheet, (struct piece){"n1", 0, 1, 2, 0, "put\n"});
    assert_string_equal(sheet_text(sheet), "n1 | err\nn1 | output\n");
}

static void a_new_attempt_ends_the_line_of_the_old_one(void **state)
{
    struct sheet *sheet = *state;
    sheet_take(sheet, (struct piece){"n1", 0, 1, 0, 0, "half"});
    sheet_take(sheet, (struct piece){"n1", 0, 2, 0, 0, "whole\n"});
    assert_string_equal(sheet_text(sheet), "n1 | half\nn1 | whole\n");
}

static void a_chunk_stored_twice_is_printed_once(void **state)
{
    struct sheet *sheet = *state;
    sheet_take(sheet, (struct piece){"n1", 0, 1, 0, 0, "a\n"});
    assert_false(sheet_take(sheet, (struct piece){"n1", 0, 1, 0, 0, "a\n"}));
    sheet_take(sheet, (struct piece){"n1", 0, 1, 1, 0, "b\n"});
    assert_string_equal(sheet_text(sheet), "n1 | a\nn1 | b\n");
}

static void steps_can_be_selected(void **state)
{
    struct sheet *sheet = *state;
    const bool steps[] = {false, true};
    sheet->lines.steps = steps;
    sheet->lines.step_count = 2;
    sheet_take(sheet, (struct piece){"n1", 0, 1, 0, 0, "zero\n"});
    sheet_take(sheet, (struct piece){"n1", 1, 1, 0, 0, "one\n"});
    sheet_take(sheet, (struct piece){"n1", 2, 1, 0, 0, "two\n"});
    assert_string_equal(sheet_text(sheet), "n1 | one\n");
}

static void raw_output_is_byte_for_byte(void **state)
{
    struct sheet *sheet = *state;
    sheet->lines.raw = true;
    sheet_take(sheet, (struct piece){"n1", 0, 1, 0, 0, "no end"});
    assert_string_equal(sheet_text(sheet), "no end");
}

static void foreign_messages_are_left_out(void **state)
{
    struct sheet *sheet = *state;
    assert_false(lines_take(&sheet->lines, bytes_of("\xff\xff garbage", 10)));
    assert_false(lines_take(&sheet->lines, bytes_of(NULL, 0)));
    assert_false(sheet_take(sheet, (struct piece){"n\x1b", 0, 1, 0, 0, "a\n"}));
    assert_string_equal(sheet_text(sheet), "");
}

#define SHEET_TEST(test) cmocka_unit_test_setup_teardown(test, sheet_open, sheet_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHEET_TEST(lines_are_whole_and_carry_their_node),
        SHEET_TEST(output_and_errors_do_not_share_a_line),
        SHEET_TEST(a_new_attempt_ends_the_line_of_the_old_one),
        SHEET_TEST(a_chunk_stored_twice_is_printed_once),
        SHEET_TEST(steps_can_be_selected),
        SHEET_TEST(raw_output_is_byte_for_byte),
        SHEET_TEST(foreign_messages_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
