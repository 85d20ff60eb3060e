/* spec.h - from the text a user wrote to a plan that can be walked. Pure.
 *
 *     text -> doc.h (tree) -> mapper.h (message) -> checks -> presets filled in -> plan.h
 *
 * The message is what gets stored: plan_from_spec() makes the same plan from it again.
 */
#ifndef BATON_SPEC_H
#define BATON_SPEC_H

#include "base/cleanup.h"
#include "spec.pb-c.h"
#include "spec/plan.h"
#include "spec/problems.h"

struct spec {
    Baton__V1__Spec *message; /* in the arena: pack it, but never free it with protobuf-c */
    struct plan *plan;        /* may be taken away with STEAL() */
    struct arena arena;
};

/* What a node offers. */
struct spec_offer {
    const char *backend;
    const char *action;
    bool idempotent; /* unless the step says otherwise */
};
struct spec_node {
    const char *name;
    const struct spec_offer *offers;
    size_t offer_count;
};

/**
 * Read and check one job spec.
 *
 * Presets are written into the message, so that a later version with other presets still runs the
 * job as it was accepted. Steps of backends which are not built in pass: see the two checks below.
 *
 * @param text     [in]     YAML or JSON, untrusted, not NUL-terminated.
 * @param ret_spec [out]    the caller owns it, spec_free(); untouched on failure.
 * @param problems [in,out] what is wrong, in the order of the text: at least one on MALFORMED and
 *                          LIMIT. Print it with problems_print().
 * @return OK | MALFORMED | LIMIT (over 1 MiB, nested too deeply, too many steps) | NOMEM.
 * Source: specs/job-spec.md.  Tests: tests/unit/common/spec/test_spec.c, specs/rejected/.
 */
enum status spec_parse(struct bytes text, struct spec **ret_spec,
                       struct problems *problems) ATTR_MUST_USE;

/** Release a spec and its plan, if that is still there. NULL is fine. */
void spec_free(struct spec *spec);
CLEANUP_FREE(struct spec, spec_free)

/**
 * Check that every backend and action is built in: all that can be said without a cell.
 *
 * @return OK | MALFORMED.
 */
enum status spec_check_catalogue(const struct spec *spec, struct problems *problems) ATTR_MUST_USE;

/**
 * Check that every targeted node offers the backend and action of every step, and settle whether
 * steps of backends which are not built in are idempotent, in the message and in the plan.
 *
 * @param nodes      [in]     the targeted nodes.
 * @param problems   [in,out] what is wrong, with the places of the steps.
 * @return OK | MALFORMED | NOMEM.
 */
enum status spec_check_targets(struct spec *spec, const struct spec_node *nodes, size_t node_count,
                               struct problems *problems) ATTR_MUST_USE;

/**
 * Make the plan of a stored message. It is checked again: bytes from a log are input, too.
 *
 * @param message  [in]  not kept.
 * @param ret_plan [out] the caller owns it, plan_free(); its items have no line and column.
 * @param err      [out, may be NULL]
 * @return OK | MALFORMED | LIMIT | NOMEM.
 */
enum status plan_from_spec(const Baton__V1__Spec *message, struct plan **ret_plan,
                           struct error *err) ATTR_MUST_USE;
CLEANUP_FREE(struct plan, plan_free)

#endif
