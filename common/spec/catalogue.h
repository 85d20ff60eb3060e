/* catalogue.h - the built-in backends: their actions and what parameters these take. Pure. */
#ifndef BATON_CATALOGUE_H
#define BATON_CATALOGUE_H

#include "base/bytes.h"
#include "spec/doc.h"
#include "spec/path.h"

enum catalogue_type {
    CATALOGUE_TEXT,
    CATALOGUE_WHOLE,     /* number within the limits */
    CATALOGUE_DURATION,  /* text such as 90s, see duration.h */
    CATALOGUE_TEXT_LIST, /* at least one item */
    CATALOGUE_TEXT_MAP,  /* names to texts */
};

struct catalogue_param {
    const char *name; /* NULL ends the list */
    enum catalogue_type type;
    bool required;
    bool absolute; /* text: a path which begins with a slash */
    int64_t minimum;
    int64_t maximum;
    const char *doc;
};

struct catalogue_action {
    const char *backend;
    const char *name;
    bool idempotent; /* safe to run again, unless the step says otherwise */
    const char *doc;
    const struct catalogue_param *params;
};

/** @return the action at `index` (those of one backend stand together), NULL behind the last. */
const struct catalogue_action *catalogue_at(size_t index);

/** @return whether the backend is a built-in one. */
bool catalogue_has_backend(const char *backend);

/** @return the built-in action, NULL if there is none of that name. */
const struct catalogue_action *catalogue_find(const char *backend, const char *action);

/**
 * Check the parameters of a built-in action.
 *
 * @param params   [in]     mapping, or NULL if the step has none.
 * @param mark     [in]     place of the step, for what is missing.
 * @param path     [in,out] of the params; unchanged afterwards.
 * @param problems [in,out] what is wrong.
 */
void catalogue_check_params(const struct catalogue_action *action, const struct doc_node *params,
                            struct doc_mark mark, struct path *path, struct problems *problems);

#endif
