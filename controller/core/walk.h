/* walk.h - which steps may run now, and on which nodes. Pure. */
#ifndef BATON_WALK_H
#define BATON_WALK_H

#include "proposal.h"

/**
 * Bring every node that something has changed for as far as it can go: schedule the step it stands
 * at, skip what does not apply, wait at a barrier. Cost: in proportion to what changed.
 */
void walk(struct proposal *proposal);

#endif
