#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"

static void memory_is_zeroed_and_aligned_for_any_type(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    for (size_t size = 1; size < 100; size++) {
        unsigned char *memory = arena_take(&arena, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        memset(memory, 0xff, size); /* spoils the next one if the two overlapped */
    }
}

static void pieces_do_not_overlap_across_blocks(void **state)
{
    (void)state;
    enum { PIECES = 500, PIECE_BYTES = 100 };
    AUTO(arena_done) struct arena arena = {0};
    unsigned char *pieces[PIECES];
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = arena_take(&arena, PIECE_BYTES);
        assert_non_null(pieces[i]);
        memset(pieces[i], i % 251, PIECE_BYTES);
    }
    for (int i = 0; i < PIECES; i++) {
        for (int at = 0; at < PIECE_BYTES; at++)
            assert_int_equal(pieces[i][at], i % 251);
    }
    assert_true(arena.total_bytes >= (size_t)PIECES * PIECE_BYTES);
}

static void a_piece_larger_than_any_block_is_given(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    size_t size = (size_t)1024 * 1024;
    unsigned char *memory = arena_take(&arena, size);
    assert_non_null(memory);
    memory[size - 1] = 1;
    assert_non_null(arena_take(&arena, 1));
}

static void an_array_whose_size_overflows_is_refused(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    assert_null(arena_take_array(&arena, SIZE_MAX / 2, 3));
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_null(arena_take(&arena, SIZE_MAX - sizeof(max_align_t)));
    assert_int_equal(arena.total_bytes, 0);
}

static void an_array_of_nothing_is_no_failure(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    assert_non_null(arena_take(&arena, 1));
    assert_non_null(arena_take_array(&arena, 0, 8));
    assert_non_null(arena_take_array(&arena, 8, 0));
}

static void text_is_copied_and_ends_in_nul(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    char source[] = {'a', 'b', 'c', 'd'}; /* no NUL behind */
    char *text = arena_text(&arena, bytes_of(source, 3));
    source[0] = 'x';
    assert_string_equal(text, "abc");
    assert_string_equal(arena_text(&arena, bytes_of(NULL, 0)), "");
    assert_null(arena_text(&arena, bytes_of(source, SIZE_MAX)));
}

static void a_released_arena_is_usable_again(void **state)
{
    (void)state;
    struct arena arena = {0};
    arena_done(&arena); /* releasing an empty one is fine */
    assert_non_null(arena_take(&arena, 10));
    arena_done(&arena);
    assert_int_equal(arena.total_bytes, 0);
    assert_non_null(arena_take(&arena, 10));
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned_for_any_type),
        cmocka_unit_test(pieces_do_not_overlap_across_blocks),
        cmocka_unit_test(a_piece_larger_than_any_block_is_given),
        cmocka_unit_test(an_array_whose_size_overflows_is_refused),
        cmocka_unit_test(an_array_of_nothing_is_no_failure),
        cmocka_unit_test(text_is_copied_and_ends_in_nul),
        cmocka_unit_test(a_released_arena_is_usable_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
