#include "draft.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum {
    DRAFT_GROUP_LOOK = 64,  /* entries searched for one to join: bounds the cost of a step */
    DRAFT_ENTRY_BYTES = 64, /* packed, without texts and nodes */
    DRAFT_TEXT_BYTES = 4,   /* around a text or a message within the entry */
    DRAFT_NODE_BYTES = 3,   /* a number below EXPECTED_NODES_MAX as a varint */
};

static void draft_release_nodes(struct entry *entry)
{
    if (entry->kind == ENTRY_SCHEDULED || entry->kind == ENTRY_SKIPPED)
        free((uint32_t *)entry->wave.nodes);
}

void draft_done(struct draft *draft)
{
    for (uint32_t i = 0; i < draft->count; i++)
        draft_release_nodes(&draft->entries[i]);
    free(draft->entries);
    free(draft->node_capacity);
    free(draft->taken);
    arena_done(&draft->arena);
    *draft = (struct draft){0};
}

static struct entry *draft_push(struct draft *draft, const struct entry *entry)
{
    if (draft->count == draft->capacity) {
        uint32_t capacity = draft->capacity == 0 ? 8 : draft->capacity * 2;
        struct entry *entries = realloc(draft->entries, capacity * sizeof *entries);
        if (entries != NULL)
            draft->entries = entries;
        uint32_t *nodes = realloc(draft->node_capacity, capacity * sizeof *nodes);
        if (nodes != NULL)
            draft->node_capacity = nodes;
        if (entries == NULL || nodes == NULL) {
            draft->out_of_memory = true;
            return NULL;
        }
        draft->capacity = capacity;
    }
    draft->node_capacity[draft->count] = 0;
    draft->entries[draft->count] = *entry;
    draft->bytes += DRAFT_ENTRY_BYTES;
    return &draft->entries[draft->count++];
}

static const char *draft_text(struct draft *draft, const char *text)
{
    char *copy = arena_text(&draft->arena, bytes_of_text(text));
    if (copy == NULL) {
        draft->out_of_memory = true;
        return "";
    }
    draft->bytes += strlen(copy);
    return copy;
}

static size_t draft_node_bytes(const struct expected_node *node)
{
    size_t bytes = strlen(node->name) + DRAFT_TEXT_BYTES;
    for (uint32_t i = 0; i < node->group_count; i++)
        bytes += strlen(node->groups[i]) + DRAFT_TEXT_BYTES;
    return bytes;
}

void draft_add(struct draft *draft, const struct entry *from)
{
    struct entry *entry = draft_push(draft, from);
    if (entry == NULL)
        return;
    draft->group_floor = draft->count;
    switch (entry->kind) {
    case ENTRY_CREATED: /* the spec and the nodes are borrowed until it is appended */
        draft->bytes += entry->created.spec.len;
        for (uint32_t i = 0; i < entry->created.expected_count; i++)
            draft->bytes += draft_node_bytes(&entry->created.expected[i]);
        break;
    case ENTRY_CLAIMED:
        entry->claimed.from_owner = draft_text(draft, entry->claimed.from_owner);
        break;
    case ENTRY_ENDED:
        entry->ended.outcome.code = draft_text(draft, entry->ended.outcome.code);
        entry->ended.outcome.error = draft_text(draft, entry->ended.outcome.error);
        break;
    case ENTRY_STOPPING:
        entry->stopping.text = draft_text(draft, entry->stopping.text);
        break;
    case ENTRY_FINISHED:
        entry->finished.error = draft_text(draft, entry->finished.error);
        break;
    case ENTRY_SCHEDULED:
    case ENTRY_SKIPPED:
    case ENTRY_KIND_COUNT:
        UNREACHABLE();
    }
}

static uint32_t *draft_grow_nodes(struct draft *draft, uint32_t at, const uint32_t *nodes,
                                  uint32_t count)
{
    if (count < draft->node_capacity[at])
        return (uint32_t *)nodes;
    uint32_t capacity = count == 0 ? 4 : count * 2;
    uint32_t *grown = realloc((uint32_t *)nodes, capacity * sizeof *grown);
    if (grown == NULL) {
        draft->out_of_memory = true;
        return NULL;
    }
    draft->node_capacity[at] = capacity;
    return grown;
}

/* No entry before it may take the node: a barrier may have held it up since it was taken last. */
static uint32_t draft_floor(const struct draft *draft, uint32_t node)
{
    uint32_t floor = draft->group_floor;
    if (node < draft->taken_count && floor + 1 < draft->taken[node])
        floor = draft->taken[node] - 1;
    return floor;
}

static bool draft_note_taken(struct draft *draft, uint32_t node, uint32_t at)
{
    if (node >= draft->taken_count) {
        uint32_t count = (node + 1) * 2;
        uint32_t *taken = realloc(draft->taken, count * sizeof *taken);
        if (taken == NULL)
            return false;
        memset(taken + draft->taken_count, 0, (count - draft->taken_count) * sizeof *taken);
        draft->taken = taken;
        draft->taken_count = count;
    }
    draft->taken[node] = at + 1;
    return true;
}

static bool draft_takes(const struct draft *draft, uint32_t at, const struct entry *wave)
{
    const struct entry *entry = &draft->entries[at];
    return entry->kind == wave->kind && entry->wave.step == wave->wave.step &&
           entry->wave.attempt == wave->wave.attempt && entry->wave.reason == wave->wave.reason;
}

/* The last one of the entries from `begin` to before `end` that takes the wave; `count` if none. */
static uint32_t draft_search(const struct draft *draft, const struct entry *wave, uint32_t begin,
                             uint32_t end)
{
    for (uint32_t i = end; i-- > begin;) {
        if (draft_takes(draft, i, wave))
            return i;
    }
    return draft->count;
}

/* The entry that the node may join; `count` if there is none. Nodes mostly do what the node before
 * them did, so that is where long runs of skipped steps find each other; else the newest count. */
static uint32_t draft_find_wave(const struct draft *draft, const struct entry *wave, uint32_t node)
{
    uint32_t floor = draft_floor(draft, node);
    uint32_t next = draft->last_at + 1;
    bool same = node == draft->last_node;
    if (same && next >= floor && next < draft->count && draft_takes(draft, next, wave))
        return next;
    uint32_t here = same ? draft->last_at : draft->first_at;
    uint32_t begin = here > DRAFT_GROUP_LOOK ? here - DRAFT_GROUP_LOOK : 0;
    uint32_t end = here + DRAFT_GROUP_LOOK < draft->count ? here + DRAFT_GROUP_LOOK : draft->count;
    uint32_t found = draft_search(draft, wave, begin > floor ? begin : floor, end);
    if (found < draft->count)
        return found;
    begin = draft->count > DRAFT_GROUP_LOOK ? draft->count - DRAFT_GROUP_LOOK : 0;
    return draft_search(draft, wave, begin > floor ? begin : floor, draft->count);
}

void draft_add_to_wave(struct draft *draft, enum entry_kind kind, uint32_t step, uint32_t attempt,
                       enum skip_reason reason, uint32_t node)
{
    CHECK(kind == ENTRY_SCHEDULED || kind == ENTRY_SKIPPED);
    struct entry begun = {.kind = kind};
    begun.wave.step = step;
    begun.wave.attempt = attempt;
    begun.wave.reason = reason;
    uint32_t at = draft_find_wave(draft, &begun, node);
    if (at == draft->count && draft_push(draft, &begun) == NULL)
        return;
    struct entry *entry = &draft->entries[at];
    uint32_t *nodes = draft_grow_nodes(draft, at, entry->wave.nodes, entry->wave.node_count);
    if (nodes == NULL)
        return;
    entry->wave.nodes = nodes;
    if (!draft_note_taken(draft, node, at)) {
        draft->out_of_memory = true;
        return;
    }
    nodes[entry->wave.node_count++] = node;
    if (node != draft->last_node)
        draft->first_at = at;
    draft->last_node = node;
    draft->last_at = at;
    draft->bytes += DRAFT_NODE_BYTES;
}
