/* params.h - the parameters of an order, checked by the same table as those of a spec. Pure.
 *
 * The worker checks them before it claims the task's start, the runner reads them again: what a
 * spec may not hold, neither of them accepts.
 */
#ifndef BATON_PARAMS_H
#define BATON_PARAMS_H

#include "base/arena.h"
#include "base/instant.h"
#include "base/status.h"
#include "spec/backends.h"

/* An action with parameters that fit it; the arena they were read into owns the tree. */
struct params {
    const struct backend_action *action;
    const struct doc_node *root; /* a mapping */
};

/**
 * Find the action, read its parameters and check them.
 *
 * @param text       [in]     a JSON object, or "" for none; untrusted.
 * @param arena      [in,out] owns what is read.
 * @param ret_params [out]    untouched on failure.
 * @param err        [out]    all that is wrong, as one line, as far as it has room.
 * @return OK | NOT_FOUND (backend or action) | MALFORMED | LIMIT (too long, too deep) | NOMEM.
 */
enum status params_read(const char *backend, const char *action, const char *text,
                        struct arena *arena, struct params *ret_params,
                        struct error *err) ATTR_MUST_USE;

/** @return a parameter's value, NULL if it is not there. */
static inline const struct doc_node *params_get(const struct params *params, const char *name)
{
    return doc_get(params->root, name);
}

/** @return a parameter that is text, "" if it is not there. */
const char *params_text(const struct params *params, const char *name);

/** @return a parameter that is a whole number, 0 if it is not there. */
int64_t params_whole(const struct params *params, const char *name);

/** @return a required parameter that is a length of time. */
struct duration params_duration(const struct params *params, const char *name);

#endif
