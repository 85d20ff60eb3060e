#include "bus/slots.h"

#include <stdlib.h>

#include "base/check.h"

enum {
    SLOTS_CAPACITY_FIRST = 64,
    SLOTS_CAPACITY_MAX = 1 << 22, /* four million operations in flight: something is wrong */
};

void slots_done(struct slots *slots)
{
    free(slots->entries);
    *slots = (struct slots){0};
}

static enum status slots_grow(struct slots *slots)
{
    uint32_t capacity = slots->capacity == 0 ? SLOTS_CAPACITY_FIRST : slots->capacity * 2;
    if (capacity > SLOTS_CAPACITY_MAX)
        return STATUS_LIMIT;
    struct slots_entry *entries =
        (struct slots_entry *)realloc(slots->entries, capacity * sizeof(*entries));
    if (entries == NULL)
        return STATUS_NOMEM;
    for (uint32_t place = capacity; place > slots->capacity; place--) {
        entries[place - 1] = (struct slots_entry){.free_next = slots->free_first};
        slots->free_first = place;
    }
    slots->entries = entries;
    slots->capacity = capacity;
    return STATUS_OK;
}

enum status slots_add(struct slots *slots, void *object, uint64_t *ret_id)
{
    CHECK(object != NULL);
    if (slots->free_first == 0) {
        enum status status = slots_grow(slots);
        if (status != STATUS_OK)
            return status;
    }
    uint32_t place = slots->free_first;
    struct slots_entry *entry = &slots->entries[place - 1];
    slots->free_first = entry->free_next;
    entry->object = object;
    entry->round++;
    slots->count++;
    *ret_id = (uint64_t)entry->round << 32 | place;
    return STATUS_OK;
}

static struct slots_entry *slots_entry_of(const struct slots *slots, uint64_t id)
{
    uint32_t place = (uint32_t)id;
    if (place == 0 || place > slots->capacity)
        return NULL;
    struct slots_entry *entry = &slots->entries[place - 1];
    return entry->object != NULL && entry->round == (uint32_t)(id >> 32) ? entry : NULL;
}

void *slots_find(const struct slots *slots, uint64_t id)
{
    struct slots_entry *entry = slots_entry_of(slots, id);
    return entry == NULL ? NULL : entry->object;
}

void *slots_remove(struct slots *slots, uint64_t id)
{
    struct slots_entry *entry = slots_entry_of(slots, id);
    if (entry == NULL)
        return NULL;
    void *object = entry->object;
    entry->object = NULL;
    entry->free_next = slots->free_first;
    slots->free_first = (uint32_t)id;
    slots->count--;
    return object;
}

void *slots_walk(const struct slots *slots, uint32_t *place)
{
    while (*place < slots->capacity) {
        void *object = slots->entries[(*place)++].object;
        if (object != NULL)
            return object;
    }
    return NULL;
}
