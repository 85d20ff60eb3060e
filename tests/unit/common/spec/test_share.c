#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spec/share.h"

static void a_share_is_a_number_or_a_percentage(void **state)
{
    (void)state;
    struct plan_share share = {0};
    assert_true(share_parse(bytes_of_text("20000"), &share));
    assert_true(share.number == 20000 && !share.percent);
    assert_true(share_parse(bytes_of_text("100%"), &share));
    assert_true(share.number == 100 && share.percent);
    assert_true(share_parse(bytes_of_text("0"), &share));
    static const char *const bad[] = {"",    "%",    "101%",  "01", "1 %",
                                      "-1%", "1.5%", "20001", "a",  "100000"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(share_parse(bytes_of_text(bad[i]), &share));
}

static void a_percentage_is_rounded_down(void **state)
{
    (void)state;
    assert_int_equal(share_of((struct plan_share){25, true}, 10), 2);
    assert_int_equal(share_of((struct plan_share){1, true}, 99), 0);
    assert_int_equal(share_of((struct plan_share){100, true}, 20000), 20000);
    assert_int_equal(share_of((struct plan_share){7, false}, 3), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_share_is_a_number_or_a_percentage),
        cmocka_unit_test(a_percentage_is_rounded_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
