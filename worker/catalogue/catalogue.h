/* catalogue.h - the backends and actions a worker offers, and the parameters each takes. Pure.
 *
 * The worker checks a task's parameters before it claims the task's start, the runner reads them
 * through the same table: one description of what is accepted.
 */
#ifndef BATON_CATALOGUE_H
#define BATON_CATALOGUE_H

#include <jansson.h>

#include "base/buffer.h"
#include "base/instant.h"
#include "base/status.h"

enum {
    CATALOGUE_PARAMS_BYTES_MAX = 1024 * 1024, /* a spec is no longer */
    CATALOGUE_DEPTH_MAX = 32,                 /* of nested parameters; as deep as a spec goes */
};

enum action_kind {
    ACTION_PING_ECHO,
    ACTION_PING_HOSTNAME,
    ACTION_PING_SLEEP,
    ACTION_TEST_SUCCEED,
    ACTION_TEST_FAIL,
    ACTION_TEST_FLAKY,
    ACTION_TEST_OUTPUT,
    ACTION_TEST_SLEEP,
    ACTION_EXEC_RUN,
    ACTION_KIND_COUNT
};

struct action {
    const char *backend;
    const char *name;
    bool
        idempotent; /* safe to run again when its fate is unknown, unless the spec says otherwise */
};

/** @return the row of `kind`. */
const struct action *catalogue_action(enum action_kind kind);

/**
 * Find an action by its names.
 *
 * @param ret_kind [out] untouched on failure.
 * @return OK | NOT_FOUND, with a text that says whether the backend or the action is unknown.
 */
enum status catalogue_find(const char *backend, const char *action, enum action_kind *ret_kind,
                           struct error *err) ATTR_MUST_USE;

/**
 * Parse and check the parameters of one action.
 *
 * @param text       [in]  a JSON object, or "" for none; untrusted.
 * @param ret_params [out] an object that holds only what the action knows, of the right types;
 *                         the caller owns it: json_decref().
 * @return OK | MALFORMED | LIMIT | NOMEM.
 */
enum status catalogue_params(enum action_kind kind, const char *text, json_t **ret_params,
                             struct error *err) ATTR_MUST_USE;

/** Append a parameter that is text, a whole number or a boolean, as text. @return OK | NOMEM. */
enum status catalogue_scalar(const json_t *value, struct buffer *text) ATTR_MUST_USE;

/**
 * Read a length of time such as `500ms`, `90s`, `5m`, `1h30m`.
 *
 * @return false, with `ret_ms` untouched, when it is not one or does not fit.
 */
bool catalogue_duration(const char *text, uint64_t *ret_ms);

/**
 * Describe all backends as the registration shows them:
 * {"exec":{"run":{"idempotent":false}},...}.
 *
 * @return a new object, owned by the caller, or NULL when out of memory.
 */
json_t *catalogue_describe(void);

#endif
