/* deadlines.h - nodes that wait for an instant, earliest first. Pure. A binary heap. */
#ifndef BATON_DEADLINES_H
#define BATON_DEADLINES_H

#include "base/instant.h"

struct deadline {
    struct instant at;
    uint32_t node;
    uint32_t step; /* what it waits for, lest an old wait ends a newer one */
};

struct deadlines {
    struct deadline *heap;
    uint32_t count;
    uint32_t capacity;
};

void deadlines_done(struct deadlines *deadlines);

/** @return false when out of memory. Cost: O(log n). */
bool deadlines_add(struct deadlines *deadlines, const struct deadline *added);

/** @return the earliest instant, INSTANT_NEVER if there is none. */
struct instant deadlines_next(const struct deadlines *deadlines);

/** Take the earliest one out. There must be one. */
struct deadline deadlines_take(struct deadlines *deadlines);

#endif
