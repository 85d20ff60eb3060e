/* share.h - a number of nodes, or a percentage of those a job has. Pure. */
#ifndef BATON_SHARE_H
#define BATON_SHARE_H

#include "base/bytes.h"
#include "spec/plan.h"

enum { SHARE_NODES_MAX = 20000 };

/** Read `12` or `25%`. @return false if it is neither, or out of range; then nothing is set. */
bool share_parse(struct bytes text, struct plan_share *ret_share);

/** @return how many of `total` nodes it is; of a percentage rounded down. */
uint32_t share_of(struct plan_share share, uint32_t total);

#endif
