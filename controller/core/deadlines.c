#include "deadlines.h"

#include <stdlib.h>

#include "base/check.h"

void deadlines_done(struct deadlines *deadlines)
{
    free(deadlines->heap);
    *deadlines = (struct deadlines){0};
}

/* Ties go by node, so that the order is the same in every run. */
static bool deadlines_before(const struct deadline *a, const struct deadline *b)
{
    return a->at.ns != b->at.ns ? a->at.ns < b->at.ns : a->node < b->node;
}

bool deadlines_add(struct deadlines *deadlines, const struct deadline *added)
{
    if (deadlines->count == deadlines->capacity) {
        uint32_t capacity = deadlines->capacity == 0 ? 8 : deadlines->capacity * 2;
        struct deadline *heap = realloc(deadlines->heap, capacity * sizeof *heap);
        if (heap == NULL)
            return false;
        deadlines->heap = heap;
        deadlines->capacity = capacity;
    }
    uint32_t hole = deadlines->count++;
    while (hole > 0 && deadlines_before(added, &deadlines->heap[(hole - 1) / 2])) {
        deadlines->heap[hole] = deadlines->heap[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    deadlines->heap[hole] = *added;
    return true;
}

struct instant deadlines_next(const struct deadlines *deadlines)
{
    return deadlines->count == 0 ? INSTANT_NEVER : deadlines->heap[0].at;
}

struct deadline deadlines_take(struct deadlines *deadlines)
{
    CHECK(deadlines->count > 0);
    struct deadline earliest = deadlines->heap[0];
    struct deadline last = deadlines->heap[--deadlines->count];
    uint32_t hole = 0;
    for (;;) {
        uint32_t child = 2 * hole + 1;
        if (child >= deadlines->count)
            break;
        if (child + 1 < deadlines->count &&
            deadlines_before(&deadlines->heap[child + 1], &deadlines->heap[child]))
            child++;
        if (!deadlines_before(&deadlines->heap[child], &last))
            break;
        deadlines->heap[hole] = deadlines->heap[child];
        hole = child;
    }
    if (deadlines->count > 0)
        deadlines->heap[hole] = last;
    return earliest;
}
