/* slots.h - objects found by a number that is never given twice. Pure.
 *
 * The number carries a place and how often the place was used before, so a late answer to an
 * operation that is over finds nothing instead of its successor.
 */
#ifndef BATON_BUS_SLOTS_H
#define BATON_BUS_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct slots_entry {
    void *object;   /* NULL when free */
    uint32_t round; /* how often the place was used */
    uint32_t free_next;
};

struct slots {
    struct slots_entry *entries;
    uint32_t capacity;
    uint32_t free_first; /* place + 1; 0: none */
    uint32_t count;
};

void slots_done(struct slots *slots);

/** Keep an object. @param ret_id [out] its number, never 0. @return OK | NOMEM | LIMIT. */
enum status slots_add(struct slots *slots, void *object, uint64_t *ret_id) ATTR_MUST_USE;

/** @return the object, or NULL when the number is none of ours or not any more. */
void *slots_find(const struct slots *slots, uint64_t id);

/** Forget an object. @return it, or NULL. */
void *slots_remove(struct slots *slots, uint64_t id);

/** Walk: @return any object at a place >= *place, and set *place behind it; NULL at the end. */
void *slots_walk(const struct slots *slots, uint32_t *place);

#endif
