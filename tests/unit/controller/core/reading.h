/* reading.h - a plain reading of specs/job-spec.md (J12 to J29): small trees on up to three nodes,
 * played by the letter and slowly. It shares no code and no types with the engine, to judge it. */
#ifndef BATON_READING_H
#define BATON_READING_H

#include <stdbool.h>
#include <stdint.h>

enum { READING_NODES = 3, READING_LEAVES = 5, READING_ITEMS = 12, READING_NOBODY = 255 };
enum { READING_DRAWS_MAX = 2 * READING_LEAVES * READING_NODES };

enum reading_condition { READING_PLAIN, READING_ALWAYS, READING_ON_SUCCESS, READING_ON_FAILURE };
enum reading_sync { READING_PRESET, READING_ALL, READING_GROUP, READING_NONE };
enum reading_row { READING_NOT_YET, READING_RUNS, READING_DONE, READING_FAILED, READING_SKIPPED };
enum reading_order { LOWEST_FIRST, HIGHEST_FIRST, EVENLY, ORDER_COUNT };

/* In pre-order. */
struct reading_item {
    uint32_t parent; /* READING_NOBODY: a phase */
    uint32_t end;    /* behind the last item in it */
    uint32_t step;   /* of a leaf */
    bool leaf;
    bool run_once;
    uint32_t wave; /* size of the waves; 0: none */
    enum reading_condition condition;
    enum reading_sync sync;
};

struct reading_tree {
    struct reading_item items[READING_ITEMS];
    uint32_t item_count;
    uint32_t step_count;
    uint32_t node_count;
    uint32_t retries; /* of each step: 0 or 1 */
    bool fail_fast;
    bool related[READING_NODES][READING_NODES]; /* have a group in common */
};

/* Does the next attempt that ends fail? Only ends that come about are drawn, so that what differs
 * in attempts which are never made is played once. */
struct reading_draws {
    bool fails[READING_DRAWS_MAX];
    uint32_t count;
    uint32_t used;
};

enum reading_decision { READING_UNDECIDED, READING_GOES_IN, READING_LEAVES_OUT };

struct reading {
    const struct reading_tree *tree;
    enum reading_decision decided[READING_NODES][READING_ITEMS];
    enum reading_row rows[READING_LEAVES][READING_NODES];
    uint32_t failures[READING_LEAVES][READING_NODES]; /* attempts that failed */
};

/** @return the node of those that run something whose attempt ends next, else READING_NOBODY. */
uint32_t reading_next(const bool *running, const uint32_t *ends, uint32_t node_count,
                      enum reading_order order);

/** Play the tree with these draws, and successes behind the last of them, which are added. */
void reading_play(struct reading *r, struct reading_draws *draws, enum reading_order order);

/** Go on to the next draws. @return false if these were the last ones. */
bool reading_draws_next(struct reading_draws *draws);

#endif
