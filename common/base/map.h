/* map.h - text keys to pointers: an open-addressing hash table. Pure.
 *
 * The map borrows both; a key must live as long as its entry (usually it is part of the value).
 */
#ifndef BATON_MAP_H
#define BATON_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_entry {
    const char *key; /* NULL: free */
    void *value;
};

struct map {
    struct map_entry *entries;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

/** Release the table, not the values; the map is empty and usable again. */
void map_done(struct map *map);

/** @return the value, or NULL. */
void *map_get(const struct map *map, const char *key);

/** Set a key, replacing a value that is there (and the key pointer with it). @return false: no
 * memory. */
bool map_put(struct map *map, const char *key, void *value);

/** Take an entry out. @return its value, or NULL if there was none. */
void *map_remove(struct map *map, const char *key);

/**
 * Visit every entry in no order that may be relied on. Nothing may be added or removed meanwhile.
 *
 * @param at [in,out] 0 to begin.
 * @return the next value, or NULL at the end.
 */
void *map_next(const struct map *map, size_t *at);

#endif
