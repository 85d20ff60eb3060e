/* clock.h - the runner's only reader of clocks. Shell. */
#ifndef BATON_RUNNER_CLOCK_H
#define BATON_RUNNER_CLOCK_H

#include <time.h>

#include "base/instant.h"

static inline struct instant clock_instant(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (struct instant){(uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec};
}

static inline int64_t clock_wall_ms(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
