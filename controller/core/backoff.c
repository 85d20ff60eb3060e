#include "backoff.h"

#include "base/check.h"

struct duration backoff_delay(const struct plan_retry *policy, uint32_t retry, uint64_t chance)
{
    CHECK(retry >= 1);
    double cap = (double)policy->cap.ns;
    double delay = (double)policy->initial.ns;
    for (uint32_t i = 1; i < retry && delay < cap && policy->factor > 1.0; i++)
        delay *= policy->factor;
    if (delay > cap)
        delay = cap;
    double spread = (double)(chance >> 11) / (double)(UINT64_C(1) << 53); /* 0 ..< 1 */
    delay *= 1.0 + policy->jitter * (2.0 * spread - 1.0);
    CHECK(delay >= 0.0);
    return (struct duration){(uint64_t)delay};
}
