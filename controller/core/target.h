/* target.h - which nodes a job runs on: settled once, when it is accepted, and then frozen. Pure.
 */
#ifndef BATON_TARGET_H
#define BATON_TARGET_H

#include "base/status.h"
#include "spec/plan.h"

struct target_node {
    const char *name;
    const char *const *groups;
    uint32_t group_count;
    bool stopped; /* it said goodbye; one that is silent is still expected, and reported */
};

/**
 * Pick the nodes a plan is aimed at.
 *
 * @param nodes  [in]  all that are registered, in the order in which they shall be expected.
 * @param picked [out] `count` places; true where the node is one of them.
 * @return OK | NOT_FOUND: nobody, or a node that was named is not there; the text says which and
 * what there is instead.
 */
enum status target_pick(const struct plan *plan, const struct target_node *nodes, uint32_t count,
                        bool *picked, struct error *err) ATTR_MUST_USE;

#endif
