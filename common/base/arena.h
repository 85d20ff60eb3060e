/* arena.h - memory that is released all at once: one engine, one parsed document. Pure. */
#ifndef BATON_ARENA_H
#define BATON_ARENA_H

#include "bytes.h"

struct arena_block;

struct arena {
    struct arena_block *newest; /* NULL until the first allocation */
    size_t total_bytes;         /* taken from the heap so far */
};

/** Release everything; the arena is empty and usable again. */
void arena_done(struct arena *arena);

/** @return `size` zeroed bytes aligned for any type, or NULL when out of memory. */
void *arena_take(struct arena *arena, size_t size);

/** @return `count` zeroed elements of `size` bytes, or NULL (also when the product overflows). */
void *arena_take_array(struct arena *arena, size_t count, size_t size);

/** @return a NUL-terminated copy of the bytes, or NULL when out of memory. */
char *arena_text(struct arena *arena, struct bytes bytes);

#endif
