/* backends.h - the built-in backends: their actions and what parameters these take. Pure.
 *
 * The only such table: specs are checked against it, the schema shows it, workers offer it and
 * check by it what they are sent.
 */
#ifndef BATON_BACKENDS_H
#define BATON_BACKENDS_H

#include "base/bytes.h"
#include "spec/doc.h"
#include "spec/path.h"

enum backend_param_type {
    BACKEND_PARAM_TEXT,
    BACKEND_PARAM_WHOLE,     /* number within the limits */
    BACKEND_PARAM_DURATION,  /* text such as 90s, see duration.h */
    BACKEND_PARAM_TEXT_LIST, /* at least one item */
    BACKEND_PARAM_TEXT_MAP,  /* names to texts */
};

struct backend_param {
    const char *name; /* NULL ends the list */
    enum backend_param_type type;
    bool required;
    bool absolute; /* text: a path which begins with a slash */
    bool filled;   /* text: not empty */
    int64_t minimum;
    int64_t maximum;
    const char *doc;
};

/* For code that acts; in the order of the table. */
enum backend_action_kind {
    BACKEND_PING_ECHO,
    BACKEND_PING_HOSTNAME,
    BACKEND_PING_SLEEP,
    BACKEND_TEST_SUCCEED,
    BACKEND_TEST_FAIL,
    BACKEND_TEST_FLAKY,
    BACKEND_TEST_OUTPUT,
    BACKEND_TEST_SLEEP,
    BACKEND_EXEC_RUN,
};

struct backend_action {
    enum backend_action_kind kind;
    const char *backend;
    const char *name;
    bool idempotent; /* safe to run again, unless the step says otherwise */
    const char *doc;
    const struct backend_param *params;
};

/** @return the action at `index` (those of one backend stand together), NULL behind the last. */
const struct backend_action *backends_at(size_t index);

/** @return whether the backend is a built-in one. */
bool backends_know(const char *backend);

/** @return the built-in action, NULL if there is none of that name. */
const struct backend_action *backends_find(const char *backend, const char *action);

/**
 * Check the parameters of a built-in action.
 *
 * @param params   [in]     mapping, or NULL if the step has none.
 * @param mark     [in]     place of the step, for what is missing.
 * @param path     [in,out] of the params; unchanged afterwards.
 * @param problems [in,out] what is wrong.
 */
void backends_check_params(const struct backend_action *action, const struct doc_node *params,
                           struct doc_mark mark, struct path *path, struct problems *problems);

#endif
