/* pursue.h - ask again, until it is answered, for what must come to an end: orders not stored yet,
 * attempts to be withdrawn or cancelled, attempts on silent nodes. Pure.
 */
#ifndef BATON_PURSUE_H
#define BATON_PURSUE_H

#include "effect.h"
#include "job.h"

/**
 * @param stop [in] as of the last accepted record: nothing is withdrawn before the log says so.
 * @return whether something is left to be asked for again later. Cost: O(nodes).
 */
bool pursue(struct job *job, enum stop_reason stop, struct effects *out);

#endif
