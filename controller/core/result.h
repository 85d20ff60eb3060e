/* result.h - what a worker or a revocation says about an attempt. Pure. */
#ifndef BATON_CONTROLLER_RESULT_H
#define BATON_CONTROLLER_RESULT_H

#include "deadlines.h"
#include "event.h"
#include "proposal.h"

/**
 * Take a record from a node's result subject: note a START, fold an END or a REVOKE, decide on a
 * retry, stop the job under fail-fast. What is old, of another attempt or of an unknown node is
 * ignored: redelivery is normal.
 *
 * @param retries [in, out] gets the node if a retry is to follow.
 * @param out     [out] a START is told to followers at once.
 */
void result_take(struct proposal *proposal, const struct event *event, struct deadlines *retries,
                 struct effects *out);

/** Schedule the retries that are due. */
void result_retry_due(struct proposal *proposal, struct deadlines *retries, struct instant now);

#endif
