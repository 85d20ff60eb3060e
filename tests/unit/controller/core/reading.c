#include "reading.h"

#include <stddef.h>

static bool reading_failed_in(const struct reading *r, uint32_t node, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        const struct reading_item *item = &r->tree->items[i];
        if (item->leaf && r->rows[item->step][node] == READING_FAILED)
            return true;
    }
    return false;
}

/* Has something failed, in the unit that counts for this item? J16, J26. */
static bool reading_trouble(const struct reading *r, uint32_t node, uint32_t item)
{
    const struct reading_item *items = r->tree->items;
    for (uint32_t up = items[item].parent; up != READING_NOBODY; up = items[up].parent) {
        if (items[up].condition == READING_ALWAYS || items[up].condition == READING_ON_FAILURE)
            return reading_failed_in(r, node, up, items[up].end);
    }
    bool trouble = reading_failed_in(r, node, 0, r->tree->item_count);
    for (uint32_t n = 0; n < r->tree->node_count && r->tree->fail_fast; n++)
        trouble = trouble || reading_failed_in(r, n, 0, r->tree->item_count);
    return trouble;
}

static bool reading_holds(const struct reading *r, uint32_t node, uint32_t item)
{
    bool trouble = reading_trouble(r, node, item);
    switch (r->tree->items[item].condition) {
    case READING_ALWAYS:
        return true;
    case READING_ON_FAILURE:
        return trouble;
    case READING_PLAIN:
    case READING_ON_SUCCESS:
        break;
    }
    return !trouble;
}

/* Is a node past an item? J13. */
static bool reading_past(const struct reading *r, uint32_t node, uint32_t item)
{
    bool past = true;
    for (uint32_t i = item; i < r->tree->items[item].end; i++) {
        enum reading_row state =
            r->tree->items[i].leaf ? r->rows[r->tree->items[i].step][node] : READING_SKIPPED;
        past = past && state != READING_NOT_YET && state != READING_RUNS;
    }
    return past;
}

/* May a node go on behind an item? J12. */
static bool reading_open(const struct reading *r, uint32_t node, uint32_t item)
{
    bool open = true;
    enum reading_sync sync = r->tree->items[item].sync;
    if (sync == READING_PRESET)
        sync = r->tree->items[item].parent == READING_NOBODY ? READING_ALL : READING_NONE;
    for (uint32_t n = 0; n < r->tree->node_count; n++) {
        bool waits = sync == READING_ALL || (sync == READING_GROUP && r->tree->related[node][n]);
        open = open && (!waits || reading_past(r, n, item));
    }
    return open;
}

/* Has a step of the item been started on some node? */
static bool reading_started(const struct reading *r, uint32_t item)
{
    bool started = false;
    for (uint32_t i = item; i < r->tree->items[item].end; i++) {
        for (uint32_t n = 0; r->tree->items[i].leaf && n < r->tree->node_count; n++) {
            enum reading_row state = r->rows[r->tree->items[i].step][n];
            started = started || (state != READING_NOT_YET && state != READING_SKIPPED);
        }
    }
    return started;
}

/* What does a node do when it comes to an item? READING_UNDECIDED: wait for its turn. J14a. */
static enum reading_decision reading_decide(const struct reading *r, uint32_t node, uint32_t item)
{
    uint32_t wave = r->tree->items[item].wave;
    for (uint32_t n = 0; n < node && wave > 0; n++) {
        if (n / wave < node / wave && !reading_past(r, n, item))
            return READING_UNDECIDED; /* J14b */
    }
    if (!reading_holds(r, node, item))
        return READING_LEAVES_OUT;
    if (!r->tree->items[item].run_once)
        return READING_GOES_IN;
    if (reading_started(r, item))
        return READING_LEAVES_OUT;
    bool turn = true;
    for (uint32_t n = 0; n < node; n++)
        turn = turn && reading_past(r, n, item);
    return turn ? READING_GOES_IN : READING_UNDECIDED;
}

/* Bring a node as far as it can go in the items from `first` to `end`. @return whether it is
 * through with them. */
static bool reading_visit(struct reading *r, uint32_t node, uint32_t first, uint32_t end)
{
    uint32_t before = READING_NOBODY;
    for (uint32_t i = first; i < end; before = i, i = r->tree->items[i].end) {
        const struct reading_item *item = &r->tree->items[i];
        if (before != READING_NOBODY && !reading_open(r, node, before))
            return false;
        if (r->decided[node][i] == READING_UNDECIDED)
            r->decided[node][i] = reading_decide(r, node, i);
        if (r->decided[node][i] == READING_UNDECIDED)
            return false;
        if (r->decided[node][i] == READING_LEAVES_OUT) {
            for (uint32_t in = i; in < item->end; in++) {
                if (r->tree->items[in].leaf)
                    r->rows[r->tree->items[in].step][node] = READING_SKIPPED;
            }
            continue;
        }
        if (!item->leaf) {
            if (!reading_visit(r, node, i + 1, item->end))
                return false;
            continue;
        }
        if (r->rows[item->step][node] == READING_NOT_YET)
            r->rows[item->step][node] = READING_RUNS;
        if (r->rows[item->step][node] == READING_RUNS)
            return false;
    }
    return true;
}

/* Until nobody gets any further. */
static void reading_advance(struct reading *r)
{
    for (uint32_t rounds = 0; rounds < r->tree->node_count * (r->tree->item_count + 1); rounds++) {
        for (uint32_t node = 0; node < r->tree->node_count; node++)
            (void)reading_visit(r, node, 0, r->tree->item_count);
    }
}

static bool reading_running(const struct reading *r, uint32_t node, uint32_t *ret_step)
{
    for (uint32_t step = 0; step < r->tree->step_count; step++) {
        if (r->rows[step][node] == READING_RUNS) {
            *ret_step = step;
            return true;
        }
    }
    return false;
}

uint32_t reading_next(const bool *running, const uint32_t *ends, uint32_t node_count,
                      enum reading_order order)
{
    uint32_t best = READING_NOBODY;
    for (uint32_t node = 0; node < node_count; node++) {
        if (running[node] && (best == READING_NOBODY || order == HIGHEST_FIRST ||
                              (order == EVENLY && ends[node] < ends[best])))
            best = node;
    }
    return best;
}

/* A failed attempt is followed by the next one at once, if the item may still run: a job or a node
 * that has stopped starts nothing new. J15, J16, J18. */
static void reading_end(struct reading *r, uint32_t node, uint32_t step, bool fails)
{
    uint32_t item = 0;
    while (!r->tree->items[item].leaf || r->tree->items[item].step != step)
        item++;
    r->failures[step][node] += fails;
    if (!fails)
        r->rows[step][node] = READING_DONE;
    else if (r->failures[step][node] > r->tree->retries || !reading_holds(r, node, item))
        r->rows[step][node] = READING_FAILED;
}

static bool reading_draw(struct reading_draws *draws)
{
    if (draws->used == draws->count)
        draws->fails[draws->count++] = false;
    return draws->fails[draws->used++];
}

void reading_play(struct reading *r, struct reading_draws *draws, enum reading_order order)
{
    uint32_t ends[READING_NODES] = {0};
    draws->used = 0;
    for (;;) {
        uint32_t steps[READING_NODES] = {0};
        bool running[READING_NODES];
        reading_advance(r);
        for (uint32_t node = 0; node < r->tree->node_count; node++)
            running[node] = reading_running(r, node, &steps[node]);
        uint32_t node = reading_next(running, ends, r->tree->node_count, order);
        if (node == READING_NOBODY)
            return;
        ends[node]++;
        reading_end(r, node, steps[node], reading_draw(draws));
    }
}

bool reading_draws_next(struct reading_draws *draws)
{
    while (draws->count > 0 && draws->fails[draws->count - 1])
        draws->count--;
    if (draws->count > 0)
        draws->fails[draws->count - 1] = true;
    return draws->count > 0;
}
