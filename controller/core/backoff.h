/* backoff.h - how long to wait before the next attempt. Pure arithmetic. */
#ifndef BATON_BACKOFF_H
#define BATON_BACKOFF_H

#include "spec/plan.h"

/**
 * The delay before a retry: initial * factor^(retry - 1), never above the cap, then spread by
 * jitter.
 *
 * @param policy [in] of the step.
 * @param retry  [in] 1 for the first retry.
 * @param chance [in] any 64 bits; the same bits give the same delay.
 */
struct duration backoff_delay(const struct plan_retry *policy, uint32_t retry, uint64_t chance);

#endif
