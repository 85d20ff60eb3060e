#include "core/settle.h"

#include "base/check.h"

static bool settle_same(const struct order *order, const struct last *last)
{
    return last->kind != LAST_FOREIGN && last->step == order->key.step &&
           last->attempt == order->key.attempt;
}

enum claim_finding settle_claim(const struct order *order, const char *claim,
                                const struct last *last)
{
    if (last == NULL)
        return order->expected_seq == 0 ? CLAIM_FREE : CLAIM_FORGOTTEN;
    CHECK(last->seq != 0);
    if (settle_same(order, last)) {
        if (last->kind != LAST_START)
            return CLAIM_STALE;
        if (strcmp(last->claim, claim) == 0)
            return CLAIM_MINE;
        return order->idempotent ? CLAIM_AGAIN : CLAIM_UNKNOWN;
    }
    if (last->seq > order->expected_seq)
        return CLAIM_STALE;
    return last->seq == order->expected_seq ? CLAIM_FREE : CLAIM_FORGOTTEN;
}

enum report_finding settle_report(const struct order *order, const char *claim, uint64_t start_seq,
                                  const struct last *last)
{
    if (last == NULL)
        return REPORT_FORGOTTEN;
    CHECK(last->seq != 0);
    if (settle_same(order, last)) {
        if (last->kind == LAST_START)
            return last->seq == start_seq ? REPORT_OPEN : REPORT_FORGOTTEN;
        bool own = last->kind == LAST_END && strcmp(last->claim, claim) == 0;
        return own ? REPORT_MINE : REPORT_LATE;
    }
    return last->seq > start_seq ? REPORT_LATE : REPORT_FORGOTTEN;
}
