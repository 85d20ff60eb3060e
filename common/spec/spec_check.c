/* spec_check.c - see spec_check.h. Rules [J..] are those of specs/job-spec.md. */
#include "spec/spec_check.h"

#include <stdio.h>

#include "base/check.h"
#include "base/name.h"
#include "spec/backends.h"
#include "spec/duration.h"
#include "spec/mapper.h"
#include "spec/plan.h"
#include "spec/retry_code.h"
#include "spec/scalar.h"
#include "spec/suggest.h"

enum { SPEC_TITLE_MAX = 128 };

struct spec_check {
    struct problems *problems;
    struct path path;
    uint32_t steps;
    bool all_behind; /* whether nodes wait for all behind the last item of the list at hand */
    bool once;       /* inside of an item with run_once, */
    bool serial;     /* or of a phase with serial */
};

/* Add a problem with the value of a key. */
static void spec_check_at(struct spec_check *check, const struct doc_node *value, const char *text)
{
    size_t back = path_enter_key(&check->path, value->key->text);
    problems_add(check->problems, value->mark, check->path.text, "%s", text);
    path_back(&check->path, back);
}

/* Add a problem with a key that should not be there. */
static void spec_check_key(struct spec_check *check, const struct doc_node *value, const char *text)
{
    size_t back = path_enter_key(&check->path, value->key->text);
    problems_add(check->problems, value->key->mark, check->path.text, "%s", text);
    path_back(&check->path, back);
}

/* Add a problem with a key that is not there. */
static void spec_check_missing(struct spec_check *check, const struct doc_node *mapping,
                               const char *key, const char *text)
{
    size_t back = path_enter_key(&check->path, bytes_of_text(key));
    problems_add(check->problems, mapping->mark, check->path.text, "%s", text);
    path_back(&check->path, back);
}

static void spec_check_title(struct spec_check *check, const struct doc_node *mapping)
{
    const struct doc_node *name = doc_get(mapping, "name");
    if (name == NULL || name->kind != DOC_SCALAR) {
        return;
    }
    bool plain = true;
    for (size_t i = 0; i < name->text.len; i++) {
        plain = plain && name->text.data[i] >= 0x20 && name->text.data[i] != 0x7f;
    }
    if (name->text.len > SPEC_TITLE_MAX || !plain) {
        spec_check_at(check, name, "must be one line of at most 128 bytes");
    }
}

/* Whether a key holds a readable duration of no length. */
static bool spec_check_is_zero(const struct doc_node *node)
{
    struct duration duration = {0};
    return node != NULL && node->kind == DOC_SCALAR && duration_parse(node->text, &duration) &&
           duration.ns == 0;
}

static void spec_check_timeout(struct spec_check *check, const struct doc_node *mapping)
{
    static const char *const KEYS[] = {"timeout", "idle_timeout"};
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        const struct doc_node *timeout = doc_get(mapping, KEYS[i]);
        if (spec_check_is_zero(timeout)) {
            spec_check_at(check, timeout,
                          i == 0 ? "must be longer than 0; leave the key out for the preset"
                                 : "must be longer than 0; leave the key out for no limit");
        }
    }
}

static void spec_check_target_names(struct spec_check *check, const struct doc_node *value)
{
    size_t back = path_enter_key(&check->path, value->key->text);
    const struct doc_node *item = value->kind == DOC_SEQUENCE ? value->first : value;
    for (uint32_t i = 0; item != NULL; item = value->kind == DOC_SEQUENCE ? item->next : NULL) {
        size_t item_back = check->path.len;
        if (value->kind == DOC_SEQUENCE) {
            (void)path_enter_index(&check->path, i++);
        }
        if (item->kind == DOC_SCALAR && item->text.len > 0 && !name_valid(item->text)) {
            problems_add(check->problems, item->mark, check->path.text,
                         "%s is not a name: 1 to 64 of A-Z a-z 0-9 _ -",
                         quoted_of(item->text).text);
        }
        path_back(&check->path, item_back);
    }
    path_back(&check->path, back);
}

/* [J7] */
static void spec_check_target(struct spec_check *check, const struct doc_node *root,
                              const Baton__V1__Target *target)
{
    const struct doc_node *node = doc_get(root, "target");
    if (node == NULL || node->kind != DOC_MAPPING || target == NULL) {
        return;
    }
    size_t back = path_enter_key(&check->path, node->key->text);
    const struct doc_node *value = doc_get(node, "value");
    bool all = target->scope == BATON__V1__SCOPE__SCOPE_ALL;
    bool some = target->scope == BATON__V1__SCOPE__SCOPE_GROUP ||
                target->scope == BATON__V1__SCOPE__SCOPE_NODE;
    if (all && value != NULL) {
        spec_check_key(check, value, "not allowed with scope all, which already means every node");
    } else if (some && value == NULL &&
               !mapper_is_misspelt(node, &baton__v1__target__descriptor, "value")) {
        spec_check_missing(check, node, "value",
                           target->scope == BATON__V1__SCOPE__SCOPE_GROUP
                               ? "scope group requires the name of a group"
                               : "scope node requires the name of a node");
    } else if (value != NULL && value->kind == DOC_SEQUENCE && value->count == 0) {
        spec_check_at(check, value, "the list is empty; it needs at least one name");
    } else if (value != NULL && value->kind != DOC_MAPPING) {
        spec_check_target_names(check, value);
    }
    path_back(&check->path, back);
}

/* [J18a] */
static void spec_check_retry_on(struct spec_check *check, const struct doc_node *on)
{
    if (on == NULL || on->kind != DOC_SEQUENCE) {
        return;
    }
    if (on->count == 0) {
        spec_check_at(check, on, "the list is empty; leave the key out to retry after any end");
    }
    size_t back = path_enter_key(&check->path, on->key->text);
    uint32_t index = 0;
    for (const struct doc_node *item = on->first; item != NULL; item = item->next, index++) {
        if (item->kind != DOC_SCALAR) {
            continue; /* the mapper has said so */
        }
        struct scalar scalar = {.kind = SCALAR_TEXT};
        if (item->plain) {
            scalar = scalar_of_plain(item->text);
        }
        bool exit_code = scalar.kind == SCALAR_INT && !scalar.overflow &&
                         scalar.integer >= RETRY_EXIT_MIN && scalar.integer <= RETRY_EXIT_MAX;
        bool code = scalar.kind == SCALAR_TEXT && retry_code_valid(item->text) &&
                    (item->text.data[0] < '0' || item->text.data[0] > '9');
        if (!exit_code && !code && (scalar.kind == SCALAR_TEXT || scalar.kind == SCALAR_INT)) {
            size_t item_back = path_enter_index(&check->path, index);
            problems_add(check->problems, item->mark, check->path.text,
                         "%s names no end that can be retried: EXIT, SIGNAL, TIMEOUT, NOT_FOUND, "
                         "DENIED, BAD_PARAMS, FAILED, INTERNAL, or an exit code from 1 to 255",
                         quoted_of(item->text).text);
            path_back(&check->path, item_back);
        }
    }
    path_back(&check->path, back);
}

/* [J18] */
static void spec_check_retry(struct spec_check *check, const struct doc_node *node)
{
    const struct doc_node *retry = doc_get(node, "retry");
    const struct doc_node *max_retries = doc_get(node, "max_retries");
    if (retry == NULL) {
        return;
    }
    if (max_retries != NULL) {
        const struct doc_node *later =
            retry->key->mark.line > max_retries->key->mark.line ||
                    (retry->key->mark.line == max_retries->key->mark.line &&
                     retry->key->mark.column > max_retries->key->mark.column)
                ? retry
                : max_retries;
        spec_check_key(check, later, "retry and max_retries exclude each other; keep one of them");
    }
    size_t back = path_enter_key(&check->path, retry->key->text);
    const struct doc_node *cap = doc_get(retry, "cap");
    if (spec_check_is_zero(cap)) {
        spec_check_at(check, cap, "must be longer than 0; leave the key out for the preset");
    }
    spec_check_retry_on(check, doc_get(retry, "on"));
    path_back(&check->path, back);
}

/* [J10] A backend or action becomes part of messages and of keys in a worker's registration. */
static bool spec_check_word(struct spec_check *check, const struct doc_node *node, const char *key,
                            const char *other)
{
    const struct doc_node *value = doc_get(node, key);
    if (value == NULL) {
        if (!mapper_is_misspelt(node, &baton__v1__task__descriptor, key)) {
            spec_check_missing(check, node, key, other);
        }
        return false;
    }
    if (value->kind != DOC_SCALAR) {
        return false;
    }
    if (!name_valid(value->text)) {
        size_t back = path_enter_key(&check->path, value->key->text);
        problems_add(check->problems, value->mark, check->path.text,
                     "%s is not a name: 1 to 64 of A-Z a-z 0-9 _ -", quoted_of(value->text).text);
        path_back(&check->path, back);
        return false;
    }
    return true;
}

static void spec_check_unknown_action(struct spec_check *check, const struct doc_node *node,
                                      const char *backend)
{
    const struct doc_node *value = doc_get(node, "action");
    struct suggest suggest = {.word = value->text};
    char allowed[128];
    size_t used = 0;
    const struct backend_action *action = NULL;
    for (size_t i = 0; (action = backends_at(i)) != NULL; i++) {
        if (strcmp(action->backend, backend) == 0) {
            suggest_offer(&suggest, action->name);
            used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s",
                                     used == 0 ? "" : ", ", action->name);
            CHECK(used < sizeof allowed);
        }
    }
    size_t back = path_enter_key(&check->path, value->key->text);
    if (suggest.best != NULL) {
        problems_add(check->problems, value->mark, check->path.text,
                     "%s has no action %s; did you mean \"%s\"? (allowed: %s)", backend,
                     quoted_of(value->text).text, suggest.best, allowed);
    } else {
        problems_add(check->problems, value->mark, check->path.text,
                     "%s has no action %s (allowed: %s)", backend, quoted_of(value->text).text,
                     allowed);
    }
    path_back(&check->path, back);
}

static void spec_check_params(struct spec_check *check, const struct doc_node *node,
                              const struct backend_action *action)
{
    const struct doc_node *params = doc_get(node, "params");
    size_t back = path_enter_key(&check->path, bytes_of_text("params"));
    if (params != NULL && params->kind != DOC_MAPPING) {
        problems_add(check->problems, params->mark, check->path.text,
                     "must be a mapping (name: value), not %s", doc_kind_text(params));
    } else if (action != NULL) {
        backends_check_params(action, params, node->mark, &check->path, check->problems);
    }
    path_back(&check->path, back);
}

static void spec_check_leaf(struct spec_check *check, const struct doc_node *node,
                            const Baton__V1__Task *task)
{
    if (++check->steps == PLAN_ITEMS_MAX + 1) {
        problems_add(check->problems, node->mark, check->path.text,
                     "too many steps: a job has at most %d", PLAN_ITEMS_MAX);
    }
    bool backend = spec_check_word(check, node, "backend", "a step with an action needs a backend");
    bool action = spec_check_word(check, node, "action", "a step with a backend needs an action");
    const struct backend_action *known = NULL;
    if (backend && action && task->backend[0] != '\0' && task->action[0] != '\0') {
        known = backends_find(task->backend, task->action);
        if (known == NULL && backends_know(task->backend)) {
            spec_check_unknown_action(check, node, task->backend);
        }
    }
    spec_check_params(check, node, known);
    spec_check_timeout(check, node);
    spec_check_retry(check, node);
}

static void spec_check_tasks(struct spec_check *check, const struct doc_node *node, size_t count,
                             Baton__V1__Task *const *tasks, unsigned depth);

/* [J9] */
static void spec_check_branch(struct spec_check *check, const struct doc_node *node,
                              const Baton__V1__Task *task, unsigned depth)
{
    static const char *const LEAF_KEYS[] = {"backend", "action",      "params",     "timeout",
                                            "retry",   "max_retries", "idempotent", "idle_timeout"};
    for (size_t i = 0; i < sizeof LEAF_KEYS / sizeof LEAF_KEYS[0]; i++) {
        const struct doc_node *value = doc_get(node, LEAF_KEYS[i]);
        if (value != NULL) {
            spec_check_key(check, value,
                           i < 2 ? "an item is a step (backend, action) or a pipeline (tasks), "
                                   "not both"
                                 : "only a step (an item with backend and action) has this key");
        }
    }
    spec_check_tasks(check, node, task->n_tasks, task->tasks, depth + 1);
}

/* [J14a] */
static void spec_check_once(struct spec_check *check, const struct doc_node *node,
                            const Baton__V1__Task *task)
{
    const struct doc_node *once = doc_get(node, "run_once");
    const struct doc_node *sync = doc_get(node, "sync");
    if (check->once && task->run_once) {
        spec_check_key(check, once, "a pipeline around it has run_once already");
    } else if (task->run_once && !check->all_behind && !check->serial) {
        spec_check_key(check, once,
                       "run_once needs every node to wait behind it: add sync: all to this item");
    }
    if (check->once &&
        (task->sync == BATON__V1__SYNC__SYNC_ALL || task->sync == BATON__V1__SYNC__SYNC_GROUP)) {
        spec_check_key(check, sync, "in a pipeline with run_once there is nobody to wait for");
    }
}

/* [J14b] [J16a] */
static void spec_check_waves(struct spec_check *check, const struct doc_node *node,
                             const Baton__V1__Task *task, unsigned depth)
{
    static const char *const KEYS[] = {"serial", "max_fail"};
    for (size_t i = 0; i < 2 && depth > 1; i++) {
        const struct doc_node *value = doc_get(node, KEYS[i]);
        if (value != NULL) {
            spec_check_key(check, value,
                           "only a phase (an item of the outermost tasks) has this key");
        }
    }
    const struct doc_node *serial = doc_get(node, "serial");
    if (serial != NULL && serial->kind == DOC_SEQUENCE && serial->count == 0) {
        spec_check_at(check, serial, "the list is empty; it needs at least one number");
    }
    if (serial != NULL && task->run_once) {
        spec_check_key(check, serial, "run_once and serial exclude each other; keep one of them");
    }
    if (check->serial && task->run_once) {
        spec_check_key(check, doc_get(node, "run_once"),
                       "not in a phase with serial: not all nodes are there at a time");
    }
    if (check->serial &&
        (task->sync == BATON__V1__SYNC__SYNC_ALL || task->sync == BATON__V1__SYNC__SYNC_GROUP)) {
        spec_check_key(check, doc_get(node, "sync"),
                       "not in a phase with serial: nodes of later waves would have to come first");
    }
}

static void spec_check_task(struct spec_check *check, const struct doc_node *node,
                            const Baton__V1__Task *task, unsigned depth)
{
    if (node->kind != DOC_MAPPING) {
        return;
    }
    spec_check_title(check, node);
    spec_check_once(check, node, task);
    spec_check_waves(check, node, task, depth);
    bool once_around = check->once;
    bool serial_around = check->serial;
    check->once = check->once || task->run_once;
    check->serial = check->serial || doc_get(node, "serial") != NULL;
    const ProtobufCMessageDescriptor *type = &baton__v1__task__descriptor;
    if (doc_get(node, "tasks") != NULL) {
        spec_check_branch(check, node, task, depth);
    } else if (doc_get(node, "backend") != NULL || doc_get(node, "action") != NULL) {
        spec_check_leaf(check, node, task);
    } else if (!mapper_is_misspelt(node, type, "tasks") &&
               !mapper_is_misspelt(node, type, "backend") &&
               !mapper_is_misspelt(node, type, "action")) {
        problems_add(check->problems, node->mark, check->path.text,
                     "needs backend and action (a step) or tasks (a pipeline)");
    }
    check->once = once_around;
    check->serial = serial_around;
}

static void spec_check_tasks(struct spec_check *check, const struct doc_node *node, size_t count,
                             Baton__V1__Task *const *tasks, unsigned depth)
{
    const struct doc_node *list = doc_get(node, "tasks");
    if (list == NULL || list->kind != DOC_SEQUENCE) {
        return;
    }
    size_t back = path_enter_key(&check->path, list->key->text);
    if (depth > PLAN_DEPTH_MAX) {
        problems_add(check->problems, list->mark, check->path.text,
                     "nested too deeply: more than %d levels of tasks", PLAN_DEPTH_MAX);
    } else if (count == 0) {
        problems_add(check->problems, list->mark, check->path.text,
                     "the list is empty; it needs at least one item");
    } else {
        uint32_t index = 0;
        bool all_behind_list = check->all_behind;
        for (const struct doc_node *item = list->first; item != NULL; item = item->next, index++) {
            size_t item_back = path_enter_index(&check->path, index);
            CHECK(index < count);
            Baton__V1__Sync preset =
                depth == 1 ? BATON__V1__SYNC__SYNC_ALL : BATON__V1__SYNC__SYNC_NONE;
            Baton__V1__Sync sync =
                tasks[index]->sync != BATON__V1__SYNC__SYNC_UNSET ? tasks[index]->sync : preset;
            check->all_behind =
                item->next == NULL ? all_behind_list : sync == BATON__V1__SYNC__SYNC_ALL;
            spec_check_task(check, item, tasks[index], depth);
            path_back(&check->path, item_back);
        }
    }
    path_back(&check->path, back);
}

void spec_check(const struct doc_node *root, const Baton__V1__Spec *message,
                struct problems *problems)
{
    struct spec_check check = {.problems = problems, .all_behind = true};
    if (root->kind != DOC_MAPPING) {
        return;
    }
    spec_check_title(&check, root);
    spec_check_target(&check, root, message->target);
    spec_check_timeout(&check, root);
    spec_check_tasks(&check, root, message->n_tasks, message->tasks, 1);
}
