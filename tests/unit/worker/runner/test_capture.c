/* The first and the last bytes of a stream, for every way of cutting it into pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runner/capture.h"

enum { PART = CAPTURE_PART_BYTES, LENGTH_MAX = 5 * PART };

static uint8_t byte_at(size_t offset)
{
    return (uint8_t)(offset * 7 + offset / 251);
}

static void check(size_t length, size_t piece)
{
    struct capture *capture = calloc(1, sizeof *capture);
    uint8_t *all = malloc(length + 1);
    assert_non_null(capture);
    assert_non_null(all);
    for (size_t i = 0; i < length; i++)
        all[i] = byte_at(i);
    for (size_t at = 0; at < length; at += piece)
        capture_add(capture, bytes_of(all + at, length - at < piece ? length - at : piece));
    struct bytes head = capture_head(capture);
    struct bytes tail = capture_tail(capture);
    size_t head_wanted = length < PART ? length : PART;
    size_t tail_wanted = length - head_wanted < PART ? length - head_wanted : PART;
    assert_int_equal(capture->total_bytes, length);
    assert_true(bytes_equal(head, bytes_of(all, head_wanted)));
    assert_true(bytes_equal(tail, bytes_of(all + length - tail_wanted, tail_wanted)));
    free(all);
    free(capture);
}

static void head_and_tail_are_exact_whatever_the_length_and_the_pieces(void **state)
{
    (void)state;
    static const size_t lengths[] = {
        0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 1, 3 * PART - 7, LENGTH_MAX};
    static const size_t pieces[] = {997, 4096, PART - 1, PART, PART + 1, 3 * PART};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t j = 0; j < sizeof pieces / sizeof pieces[0]; j++)
            check(lengths[i], pieces[j]);
    }
}

static void the_tail_can_be_read_and_added_to_again(void **state)
{
    (void)state;
    struct capture *capture = calloc(1, sizeof *capture);
    assert_non_null(capture);
    uint8_t block[1000];
    for (size_t i = 0; i < 200; i++) {
        for (size_t j = 0; j < sizeof block; j++)
            block[j] = byte_at(i * sizeof block + j);
        capture_add(capture, bytes_of(block, sizeof block));
        struct bytes tail = capture_tail(capture);
        if (tail.len > 0)
            assert_int_equal(tail.data[tail.len - 1], byte_at((i + 1) * sizeof block - 1));
    }
    assert_int_equal(capture_tail(capture).data[0], byte_at(200 * sizeof block - PART));
    free(capture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_and_tail_are_exact_whatever_the_length_and_the_pieces),
        cmocka_unit_test(the_tail_can_be_read_and_added_to_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
