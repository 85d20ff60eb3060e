#include "map.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { MAP_CAPACITY_MIN = 16 };

void map_done(struct map *map)
{
    free(map->entries);
    *map = (struct map){0};
}

static size_t map_hash(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *key != '\0'; key++)
        hash = (hash ^ (uint8_t)*key) * 0x100000001b3u;
    return (size_t)(hash ^ (hash >> 32));
}

/* Where the key is, or the free place where it would go. The table is never full. */
static size_t map_find(const struct map *map, const char *key)
{
    size_t mask = map->capacity - 1;
    size_t at = map_hash(key) & mask;
    while (map->entries[at].key != NULL && strcmp(map->entries[at].key, key) != 0)
        at = (at + 1) & mask;
    return at;
}

void *map_get(const struct map *map, const char *key)
{
    return map->capacity == 0 ? NULL : map->entries[map_find(map, key)].value;
}

static bool map_grow(struct map *map)
{
    size_t capacity = map->capacity == 0 ? MAP_CAPACITY_MIN : map->capacity * 2;
    struct map grown = {.entries = calloc(capacity, sizeof *grown.entries), .capacity = capacity};
    if (grown.entries == NULL)
        return false;
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->entries[i].key != NULL)
            grown.entries[map_find(&grown, map->entries[i].key)] = map->entries[i];
    }
    grown.count = map->count;
    free(map->entries);
    *map = grown;
    return true;
}

bool map_put(struct map *map, const char *key, void *value)
{
    CHECK(value != NULL);
    if (map->count * 4 >= map->capacity * 3 && !map_grow(map))
        return false;
    size_t at = map_find(map, key);
    map->count += map->entries[at].key == NULL;
    map->entries[at] = (struct map_entry){key, value};
    return true;
}

void *map_remove(struct map *map, const char *key)
{
    if (map->capacity == 0)
        return NULL;
    size_t mask = map->capacity - 1;
    size_t hole = map_find(map, key);
    void *value = map->entries[hole].value;
    if (map->entries[hole].key == NULL)
        return NULL;
    /* Close the gap: move back what would not be found any more behind a free place. */
    for (size_t at = (hole + 1) & mask; map->entries[at].key != NULL; at = (at + 1) & mask) {
        size_t home = map_hash(map->entries[at].key) & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->entries[hole] = map->entries[at];
            hole = at;
        }
    }
    map->entries[hole] = (struct map_entry){0};
    map->count--;
    return value;
}

void *map_next(const struct map *map, size_t *at)
{
    while (*at < map->capacity) {
        const struct map_entry *entry = &map->entries[(*at)++];
        if (entry->key != NULL)
            return entry->value;
    }
    return NULL;
}
