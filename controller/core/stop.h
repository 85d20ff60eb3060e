/* stop.h - why and how a job stops before its tree is done. Pure. */
#ifndef BATON_STOP_H
#define BATON_STOP_H

#include "event.h"
#include "proposal.h"

/** A step failed for good on a node: under fail-fast the job stops. */
void stop_on_failure(struct proposal *proposal, uint32_t step, uint32_t node,
                     const struct outcome *outcome);

/** A cancel was asked for; once is enough, and an ended job stays as it is. */
void stop_on_cancel(struct proposal *proposal, const struct event *event);

/** The job's own time is over. */
void stop_on_timeout(struct proposal *proposal);

#endif
