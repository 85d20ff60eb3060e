/* run_order.h - an order of the bus as an order to a runner. Pure. */
#ifndef BATON_RUN_ORDER_H
#define BATON_RUN_ORDER_H

#include "base/arena.h"
#include "base/status.h"
#include "core/event.h"
#include "runner/proto.h"

enum { RUN_ORDER_GRACE_MS = 2000 }; /* between TERM and KILL, where nobody said otherwise */

/**
 * Build the message.
 *
 * @param order     [in]  its parameters are checked again.
 * @param directory [in]  of the attempt; borrowed by the message.
 * @param arena     [in,out] owns everything in the message.
 * @param ret_run   [out] filled on success.
 * @return OK | MALFORMED (parameters) | NOT_FOUND (no such action) | LIMIT | NOMEM.
 */
enum status run_order_build(const struct order *order, const char *node, const char *directory,
                            struct arena *arena, Baton__V1__RunOrder *ret_run,
                            struct error *err) ATTR_MUST_USE;

#endif
