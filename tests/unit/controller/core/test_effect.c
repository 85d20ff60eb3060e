#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "core/effect.h"

static void effects_keep_their_order_and_are_cleared_at_once(void **state)
{
    (void)state;
    AUTO(effects_done) struct effects effects = {0};
    for (uint32_t i = 0; i < 1000; i++)
        effects_push(&effects, &(struct effect){.kind = EFFECT_DISPATCH, .task = {.node = i}});
    assert_int_equal(effects.count, 1000);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(effects.items[i].task.node, i);
    effects_clear(&effects);
    assert_int_equal(effects.count, 0);
    effects_push(&effects, &(struct effect){.kind = EFFECT_DONE});
    assert_int_equal(effects.items[0].kind, EFFECT_DONE);
    assert_false(effects.out_of_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(effects_keep_their_order_and_are_cleared_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
