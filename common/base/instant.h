/* instant.h - points and lengths of monotonic time as types the compiler keeps apart. Pure.
 *
 * An instant counts nanoseconds from an arbitrary start (one's own monotonic clock); it is never
 * compared with another machine's. Wall-clock times are `int64_t ..._at_ms` (Unix milliseconds)
 * and are for people only.
 */
#ifndef BATON_INSTANT_H
#define BATON_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

struct instant {
    uint64_t ns;
};
struct duration {
    uint64_t ns;
};

#define INSTANT_NEVER ((struct instant){UINT64_MAX})
#define DURATION_MS(n) ((struct duration){(uint64_t)(n)*1000000u})

static inline struct duration duration_ms(uint64_t ms)
{
    return (struct duration){ms > UINT64_MAX / 1000000u ? UINT64_MAX : ms * 1000000u};
}

static inline uint64_t duration_to_ms(struct duration d)
{
    return d.ns / 1000000u;
}

/* Saturates at INSTANT_NEVER. */
static inline struct instant instant_add(struct instant t, struct duration d)
{
    return (struct instant){t.ns > UINT64_MAX - d.ns ? UINT64_MAX : t.ns + d.ns};
}

/* Zero if `earlier` is not earlier. */
static inline struct duration instant_since(struct instant later, struct instant earlier)
{
    return (struct duration){later.ns > earlier.ns ? later.ns - earlier.ns : 0};
}

static inline bool instant_reached(struct instant now, struct instant deadline)
{
    return now.ns >= deadline.ns;
}

static inline struct instant instant_min(struct instant a, struct instant b)
{
    return a.ns < b.ns ? a : b;
}

#endif
