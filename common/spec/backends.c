/* backends.c - see backends.h. */
#include "spec/backends.h"

#include <stdio.h>

#include "base/check.h"
#include "spec/duration.h"
#include "spec/scalar.h"
#include "spec/suggest.h"

static const struct backend_param NO_PARAMS[] = {{.name = NULL}};

static const struct backend_param PING_ECHO[] = {
    {"message", BACKEND_PARAM_TEXT, .required = true, .doc = "Printed, with a newline."},
    {.name = NULL},
};
static const struct backend_param SLEEP[] = {
    {"duration", BACKEND_PARAM_DURATION, .required = true, .doc = "How long."},
    {.name = NULL},
};
static const struct backend_param TEST_MESSAGE[] = {
    {"message", BACKEND_PARAM_TEXT, .doc = "Printed, with a newline."},
    {.name = NULL},
};
static const struct backend_param TEST_FLAKY[] = {
    {"rate", BACKEND_PARAM_WHOLE, .required = true, .maximum = 100,
     .doc = "How many of a hundred attempts fail."},
    {.name = NULL},
};
static const struct backend_param TEST_OUTPUT[] = {
    {"bytes", BACKEND_PARAM_WHOLE, .maximum = 1073741824, .doc = "How many bytes to print."},
    {"lines", BACKEND_PARAM_WHOLE, .maximum = 100000000, .doc = "How many lines to print."},
    {.name = NULL},
};
static const struct backend_param EXEC_RUN[] = {
    {"command", BACKEND_PARAM_TEXT_LIST, .required = true,
     .doc = "Program and arguments, passed on as they are: there is no shell."},
    {"cwd", BACKEND_PARAM_TEXT, .absolute = true, .doc = "Directory to run in."},
    {"env", BACKEND_PARAM_TEXT_MAP, .doc = "Environment variables to set."},
    {"stdin", BACKEND_PARAM_TEXT, .doc = "What the program reads."},
    {"user", BACKEND_PARAM_TEXT, .filled = true, .doc = "User to run as."},
    {.name = NULL},
};

static const struct backend_action BACKENDS[] = {
    {BACKEND_PING_ECHO, "ping", "echo", true, "Prints a message.", PING_ECHO},
    {BACKEND_PING_HOSTNAME, "ping", "hostname", true, "Prints the node's host name.", NO_PARAMS},
    {BACKEND_PING_SLEEP, "ping", "sleep", true, "Waits.", SLEEP},
    {BACKEND_TEST_SUCCEED, "test", "succeed", true, "Succeeds.", TEST_MESSAGE},
    {BACKEND_TEST_FAIL, "test", "fail", true, "Fails.", TEST_MESSAGE},
    {BACKEND_TEST_FLAKY, "test", "flaky", true, "Fails by chance.", TEST_FLAKY},
    {BACKEND_TEST_OUTPUT, "test", "output", true, "Prints a lot.", TEST_OUTPUT},
    {BACKEND_TEST_SLEEP, "test", "sleep", true, "Waits.", SLEEP},
    {BACKEND_EXEC_RUN, "exec", "run", false, "Runs a program.", EXEC_RUN},
};

const struct backend_action *backends_at(size_t index)
{
    return index < sizeof BACKENDS / sizeof BACKENDS[0] ? &BACKENDS[index] : NULL;
}

bool backends_know(const char *backend)
{
    const struct backend_action *action = NULL;
    for (size_t i = 0; (action = backends_at(i)) != NULL; i++) {
        if (strcmp(action->backend, backend) == 0) {
            return true;
        }
    }
    return false;
}

const struct backend_action *backends_find(const char *backend, const char *action)
{
    const struct backend_action *found = NULL;
    for (size_t i = 0; (found = backends_at(i)) != NULL; i++) {
        if (strcmp(found->backend, backend) == 0 && strcmp(found->name, action) == 0) {
            return found;
        }
    }
    return NULL;
}

/* --- parameters --- */

static bool backends_check_text(const struct doc_node *node, const char *path,
                                struct problems *problems)
{
    if (node->kind != DOC_SCALAR) {
        problems_add(problems, node->mark, path, "must be text, not %s", doc_kind_text(node));
        return false;
    }
    if (node->plain && scalar_of_plain(node->text).kind != SCALAR_TEXT) {
        problems_add(problems, node->mark, path, "must be text, not %s; write it in quotes: %s",
                     doc_kind_text(node), quoted_of(node->text).text);
        return false;
    }
    return true;
}

static void backends_check_whole(const struct backend_param *param, const struct doc_node *node,
                                 const char *path, struct problems *problems)
{
    struct scalar scalar = {.kind = SCALAR_TEXT};
    if (node->kind == DOC_SCALAR && node->plain) {
        scalar = scalar_of_plain(node->text);
    }
    if (scalar.kind != SCALAR_INT) {
        problems_add(problems, node->mark, path, "must be a whole number, not %s",
                     doc_kind_text(node));
    } else if (scalar.overflow || scalar.integer < param->minimum ||
               scalar.integer > param->maximum) {
        problems_add(problems, node->mark, path, "must be between %lld and %lld",
                     (long long)param->minimum, (long long)param->maximum);
    }
}

static void backends_check_duration(const struct doc_node *node, const char *path,
                                    struct problems *problems)
{
    struct duration duration = {0};
    if (node->kind != DOC_SCALAR) {
        problems_add(problems, node->mark, path, "must be a duration such as 90s, not %s",
                     doc_kind_text(node));
    } else if (!duration_parse(node->text, &duration)) {
        bool number = scalar_of_plain(node->text).kind == SCALAR_INT;
        problems_add(problems, node->mark, path,
                     number ? "a duration needs a unit: %s; write it such as 500ms, 90s or 5m"
                            : "%s is not a duration; write it such as 500ms, 90s, 5m or 1h30m",
                     quoted_of(node->text).text);
    }
}

static void backends_check_list(const struct doc_node *node, struct path *path,
                                struct problems *problems)
{
    if (node->kind != DOC_SEQUENCE) {
        problems_add(problems, node->mark, path->text,
                     "must be a list such as [\"/bin/echo\", \"hi\"], not %s", doc_kind_text(node));
        return;
    }
    if (node->count == 0) {
        problems_add(problems, node->mark, path->text, "the list is empty; it needs an item");
        return;
    }
    uint32_t index = 0;
    for (const struct doc_node *item = node->first; item != NULL; item = item->next, index++) {
        size_t back = path_enter_index(path, index);
        if (backends_check_text(item, path->text, problems) && index == 0 && item->text.len == 0) {
            problems_add(problems, item->mark, path->text, "the program's name is empty");
        }
        path_back(path, back);
    }
}

static void backends_check_map(const struct doc_node *node, struct path *path,
                               struct problems *problems)
{
    if (node->kind != DOC_MAPPING) {
        problems_add(problems, node->mark, path->text, "must be a mapping (name: text), not %s",
                     doc_kind_text(node));
        return;
    }
    for (const struct doc_node *item = node->first; item != NULL; item = item->next) {
        size_t back = path_enter_key(path, item->key->text);
        struct bytes name = item->key->text;
        if (name.len == 0 || memchr(name.data, '=', name.len) != NULL) {
            problems_add(problems, item->key->mark, path->text,
                         "the name of a variable is neither empty nor holds \"=\"");
        }
        (void)backends_check_text(item, path->text, problems);
        path_back(path, back);
    }
}

static void backends_check_param(const struct backend_param *param, const struct doc_node *node,
                                 struct path *path, struct problems *problems)
{
    switch (param->type) {
    case BACKEND_PARAM_TEXT:
        if (!backends_check_text(node, path->text, problems)) {
            return;
        }
        if (param->absolute && (node->text.len == 0 || node->text.data[0] != '/')) {
            problems_add(problems, node->mark, path->text,
                         "must be an absolute path, beginning with \"/\"");
        } else if (param->filled && node->text.len == 0) {
            problems_add(problems, node->mark, path->text, "may not be empty");
        }
        return;
    case BACKEND_PARAM_WHOLE:
        backends_check_whole(param, node, path->text, problems);
        return;
    case BACKEND_PARAM_DURATION:
        backends_check_duration(node, path->text, problems);
        return;
    case BACKEND_PARAM_TEXT_LIST:
        backends_check_list(node, path, problems);
        return;
    case BACKEND_PARAM_TEXT_MAP:
        backends_check_map(node, path, problems);
        return;
    }
    UNREACHABLE();
}

static const struct backend_param *backends_param_of(const struct backend_action *action,
                                                     struct bytes name)
{
    for (const struct backend_param *param = action->params; param->name != NULL; param++) {
        if (bytes_equal(bytes_of_text(param->name), name)) {
            return param;
        }
    }
    return NULL;
}

static struct suggest backends_suggest_param(const struct backend_action *action, struct bytes word)
{
    struct suggest suggest = {.word = word};
    for (const struct backend_param *param = action->params; param->name != NULL; param++) {
        suggest_offer(&suggest, param->name);
    }
    return suggest;
}

static void backends_unknown_param(const struct backend_action *action, const struct doc_node *key,
                                   const char *path, struct problems *problems)
{
    struct suggest suggest = backends_suggest_param(action, key->text);
    if (suggest.best != NULL) {
        problems_add(problems, key->mark, path, "unknown parameter of %s %s; did you mean \"%s\"?",
                     action->backend, action->name, suggest.best);
        return;
    }
    char allowed[128];
    size_t used = 0;
    allowed[0] = '\0';
    for (const struct backend_param *param = action->params; param->name != NULL; param++) {
        used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s",
                                 used == 0 ? "" : ", ", param->name);
        CHECK(used < sizeof allowed);
    }
    problems_add(problems, key->mark, path, "unknown parameter of %s %s (allowed: %s)",
                 action->backend, action->name, used == 0 ? "none" : allowed);
}

/* Whether the parameter is there, or at least a key that was meant to be it. */
static bool backends_param_present(const struct backend_action *action,
                                   const struct doc_node *params, const char *name)
{
    if (params == NULL) {
        return false;
    }
    for (const struct doc_node *value = params->first; value != NULL; value = value->next) {
        struct bytes key = value->key->text;
        const char *meant = backends_param_of(action, key) != NULL
                                ? (const char *)key.data
                                : backends_suggest_param(action, key).best;
        if (meant != NULL && strcmp(meant, name) == 0) {
            return true;
        }
    }
    return false;
}

void backends_check_params(const struct backend_action *action, const struct doc_node *params,
                           struct doc_mark mark, struct path *path, struct problems *problems)
{
    for (const struct doc_node *value = params == NULL ? NULL : params->first;
         value != NULL && problems_open(problems); value = value->next) {
        const struct backend_param *param = backends_param_of(action, value->key->text);
        size_t back = path_enter_key(path, value->key->text);
        if (param == NULL) {
            backends_unknown_param(action, value->key, path->text, problems);
        } else {
            backends_check_param(param, value, path, problems);
        }
        path_back(path, back);
    }
    for (const struct backend_param *param = action->params; param->name != NULL; param++) {
        if (param->required && problems_open(problems) &&
            !backends_param_present(action, params, param->name)) {
            size_t back = path_enter_key(path, bytes_of_text(param->name));
            problems_add(problems, params != NULL ? params->mark : mark, path->text,
                         "%s %s requires this parameter", action->backend, action->name);
            path_back(path, back);
        }
    }
}
