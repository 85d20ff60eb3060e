/* havoc.h - what goes wrong, and how often: drawn anew for each seed. Pure. */
#ifndef BATON_SIM_HAVOC_H
#define BATON_SIM_HAVOC_H

#include "cell.h"

enum chaos { CHAOS_NONE, CHAOS_SOME, CHAOS_FULL };

struct havoc {
    struct cell *cell;
    bool enabled[FAULT_KIND_COUNT];
    uint64_t every_ns; /* mean time between two faults, */
    uint64_t busy_ns;  /* and while a job is open; 0: the same */
    bool busy;
    bool over;
};

/** Draw which faults this seed has, and begin. @param every_ns [in] the shortest mean pause. */
void havoc_begin(struct havoc *havoc, struct cell *cell, enum chaos chaos, uint64_t every_ns,
                 uint64_t busy_ns);

/** A job is there: faults come faster until it has ended. */
void havoc_poke(struct havoc *havoc);

/** No more of it: everything is repaired and everybody is started again. */
void havoc_heal(struct havoc *havoc);

#endif
