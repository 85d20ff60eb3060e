#include "shell/run_order.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "runner/params.h"

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

static bool run_order_argv(const struct doc_node *command, struct arena *arena,
                           Baton__V1__RunOrder *run)
{
    if (command == NULL)
        return true;
    run->argv = arena_take_array(arena, command->count, sizeof *run->argv);
    if (run->argv == NULL)
        return false;
    for (const struct doc_node *item = command->first; item != NULL; item = item->next) {
        run->argv[run->n_argv] = run_order_text(arena, (const char *)item->text.data);
        if (run->argv[run->n_argv++] == NULL)
            return false;
    }
    return true;
}

static bool run_order_overrides(const struct doc_node *env, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    size_t len = (size_t)(equals - assignment);
    char name[32];
    if (env == NULL || len >= sizeof name)
        return false;
    memcpy(name, assignment, len);
    name[len] = '\0';
    return doc_get(env, name) != NULL;
}

/* The order's own variables, behind what every task starts with. */
static bool run_order_add_env(const struct doc_node *env, struct arena *arena,
                              Baton__V1__RunOrder *run)
{
    for (const struct doc_node *item = env == NULL ? NULL : env->first; item != NULL;
         item = item->next) {
        const char *name = (const char *)item->key->text.data;
        if (run_order_is_own(name))
            continue;
        size_t name_len = item->key->text.len;
        char *assignment = arena_take(arena, name_len + 1 + item->text.len + 1);
        if (assignment == NULL)
            return false;
        memcpy(assignment, name, name_len);
        assignment[name_len] = '=';
        memcpy(assignment + name_len + 1, item->text.data, item->text.len + 1);
        run->env[run->n_env++] = assignment;
    }
    return true;
}

static bool run_order_env(const struct doc_node *env, const struct order *order, const char *node,
                          struct arena *arena, Baton__V1__RunOrder *run)
{
    size_t room = BASE_COUNT + OWN_COUNT + (env != NULL ? env->count : 0);
    run->env = arena_take_array(arena, room, sizeof *run->env);
    if (run->env == NULL)
        return false;
    for (unsigned i = 0; i < BASE_COUNT; i++) {
        if (!run_order_overrides(env, base_environment[i]))
            run->env[run->n_env++] = run_order_text(arena, base_environment[i]);
    }
    if (!run_order_add_env(env, arena, run))
        return false;
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
                           const struct params *params, struct arena *arena,
                           Baton__V1__RunOrder *run)
{
    run->directory = run_order_text(arena, directory);
    run->backend = run_order_text(arena, order->backend);
    run->action = run_order_text(arena, order->action);
    run->params = run_order_text(arena, order->params);
    const char *cwd = params_text(params, "cwd");
    run->cwd = run_order_text(arena, cwd[0] != '\0' ? cwd : "/");
    run->user = run_order_text(arena, params_text(params, "user"));
    char *input = run_order_text(arena, params_text(params, "stdin"));
    if (input != NULL)
        run->stdin = (ProtobufCBinaryData){strlen(input), (uint8_t *)input};
    run->timeout_ms = order->timeout_ms;
    run->idle_timeout_ms = order->idle_timeout_ms;
    run->grace_ms = RUN_ORDER_GRACE_MS;
    return run->directory != NULL && run->backend != NULL && run->action != NULL &&
           run->params != NULL && run->cwd != NULL && run->user != NULL && input != NULL &&
           run_order_argv(params_get(params, "command"), arena, run) &&
           run_order_env(params_get(params, "env"), order, node, arena, run);
}

enum status run_order_build(const struct order *order, const char *node, const char *directory,
                            struct arena *arena, Baton__V1__RunOrder *ret_run, struct error *err)
{
    AUTO(arena_done) struct arena scratch = {0};
    struct params params = {0};
    enum status status =
        params_read(order->backend, order->action, order->params, &scratch, &params, err);
    if (status != STATUS_OK)
        return status;
    Baton__V1__RunOrder run = BATON__V1__RUN_ORDER__INIT;
    if (!run_order_fill(order, node, directory, &params, arena, &run))
        return ERROR(err, STATUS_NOMEM, "the order to the runner");
    *ret_run = run;
    return STATUS_OK;
}
