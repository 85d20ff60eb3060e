#include "runner/params.h"

#include <stdio.h>

#include "base/check.h"
#include "spec/duration.h"
#include "spec/scalar.h"

/* Where it stands in the JSON says nothing to anybody: the path is enough. */
static enum status params_refuse(const struct problems *problems, enum status status,
                                 struct error *err)
{
    char line[ERROR_TEXT_MAX] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < problems->count && used < sizeof line; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s", i == 0 ? "" : "; ",
                                 problems->items[i].text);
    return ERROR(err, status, "%s", line);
}

static enum status params_find(const char *backend, const char *action,
                               const struct backend_action **ret_action, struct error *err)
{
    *ret_action = backends_find(backend, action);
    if (*ret_action != NULL)
        return STATUS_OK;
    if (!backends_know(backend))
        return ERROR(err, STATUS_NOT_FOUND, "unknown backend '%.64s'", backend);
    return ERROR(err, STATUS_NOT_FOUND, "backend '%s' has no action '%.64s'", backend, action);
}

enum status params_read(const char *backend, const char *action, const char *text,
                        struct arena *arena, struct params *ret_params, struct error *err)
{
    struct params params = {NULL, NULL};
    enum status status = params_find(backend, action, &params.action, err);
    if (status != STATUS_OK)
        return status;
    struct bytes json = bytes_of_text(text[0] == '\0' ? "{}" : text);
    if (json.data[0] != '{') /* else it would be read as YAML, or be a list */
        return ERROR(err, STATUS_MALFORMED, "params: not a JSON object");
    struct problems problems = {.count = 0};
    status = doc_parse(json, arena, &params.root, &problems);
    if (status == STATUS_NOMEM)
        return ERROR(err, STATUS_NOMEM, "params");
    if (status != STATUS_OK)
        return params_refuse(&problems, status, err);
    struct path path = {.len = 0};
    (void)path_enter_key(&path, bytes_of_text("params"));
    backends_check_params(params.action, params.root, params.root->mark, &path, &problems);
    if (problems.count > 0)
        return params_refuse(&problems, STATUS_MALFORMED, err);
    *ret_params = params;
    return STATUS_OK;
}

const char *params_text(const struct params *params, const char *name)
{
    const struct doc_node *node = params_get(params, name);
    return node != NULL ? (const char *)node->text.data : "";
}

int64_t params_whole(const struct params *params, const char *name)
{
    const struct doc_node *node = params_get(params, name);
    return node != NULL ? scalar_of_plain(node->text).integer : 0;
}

struct duration params_duration(const struct params *params, const char *name)
{
    struct duration duration = {0};
    const struct doc_node *node = params_get(params, name);
    CHECK(node != NULL);
    CHECK(duration_parse(node->text, &duration));
    return duration;
}
