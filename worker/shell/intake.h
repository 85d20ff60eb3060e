/* intake.h - bytes of the bus become what the core understands. Pure.
 *
 * Anything may stand on any subject. What is not a message for this worker is told apart here,
 * with a reason for the log; it never gets further.
 */
#ifndef BATON_INTAKE_H
#define BATON_INTAKE_H

#include "base/arena.h"
#include "base/status.h"
#include "core/event.h"

/**
 * Read a TaskOrder and check that it can be run.
 *
 * @param bytes     [in]     untrusted.
 * @param arena     [in,out] owns the order's texts.
 * @param ret_order [out]    its `refusal` says why it can't be run, if it can't.
 * @return OK | MALFORMED (not an order for this node) | NOMEM.
 */
enum status intake_order(struct bytes bytes, const char *node, struct arena *arena,
                         struct order *ret_order, struct error *err) ATTR_MUST_USE;

/**
 * Read a TaskCancel.
 *
 * @param ret_grace_ms [out] between TERM and KILL; the usual one if none is given.
 * @return OK | MALFORMED.
 */
enum status intake_cancel(struct bytes bytes, struct attempt_key *ret_key, uint64_t *ret_grace_ms,
                          struct error *err) ATTR_MUST_USE;

/** Read a ResultRecord; one that is none of ours is LAST_FOREIGN. The claim lives in the arena. */
struct last intake_last(struct bytes bytes, uint64_t seq, struct arena *arena);

#endif
