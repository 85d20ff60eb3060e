#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "core/deadlines.h"

static void an_empty_heap_is_never_due(void **state)
{
    (void)state;
    AUTO(deadlines_done) struct deadlines deadlines = {0};
    assert_int_equal(deadlines_next(&deadlines).ns, INSTANT_NEVER.ns);
}

static void they_come_out_earliest_first_and_by_node_if_equal(void **state)
{
    (void)state;
    AUTO(deadlines_done) struct deadlines deadlines = {0};
    enum { COUNT = 2000 };
    uint64_t draw = 88172645463325252u;
    for (uint32_t i = 0; i < COUNT; i++) {
        draw ^= draw << 13;
        draw ^= draw >> 7;
        draw ^= draw << 17;
        struct deadline added = {{draw % 100}, (uint32_t)(draw >> 32) % 1000, i};
        assert_true(deadlines_add(&deadlines, &added));
    }
    struct deadline before = {{0}, 0, 0};
    for (uint32_t i = 0; i < COUNT; i++) {
        uint64_t next = deadlines_next(&deadlines).ns;
        struct deadline taken = deadlines_take(&deadlines);
        assert_int_equal(taken.at.ns, next);
        assert_true(taken.at.ns >= before.at.ns);
        if (taken.at.ns == before.at.ns)
            assert_true(taken.node >= before.node);
        before = taken;
    }
    assert_int_equal(deadlines.count, 0);
}

static void adding_and_taking_may_alternate(void **state)
{
    (void)state;
    AUTO(deadlines_done) struct deadlines deadlines = {0};
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(deadlines_add(&deadlines, &(struct deadline){{1000 - i}, i, 7}));
        assert_true(deadlines_add(&deadlines, &(struct deadline){{2000 + i}, i, 8}));
        struct deadline taken = deadlines_take(&deadlines);
        assert_int_equal(taken.at.ns, 1000 - i);
        assert_int_equal(taken.node, i);
        assert_int_equal(taken.step, 7);
    }
    assert_int_equal(deadlines.count, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_heap_is_never_due),
        cmocka_unit_test(they_come_out_earliest_first_and_by_node_if_equal),
        cmocka_unit_test(adding_and_taking_may_alternate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
