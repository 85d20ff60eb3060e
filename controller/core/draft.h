/* draft.h - a log record being written: entries are added, then it is appended as one message.
 * Pure. */
#ifndef BATON_DRAFT_H
#define BATON_DRAFT_H

#include "base/arena.h"
#include "wire/record.h"

struct draft {
    struct entry *entries;
    uint32_t *node_capacity; /* per entry, of its list of nodes */
    uint32_t count;
    uint32_t capacity;
    uint32_t group_floor; /* entries before it take no more nodes: the order of facts counts */
    size_t bytes;         /* estimate of the packed size */
    bool out_of_memory;   /* sticky: the draft is then good for nothing */
    struct arena arena;   /* copied texts */
};

void draft_done(struct draft *draft);

/** Add a copy of an entry; texts are copied, lists of nodes are not taken (count must be 0). */
void draft_add(struct draft *draft, const struct entry *entry);

/**
 * Add a node to the wave of SCHEDULED or SKIPPED nodes with these properties, which is begun if
 * there is none that may still grow.
 */
void draft_add_to_wave(struct draft *draft, enum entry_kind kind, uint32_t step, uint32_t attempt,
                       enum skip_reason reason, uint32_t node);

#endif
