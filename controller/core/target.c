#include "target.h"

#include <string.h>

#include "base/check.h"

static bool target_named(const struct plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->target_count; i++) {
        if (strcmp(plan->targets[i], name) == 0)
            return true;
    }
    return false;
}

static bool target_in_group(const struct plan *plan, const struct target_node *node)
{
    for (uint32_t g = 0; g < node->group_count; g++) {
        if (target_named(plan, node->groups[g]))
            return true;
    }
    return false;
}

static bool target_matches(const struct plan *plan, const struct target_node *node)
{
    switch (plan->scope) {
    case PLAN_SCOPE_ALL:
        return true;
    case PLAN_SCOPE_GROUP:
        return target_in_group(plan, node);
    case PLAN_SCOPE_NODE:
        return target_named(plan, node->name);
    }
    UNREACHABLE();
}

/* Whoever names a node means that node: a missing one must not be left out in silence. */
static enum status target_check_named(const struct plan *plan, const struct target_node *nodes,
                                      uint32_t count, struct error *err)
{
    for (uint32_t i = 0; i < plan->target_count; i++) {
        const struct target_node *found = NULL;
        for (uint32_t n = 0; n < count && found == NULL; n++) {
            if (strcmp(nodes[n].name, plan->targets[i]) == 0)
                found = &nodes[n];
        }
        if (found == NULL)
            return ERROR(
                err, STATUS_NOT_FOUND,
                "target.value: no node \"%s\" is registered (%u are; see: baton node list)",
                plan->targets[i], count);
        if (found->stopped)
            return ERROR(err, STATUS_NOT_FOUND,
                         "target.value: node \"%s\" is offline: start its baton-worker first",
                         plan->targets[i]);
    }
    return STATUS_OK;
}

enum status target_pick(const struct plan *plan, const struct target_node *nodes, uint32_t count,
                        bool *picked, struct error *err)
{
    if (plan->scope == PLAN_SCOPE_NODE) {
        enum status status = target_check_named(plan, nodes, count, err);
        if (status != STATUS_OK)
            return status;
    }
    uint32_t matches = 0;
    for (uint32_t i = 0; i < count; i++) {
        picked[i] = !nodes[i].stopped && target_matches(plan, &nodes[i]);
        matches += picked[i];
    }
    if (matches > 0)
        return STATUS_OK;
    if (plan->scope == PLAN_SCOPE_GROUP)
        return ERROR(
            err, STATUS_NOT_FOUND,
            "target.value: no node is in group \"%s\" (%u nodes are registered; see: baton "
            "node list)",
            plan->targets[0], count);
    return ERROR(err, STATUS_NOT_FOUND,
                 "target: no node is registered: start a baton-worker first");
}
