/* Messages over a stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "runner/frame.h"

static void what_is_put_is_taken_only_when_it_is_whole(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer out = {0};
    assert_int_equal(frame_put(&out, bytes_of_text("hello")), STATUS_OK);
    assert_int_equal(frame_put(&out, bytes_of(NULL, 0)), STATUS_OK);
    assert_int_equal(out.len, 4 + 5 + 4);
    struct bytes message = {0};
    size_t used = 99;
    for (size_t len = 0; len < 9; len++) {
        assert_int_equal(frame_take(bytes_of(out.data, len), &message, &used), STATUS_OK);
        assert_int_equal(used, 0);
    }
    assert_int_equal(frame_take(buffer_bytes(&out), &message, &used), STATUS_OK);
    assert_int_equal(used, 9);
    assert_true(bytes_equal(message, bytes_of_text("hello")));
    assert_int_equal(frame_take(bytes_of(out.data + 9, 4), &message, &used), STATUS_OK);
    assert_int_equal(used, 4);
    assert_int_equal(message.len, 0);
}

static void a_length_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    struct bytes message = {0};
    size_t used = 0;
    const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 1};
    assert_int_equal(frame_take(bytes_of(huge, sizeof huge), &message, &used), STATUS_LIMIT);
    AUTO(buffer_done) struct buffer out = {0};
    assert_int_equal(frame_put(&out, bytes_of("", (size_t)FRAME_BYTES_MAX + 1)), STATUS_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_taken_only_when_it_is_whole),
        cmocka_unit_test(a_length_beyond_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
