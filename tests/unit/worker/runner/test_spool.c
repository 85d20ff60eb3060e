/* The layout of a spool file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runner/spool.h"

static void a_header_is_read_as_it_was_written(void **state)
{
    (void)state;
    static const struct spool_frame frames[] = {
        {SPOOL_STDOUT, 1, 0, 0},
        {SPOOL_STDERR, SPOOL_DATA_MAX, UINT64_C(0x123456789abcdef0), INT64_C(1770000000000)},
        {SPOOL_STDOUT, 0x102, UINT64_MAX, -1},
    };
    for (unsigned i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        uint8_t header[SPOOL_HEADER_BYTES];
        struct spool_frame frame;
        spool_encode(&frames[i], header);
        assert_int_equal(spool_decode(header, &frame), STATUS_OK);
        assert_int_equal(frame.kind, frames[i].kind);
        assert_int_equal(frame.len, frames[i].len);
        assert_true(frame.offset == frames[i].offset);
        assert_true(frame.at_ms == frames[i].at_ms);
    }
}

static void what_is_not_a_header_is_refused(void **state)
{
    (void)state;
    static const struct {
        unsigned at;
        uint8_t byte;
    } damages[] = {{0, 'X'}, {3, '2'}, {4, 0}, {4, 3}, {8, 1}, {9, 2}, {11, 0}};
    for (unsigned i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        uint8_t header[SPOOL_HEADER_BYTES];
        struct spool_frame frame = {.kind = SPOOL_STDOUT, .len = 5};
        spool_encode(&frame, header);
        header[damages[i].at] = damages[i].byte;
        assert_int_equal(spool_decode(header, &frame), STATUS_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_read_as_it_was_written),
        cmocka_unit_test(what_is_not_a_header_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
