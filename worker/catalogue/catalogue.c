#include "catalogue.h"

#include <string.h>

#include "base/check.h"

enum {
    PARAMS_PER_ACTION_MAX = 5,
    OUTPUT_BYTES_MAX = 1024 * 1024 * 1024, /* what `test output` may write: a GiB tests any limit */
};

enum param_type {
    PARAM_NONE,
    PARAM_SCALAR,
    PARAM_TEXT,
    PARAM_DURATION,
    PARAM_PERCENT,
    PARAM_COUNT,
    PARAM_ARGV,
    PARAM_ENV
};

struct param {
    const char *key;
    enum param_type type;
    bool required;
};

struct row {
    struct action action;
    struct param params[PARAMS_PER_ACTION_MAX];
};

static const struct row rows[] = {
    [ACTION_PING_ECHO] = {{"ping", "echo", true}, {{"message", PARAM_SCALAR, false}}},
    [ACTION_PING_HOSTNAME] = {{"ping", "hostname", true}, {{NULL, PARAM_NONE, false}}},
    [ACTION_PING_SLEEP] = {{"ping", "sleep", true}, {{"duration", PARAM_DURATION, true}}},
    [ACTION_TEST_SUCCEED] = {{"test", "succeed", true}, {{"message", PARAM_SCALAR, false}}},
    [ACTION_TEST_FAIL] = {{"test", "fail", true}, {{"message", PARAM_SCALAR, false}}},
    [ACTION_TEST_FLAKY] = {{"test", "flaky", true}, {{"rate", PARAM_PERCENT, true}}},
    [ACTION_TEST_OUTPUT] = {{"test", "output", true},
                            {{"bytes", PARAM_COUNT, false}, {"lines", PARAM_COUNT, false}}},
    [ACTION_TEST_SLEEP] = {{"test", "sleep", true}, {{"duration", PARAM_DURATION, true}}},
    [ACTION_EXEC_RUN] = {{"exec", "run", false},
                         {{"command", PARAM_ARGV, true},
                          {"cwd", PARAM_TEXT, false},
                          {"env", PARAM_ENV, false},
                          {"stdin", PARAM_SCALAR, false},
                          {"user", PARAM_TEXT, false}}},
};
_Static_assert(sizeof rows / sizeof rows[0] == ACTION_KIND_COUNT, "a row for each action");

const struct action *catalogue_action(enum action_kind kind)
{
    CHECK(kind < ACTION_KIND_COUNT);
    return &rows[kind].action;
}

enum status catalogue_find(const char *backend, const char *action, enum action_kind *ret_kind,
                           struct error *err)
{
    bool backend_known = false;
    for (unsigned i = 0; i < ACTION_KIND_COUNT; i++) {
        if (strcmp(rows[i].action.backend, backend) != 0)
            continue;
        backend_known = true;
        if (strcmp(rows[i].action.name, action) == 0) {
            *ret_kind = (enum action_kind)i;
            return STATUS_OK;
        }
    }
    if (!backend_known)
        return ERROR(err, STATUS_NOT_FOUND, "unknown backend '%.64s'", backend);
    return ERROR(err, STATUS_NOT_FOUND, "backend '%s' has no action '%.64s'", backend, action);
}

static bool catalogue_is_scalar(const json_t *value)
{
    return json_is_string(value) || json_is_integer(value) || json_is_boolean(value);
}

static enum status catalogue_check_list(const char *key, const json_t *list, struct error *err)
{
    if (!json_is_array(list) || json_array_size(list) == 0)
        return ERROR(err, STATUS_MALFORMED, "%s: expected a list of at least one text", key);
    size_t index = 0;
    const json_t *item = NULL;
    json_array_foreach(list, index, item)
    {
        if (!catalogue_is_scalar(item))
            return ERROR(err, STATUS_MALFORMED, "%s[%zu]: expected text (quote it)", key, index);
    }
    const json_t *first = json_array_get(list, 0);
    if (json_is_string(first) && json_string_length(first) == 0)
        return ERROR(err, STATUS_MALFORMED, "%s[0]: the program's name is empty", key);
    return STATUS_OK;
}

static enum status catalogue_check_env(const char *key, const json_t *env, struct error *err)
{
    if (!json_is_object(env))
        return ERROR(err, STATUS_MALFORMED, "%s: expected a map of texts", key);
    /* jansson's iterators take a mutable object but change nothing. */
    json_t *object = (json_t *)(uintptr_t)env;
    const char *name = NULL;
    const json_t *value = NULL;
    json_object_foreach(object, name, value)
    {
        if (name[0] == '\0' || strchr(name, '=') != NULL)
            return ERROR(err, STATUS_MALFORMED, "%s: '%.64s' can't be a variable's name", key,
                         name);
        if (!catalogue_is_scalar(value))
            return ERROR(err, STATUS_MALFORMED, "%s.%.64s: expected text (quote it)", key, name);
    }
    return STATUS_OK;
}

static enum status catalogue_check_number(const struct param *param, const json_t *value,
                                          struct error *err)
{
    double max = param->type == PARAM_PERCENT ? 100.0 : (double)OUTPUT_BYTES_MAX;
    bool typed = param->type == PARAM_PERCENT ? json_is_number(value) : json_is_integer(value);
    if (!typed || json_number_value(value) < 0.0 || json_number_value(value) > max)
        return ERROR(err, STATUS_MALFORMED, "%s: expected a %snumber from 0 to %.0f", param->key,
                     param->type == PARAM_PERCENT ? "" : "whole ", max);
    return STATUS_OK;
}

static enum status catalogue_check_value(const struct param *param, const json_t *value,
                                         struct error *err)
{
    uint64_t ms = 0;
    switch (param->type) {
    case PARAM_SCALAR:
        if (!catalogue_is_scalar(value))
            return ERROR(err, STATUS_MALFORMED, "%s: expected text (quote it)", param->key);
        return STATUS_OK;
    case PARAM_TEXT:
        if (!json_is_string(value) || json_string_length(value) == 0)
            return ERROR(err, STATUS_MALFORMED, "%s: expected text", param->key);
        return STATUS_OK;
    case PARAM_DURATION:
        if (!json_is_string(value) || !catalogue_duration(json_string_value(value), &ms))
            return ERROR(err, STATUS_MALFORMED, "%s: expected a duration such as 500ms or 1m30s",
                         param->key);
        return STATUS_OK;
    case PARAM_PERCENT:
    case PARAM_COUNT:
        return catalogue_check_number(param, value, err);
    case PARAM_ARGV:
        return catalogue_check_list(param->key, value, err);
    case PARAM_ENV:
        return catalogue_check_env(param->key, value, err);
    case PARAM_NONE:
        break;
    }
    UNREACHABLE();
}

static const struct param *catalogue_param(enum action_kind kind, const char *key)
{
    for (unsigned i = 0; i < PARAMS_PER_ACTION_MAX; i++) {
        const struct param *param = &rows[kind].params[i];
        if (param->key != NULL && strcmp(param->key, key) == 0)
            return param;
    }
    return NULL;
}

/* jansson 2.14 limits nesting to 2048 by itself, so the walk of the depth is bounded. */
static unsigned catalogue_depth(json_t *value, unsigned limit)
{
    unsigned deepest = 0;
    if (limit == 0)
        return 1;
    size_t index = 0;
    const char *key = NULL;
    json_t *inner = NULL;
    json_array_foreach(value, index, inner)
    {
        unsigned depth = catalogue_depth(inner, limit - 1);
        deepest = depth > deepest ? depth : deepest;
    }
    json_object_foreach(value, key, inner)
    {
        unsigned depth = catalogue_depth(inner, limit - 1);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static enum status catalogue_check(enum action_kind kind, json_t *params, struct error *err)
{
    if (!json_is_object(params))
        return ERROR(err, STATUS_MALFORMED, "params: expected a map");
    if (catalogue_depth(params, CATALOGUE_DEPTH_MAX + 1) > CATALOGUE_DEPTH_MAX)
        return ERROR(err, STATUS_LIMIT, "params: nested deeper than %d", CATALOGUE_DEPTH_MAX);
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(params, key, value)
    {
        const struct param *param = catalogue_param(kind, key);
        if (param == NULL)
            return ERROR(err, STATUS_MALFORMED, "params: %s %s takes no '%.64s'",
                         rows[kind].action.backend, rows[kind].action.name, key);
        enum status status = catalogue_check_value(param, value, err);
        if (status != STATUS_OK)
            return status;
    }
    for (unsigned i = 0; i < PARAMS_PER_ACTION_MAX; i++) {
        const struct param *param = &rows[kind].params[i];
        if (param->required && json_object_get(params, param->key) == NULL)
            return ERROR(err, STATUS_MALFORMED, "params: %s %s needs '%s'",
                         rows[kind].action.backend, rows[kind].action.name, param->key);
    }
    return STATUS_OK;
}

enum status catalogue_params(enum action_kind kind, const char *text, json_t **ret_params,
                             struct error *err)
{
    CHECK(kind < ACTION_KIND_COUNT);
    size_t len = strlen(text);
    if (len > CATALOGUE_PARAMS_BYTES_MAX)
        return ERROR(err, STATUS_LIMIT, "params: longer than %d bytes", CATALOGUE_PARAMS_BYTES_MAX);
    json_error_t where;
    json_t *params =
        len == 0 ? json_object() : json_loadb(text, len, JSON_REJECT_DUPLICATES, &where);
    if (params == NULL && len == 0)
        return ERROR(err, STATUS_NOMEM, "params");
    if (params == NULL)
        return ERROR(err, STATUS_MALFORMED, "params: not JSON: %.200s", where.text);
    enum status status = catalogue_check(kind, params, err);
    if (status != STATUS_OK) {
        json_decref(params);
        return status;
    }
    *ret_params = params;
    return STATUS_OK;
}

enum status catalogue_scalar(const json_t *value, struct buffer *text)
{
    if (json_is_string(value))
        return buffer_append(text, bytes_of(json_string_value(value), json_string_length(value)));
    if (json_is_integer(value))
        return buffer_print(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    CHECK(json_is_boolean(value));
    return buffer_print(text, "%s", json_is_true(value) ? "true" : "false");
}

/* Take a unit off the front of `*text`. @return its milliseconds, 0 if there is none. */
static uint64_t catalogue_unit(const char **text)
{
    static const struct {
        const char *name; /* "ms" before "m": the longer one wins */
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    for (unsigned i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t len = strlen(units[i].name);
        if (strncmp(*text, units[i].name, len) == 0) {
            *text += len;
            return units[i].ms;
        }
    }
    return 0;
}

bool catalogue_duration(const char *text, uint64_t *ret_ms)
{
    uint64_t total = 0;
    if (*text == '\0')
        return false;
    while (*text != '\0') {
        uint64_t count = 0;
        unsigned digits = 0;
        for (; *text >= '0' && *text <= '9'; text++, digits++) {
            if (digits >= 15)
                return false;
            count = count * 10 + (uint64_t)(*text - '0');
        }
        uint64_t unit = catalogue_unit(&text);
        if (digits == 0 || unit == 0 || count > (UINT64_MAX - total) / unit)
            return false;
        total += count * unit;
    }
    *ret_ms = total;
    return true;
}

json_t *catalogue_describe(void)
{
    json_t *backends = json_object();
    for (unsigned i = 0; i < ACTION_KIND_COUNT && backends != NULL; i++) {
        const struct action *action = &rows[i].action;
        json_t *backend = json_object_get(backends, action->backend);
        bool failed = false;
        if (backend == NULL) {
            backend = json_object();
            failed = json_object_set_new(backends, action->backend, backend) != 0;
        }
        if (failed || json_object_set_new(backend, action->name,
                                          json_pack("{s:b}", "idempotent", action->idempotent))) {
            json_decref(backends);
            return NULL;
        }
    }
    return backends;
}
