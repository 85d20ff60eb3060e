/* What the last record means: every combination of kind, attempt, claim and sequence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/settle.h"

enum { EXPECTED = 7, START = 9 };

static struct order order_of(bool idempotent, uint64_t expected_seq)
{
    return (struct order){
        .key = {.step = 2, .attempt = 1}, .idempotent = idempotent, .expected_seq = expected_seq};
}

static enum claim_finding claim(bool idempotent, enum last_kind kind, uint32_t attempt,
                                const char *text, uint64_t seq)
{
    struct order order = order_of(idempotent, EXPECTED);
    struct last last = {.kind = kind, .step = 2, .attempt = attempt, .claim = text, .seq = seq};
    return settle_claim(&order, "mine", &last);
}

static void without_a_record_the_start_is_free_if_none_was_expected(void **state)
{
    (void)state;
    struct order order = order_of(false, 0);
    assert_int_equal(settle_claim(&order, "mine", NULL), CLAIM_FREE);
    order = order_of(false, EXPECTED);
    assert_int_equal(settle_claim(&order, "mine", NULL), CLAIM_FORGOTTEN);
}

static void the_expected_record_of_another_attempt_leaves_the_start_free(void **state)
{
    (void)state;
    for (unsigned kind = LAST_FOREIGN; kind <= LAST_REVOKE; kind++) {
        assert_int_equal(claim(false, (enum last_kind)kind, 5, "x", EXPECTED), CLAIM_FREE);
        assert_int_equal(claim(false, (enum last_kind)kind, 5, "x", EXPECTED - 1), CLAIM_FORGOTTEN);
        assert_int_equal(claim(false, (enum last_kind)kind, 5, "x", EXPECTED + 1), CLAIM_STALE);
    }
}

static void a_start_of_this_attempt_is_mine_or_an_earlier_lifes_whatever_its_place(void **state)
{
    (void)state;
    for (uint64_t seq = EXPECTED - 1; seq <= EXPECTED + 1; seq++) {
        assert_int_equal(claim(false, LAST_START, 1, "mine", seq), CLAIM_MINE);
        assert_int_equal(claim(true, LAST_START, 1, "mine", seq), CLAIM_MINE);
        assert_int_equal(claim(true, LAST_START, 1, "other", seq), CLAIM_AGAIN);
        assert_int_equal(claim(false, LAST_START, 1, "other", seq), CLAIM_UNKNOWN);
    }
}

static void an_end_or_revoke_of_this_attempt_makes_the_order_stale(void **state)
{
    (void)state;
    for (uint64_t seq = EXPECTED - 1; seq <= EXPECTED + 1; seq++) {
        assert_int_equal(claim(true, LAST_END, 1, "mine", seq), CLAIM_STALE);
        assert_int_equal(claim(true, LAST_REVOKE, 1, "", seq), CLAIM_STALE);
    }
}

static enum report_finding report(enum last_kind kind, uint32_t attempt, const char *text,
                                  uint64_t seq)
{
    struct order order = order_of(false, EXPECTED);
    struct last last = {.kind = kind, .step = 2, .attempt = attempt, .claim = text, .seq = seq};
    return settle_report(&order, "mine", START, &last);
}

static void the_end_is_open_while_the_start_is_the_last_word(void **state)
{
    (void)state;
    assert_int_equal(report(LAST_START, 1, "mine", START), REPORT_OPEN);
    assert_int_equal(report(LAST_START, 1, "other", START), REPORT_OPEN);
    assert_int_equal(report(LAST_START, 1, "other", START + 4), REPORT_FORGOTTEN);
}

static void only_my_own_end_is_mine(void **state)
{
    (void)state;
    assert_int_equal(report(LAST_END, 1, "mine", START + 1), REPORT_MINE);
    assert_int_equal(report(LAST_END, 1, "other", START + 1), REPORT_LATE);
    assert_int_equal(report(LAST_REVOKE, 1, "", START + 1), REPORT_LATE);
}

static void another_attempts_record_is_newer_or_shows_a_loss(void **state)
{
    (void)state;
    for (unsigned kind = LAST_FOREIGN; kind <= LAST_REVOKE; kind++) {
        assert_int_equal(report((enum last_kind)kind, 2, "x", START + 1), REPORT_LATE);
        assert_int_equal(report((enum last_kind)kind, 2, "x", START - 1), REPORT_FORGOTTEN);
    }
    struct order order = order_of(false, EXPECTED);
    assert_int_equal(settle_report(&order, "mine", START, NULL), REPORT_FORGOTTEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_record_the_start_is_free_if_none_was_expected),
        cmocka_unit_test(the_expected_record_of_another_attempt_leaves_the_start_free),
        cmocka_unit_test(a_start_of_this_attempt_is_mine_or_an_earlier_lifes_whatever_its_place),
        cmocka_unit_test(an_end_or_revoke_of_this_attempt_makes_the_order_stale),
        cmocka_unit_test(the_end_is_open_while_the_start_is_the_last_word),
        cmocka_unit_test(only_my_own_end_is_mine),
        cmocka_unit_test(another_attempts_record_is_newer_or_shows_a_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
