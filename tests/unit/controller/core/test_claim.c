#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "core/claim.h"

static const char *const LIVING[] = {"ctl-1", "ctl-2", "ctl-3", "ctl-4"};

static unsigned takers(const char *job, size_t first)
{
    unsigned count = 0;
    for (size_t i = first; i < 4; i++)
        count += claim_is_mine(LIVING[i], LIVING + first, 4 - first, job);
    return count;
}

static void exactly_one_of_the_living_takes_each_job(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        char job[32];
        (void)snprintf(job, sizeof job, "01job%u", i);
        assert_int_equal(takers(job, 0), 1);
        assert_int_equal(takers(job, 1), 1);
    }
}

static void jobs_are_spread_over_all(void **state)
{
    (void)state;
    unsigned taken[4] = {0};
    for (unsigned i = 0; i < 1000; i++) {
        char job[32];
        (void)snprintf(job, sizeof job, "01job%u", i);
        for (size_t c = 0; c < 4; c++)
            taken[c] += claim_is_mine(LIVING[c], LIVING, 4, job);
    }
    for (size_t c = 0; c < 4; c++)
        assert_in_range(taken[c], 150, 350);
}

static void a_death_moves_only_the_jobs_of_the_dead(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        char job[32];
        (void)snprintf(job, sizeof job, "01job%u", i);
        for (size_t c = 1; c < 4; c++) {
            if (claim_is_mine(LIVING[c], LIVING, 4, job))
                assert_true(claim_is_mine(LIVING[c], LIVING + 1, 3, job));
        }
    }
}

static void who_is_alone_takes_everything(void **state)
{
    (void)state;
    assert_true(claim_is_mine("ctl-1", LIVING, 1, "01job"));
    assert_true(claim_is_mine("ctl-1", NULL, 0, "01job"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_one_of_the_living_takes_each_job),
        cmocka_unit_test(jobs_are_spread_over_all),
        cmocka_unit_test(a_death_moves_only_the_jobs_of_the_dead),
        cmocka_unit_test(who_is_alone_takes_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
