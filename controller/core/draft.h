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
    uint32_t first_at;    /* the entry that took last_node first */
    uint32_t last_node;   /* the last one added to a wave, */
    uint32_t last_at;     /* and the entry that took it */
    uint32_t *taken;      /* by node: 1 + the last entry that took it; 0: none */
    uint32_t taken_count; /* nodes there is room for; those above were taken by none */
    size_t bytes;         /* estimate of the packed size */
    bool out_of_memory;   /* sticky: the draft is then good for nothing */
    struct arena arena;   /* copied texts */
};

void draft_done(struct draft *draft);

/** Add a copy of an entry; texts are copied, lists of nodes are not taken (count must be 0). */
void draft_add(struct draft *draft, const struct entry *entry);

/**
 * Add a node to the wave of SCHEDULED or SKIPPED nodes with these properties, which is begun if
 * there is none that may still grow. Waves are added in the order in which they happen: whatever
 * the other nodes do meanwhile, an entry never comes before one that took the same node earlier.
 */
void draft_add_to_wave(struct draft *draft, enum entry_kind kind, uint32_t step, uint32_t attempt,
                       enum skip_reason reason, uint32_t node);

#endif
