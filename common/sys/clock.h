/* clock.h - the only reader of clocks. Shell. */
#ifndef BATON_CLOCK_H
#define BATON_CLOCK_H

#include "base/instant.h"

/** @return now on this process's monotonic clock; never compared with another machine's. */
struct instant clock_now(void);

/** @return wall-clock time in Unix milliseconds, for people only. */
int64_t clock_unix_ms(void);

/* "2026-01-01T00:00:00.000Z"; as roomy as the compiler can imagine. */
struct clock_text {
    char text[88];
};

/** @return Unix milliseconds as RFC 3339 in UTC; 0 and negative times are times too. */
struct clock_text clock_rfc3339(int64_t unix_ms);

#endif
