/* Messages for people from bytes of any kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "runner/line.h"

static void anything_becomes_one_line_of_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *dirty;
        const char *clean;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"two\nlines\ttab\x7f", "two lines tab "},
        {"a\xff z", "a? z"},
        {"cut \xc3' in the middle", "cut ?' in the middle"},
        {"cut at the end \xe2\x82", "cut at the end "},
        {"cut at the end \xf0", "cut at the end "},
        {"stray \x82\x82", "stray ??"},
        {"overlong \xc0\xaf.", "overlong ??."},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "%s", rows[i].dirty);
        line_clean(text);
        assert_string_equal(text, rows[i].clean);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anything_becomes_one_line_of_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
