#include "shell/run_order.h"

#include <stdarg.h>
#include <stdio.h>

#include "catalogue/catalogue.h"

/* What every task starts with; the order's own variables win. HOME, USER and LOGNAME are the
 * runner's to add: it knows the user. */
static const char *const base_environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG=C.UTF-8",
};

/* What tells a task who it is; these are never the order's to set. */
static const char *const own_names[] = {"BATON_JOB", "BATON_STEP", "BATON_NODE", "BATON_ATTEMPT"};

enum {
    BASE_COUNT = sizeof base_environment / sizeof base_environment[0],
    OWN_COUNT = sizeof own_names / sizeof own_names[0],
};

static bool run_order_is_own(const char *name)
{
    for (unsigned i = 0; i < OWN_COUNT; i++) {
        if (strcmp(own_names[i], name) == 0)
            return true;
    }
    return false;
}

static char *run_order_text(struct arena *arena, const char *text)
{
    return arena_text(arena, bytes_of_text(text));
}

ATTR_PRINTF(2, 3)
static char *run_order_format(struct arena *arena, const char *format, ...)
{
    char text[512]; /* a path is at most 256 bytes, a name 64 */
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return len < 0 || (size_t)len >= sizeof text ? NULL : run_order_text(arena, text);
}

/* A scalar parameter as text, with a prefix; "" if it is not there. */
static char *run_order_scalar(struct arena *arena, const char *prefix, const json_t *value)
{
    struct buffer text = {0};
    char *copy = NULL;
    bool built = buffer_append(&text, bytes_of_text(prefix)) == STATUS_OK &&
                 (value == NULL || catalogue_scalar(value, &text) == STATUS_OK);
    if (built)
        copy = arena_text(arena, bytes_of(text.data != NULL ? text.data : "", text.len));
    buffer_done(&text);
    return copy;
}

static bool run_order_argv(const json_t *command, struct arena *arena, Baton__V1__RunOrder *run)
{
    run->n_argv = json_array_size(command);
    run->argv = arena_take_array(arena, run->n_argv, sizeof *run->argv);
    bool complete = run->argv != NULL;
    for (size_t i = 0; complete && i < run->n_argv; i++) {
        run->argv[i] = run_order_scalar(arena, "", json_array_get(command, i));
        complete = run->argv[i] != NULL;
    }
    return complete;
}

static bool run_order_overrides(const json_t *env, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    size_t len = (size_t)(equals - assignment);
    char name[32];
    if (len >= sizeof name)
        return false;
    memcpy(name, assignment, len);
    name[len] = '\0';
    return json_object_get(env, name) != NULL;
}

static bool run_order_env(json_t *env, const struct order *order, const char *node,
                          struct arena *arena, Baton__V1__RunOrder *run)
{
    size_t room = BASE_COUNT + OWN_COUNT + json_object_size(env);
    run->env = arena_take_array(arena, room, sizeof *run->env);
    if (run->env == NULL)
        return false;
    for (unsigned i = 0; i < BASE_COUNT; i++) {
        if (!run_order_overrides(env, base_environment[i]))
            run->env[run->n_env++] = run_order_text(arena, base_environment[i]);
    }
    const char *name = NULL;
    const json_t *value = NULL;
    json_object_foreach(env, name, value)
    {
        if (run_order_is_own(name))
            continue;
        struct buffer prefix = {0};
        bool built = buffer_print(&prefix, "%s=", name) == STATUS_OK;
        run->env[run->n_env++] =
            built ? run_order_scalar(arena, buffer_text(&prefix), value) : NULL;
        buffer_done(&prefix);
    }
    const char *const values[OWN_COUNT] = {order->key.job.text, order->path, node,
                                           run_order_format(arena, "%u", order->key.attempt)};
    for (unsigned i = 0; i < OWN_COUNT; i++)
        run->env[run->n_env++] =
            values[i] != NULL ? run_order_format(arena, "%s=%s", own_names[i], values[i]) : NULL;
    for (size_t i = 0; i < run->n_env; i++) {
        if (run->env[i] == NULL)
            return false;
    }
    return true;
}

static bool run_order_fill(const struct order *order, const char *node, const char *directory,
                           json_t *params, struct arena *arena, Baton__V1__RunOrder *run)
{
    run->directory = run_order_text(arena, directory);
    run->backend = run_order_text(arena, order->backend);
    run->action = run_order_text(arena, order->action);
    run->params = run_order_text(arena, order->params);
    const json_t *cwd = json_object_get(params, "cwd");
    run->cwd = run_order_text(arena, cwd != NULL ? json_string_value(cwd) : "/");
    run->user = run_order_scalar(arena, "", json_object_get(params, "user"));
    const json_t *input = json_object_get(params, "stdin");
    char *text = run_order_scalar(arena, "", input);
    if (text != NULL)
        run->stdin = (ProtobufCBinaryData){strlen(text), (uint8_t *)text};
    run->timeout_ms = order->timeout_ms;
    run->grace_ms = RUN_ORDER_GRACE_MS;
    return run->directory != NULL && run->backend != NULL && run->action != NULL &&
           run->params != NULL && run->cwd != NULL && run->user != NULL && text != NULL &&
           run_order_argv(json_object_get(params, "command"), arena, run) &&
           run_order_env(json_object_get(params, "env"), order, node, arena, run);
}

enum status run_order_build(const struct order *order, const char *node, const char *directory,
                            struct arena *arena, Baton__V1__RunOrder *ret_run, struct error *err)
{
    enum action_kind kind = ACTION_KIND_COUNT;
    json_t *params = NULL;
    enum status status = catalogue_find(order->backend, order->action, &kind, err);
    if (status == STATUS_OK)
        status = catalogue_params(kind, order->params, &params, err);
    if (status != STATUS_OK)
        return status;
    Baton__V1__RunOrder run = BATON__V1__RUN_ORDER__INIT;
    bool built = run_order_fill(order, node, directory, params, arena, &run);
    json_decref(params);
    if (!built)
        return ERROR(err, STATUS_NOMEM, "the order to the runner");
    *ret_run = run;
    return STATUS_OK;
}
