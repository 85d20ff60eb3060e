/* job_run.c - baton job run: submit a spec file, or a single task written on the command line. */
#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/name.h"
#include "job_run.h"
#include "spec/backends.h"
#include "submit.h"
#include "verbs.h"

struct job_run {
    const char *file;
    const char *target;
    const char *name;
    struct submit submit;
};

/* `all`, `group:G` or `node:N[,N2]`. @return NULL if it is none of them. */
static json_t *job_run_target(const char *text)
{
    const char *colon = strchr(text, ':');
    if (colon == NULL)
        return strcmp(text, "all") == 0 ? json_pack("{s:s}", "scope", "all") : NULL;
    size_t len = (size_t)(colon - text);
    bool node = len == 4 && strncmp(text, "node", len) == 0;
    bool group = len == 5 && strncmp(text, "group", len) == 0;
    json_t *names = node || group ? json_array() : NULL;
    for (const char *name = colon; names != NULL && *name != '\0';) {
        name++; /* the colon, or a comma */
        size_t name_len = node ? strcspn(name, ",") : strlen(name);
        json_t *item = name_len == 0 ? NULL : json_stringn(name, name_len);
        if (item == NULL || json_array_append_new(names, item) != 0) {
            json_decref(names);
            return NULL;
        }
        name += name_len;
    }
    if (names == NULL)
        return NULL;
    json_t *value = json_array_size(names) == 1 ? json_incref(json_array_get(names, 0)) : NULL;
    if (value == NULL)
        return json_pack("{s:s,s:o}", "scope", node ? "node" : "group", "value", names);
    json_decref(names);
    return json_pack("{s:s,s:o}", "scope", node ? "node" : "group", "value", value);
}

/* A parameter that is a text stays one, also when it looks like a number. */
static bool job_run_is_text(const char *backend, const char *action, const char *key)
{
    const struct backend_action *known = backends_find(backend, action);
    const struct backend_param *param = known == NULL ? NULL : known->params;
    while (param != NULL && param->name != NULL && strcmp(param->name, key) != 0)
        param++;
    return param != NULL && param->name != NULL &&
           (param->type == BACKEND_PARAM_TEXT || param->type == BACKEND_PARAM_DURATION);
}

static bool job_run_param(json_t *params, const struct cli *cli, const char *word)
{
    char key[128];
    const char *equals = strchr(word, '=');
    if (equals == NULL || equals == word || (size_t)(equals - word) >= sizeof key)
        return false;
    (void)snprintf(key, sizeof key, "%.*s", (int)(equals - word), word);
    json_t *value = NULL;
    if (!job_run_is_text(cli->words[0], cli->words[1], key))
        value = json_loads(equals + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (value == NULL)
        value = json_string(equals + 1);
    return value != NULL && json_object_set_new(params, key, value) == 0;
}

int job_run_spec(const struct cli *cli, const char *target, const char *name, json_t **ret_spec)
{
    json_auto_t *params = json_object();
    json_auto_t *where = job_run_target(target);
    if (where == NULL)
        return cli_fail(cli, EXIT_USAGE, "-t %s: expected all, group:NAME or node:NAME[,NAME]",
                        target);
    if (cli->word_count < 2)
        return cli_fail(cli, EXIT_USAGE, "-t needs BACKEND and ACTION, such as ping echo");
    for (uint32_t i = 2; i < cli->word_count; i++) {
        if (!job_run_param(params, cli, cli->words[i]))
            return cli_fail(cli, EXIT_USAGE, "%s: expected NAME=VALUE, not empty, in UTF-8",
                            cli->words[i]);
    }
    if (cli->rest != NULL) {
        json_t *command = json_array();
        for (char *const *arg = cli->rest; *arg != NULL; arg++) {
            if (json_array_append_new(command, json_string(*arg)) != 0) {
                json_decref(command);
                return cli_fail(cli, EXIT_USAGE, "the arguments behind -- are not UTF-8");
            }
        }
        (void)json_object_set_new(params, "command", command);
    }
    json_t *task = json_pack("{s:s,s:s}", "backend", cli->words[0], "action", cli->words[1]);
    if (json_object_size(params) > 0)
        (void)json_object_set(task, "params", params);
    json_t *spec = json_pack("{s:O,s:[o]}", "target", where, "tasks", task);
    if (name != NULL)
        (void)json_object_set_new(spec, "name", json_string(name));
    if (spec == NULL)
        return cli_fail(cli, EXIT_USAGE, "the arguments are not UTF-8");
    *ret_spec = spec;
    return CLI_GO;
}

static int job_run_prepare(struct job_run *run, const struct cli *cli)
{
    if ((run->file == NULL) == (run->target == NULL))
        return cli_fail(cli, EXIT_USAGE, "either -f FILE or -t TARGET BACKEND ACTION; see --help");
    if (run->file != NULL && (cli->word_count > 0 || cli->rest != NULL || run->name != NULL))
        return cli_fail(cli, EXIT_USAGE, "-f takes the whole job from the file");
    if (run->file != NULL)
        return submit_read(&run->submit, cli, run->file);
    json_auto_t *spec = NULL;
    int code = job_run_spec(cli, run->target, run->name, &spec);
    if (code != CLI_GO)
        return code;
    AUTO_HEAP char *text = json_dumps(spec, JSON_COMPACT);
    if (text == NULL || buffer_append(&run->submit.spec, bytes_of_text(text)) != STATUS_OK)
        return cli_fail(cli, EXIT_ERROR, "out of memory");
    run->submit.file = "command line";
    return CLI_GO;
}

int job_run_main(struct cli *cli)
{
    struct job_run run = {.file = NULL};
    struct submit *submit = &run.submit;
    const struct flag flags[] = {
        {"file", 'f', FLAG_TEXT, &run.file, "FILE", "job spec, YAML or JSON; - reads stdin"},
        {"target", 't', FLAG_TEXT, &run.target, "TARGET", "all, group:NAME or node:NAME[,NAME]"},
        {"name", '\0', FLAG_TEXT, &run.name, "NAME", "name of a job given with -t"},
        {"wait", 'w', FLAG_SET, &submit->wait, NULL, "wait for the end and show the result"},
        {"follow", '\0', FLAG_SET, &submit->follow, NULL, "--wait, with the output as it comes"},
        {"timeout", '\0', FLAG_DURATION, &submit->timeout, "D", "wait no longer; exit code 8"},
        {"id", '\0', FLAG_TEXT, &submit->id, "ID", "id of the new job; taken is exit code 5"},
        {"idempotency-key", '\0', FLAG_TEXT, &submit->key, "KEY", "the same key, the same job"},
    };
    int code = cli_parse(cli, flags, sizeof flags / sizeof flags[0], 0, CLI_WORDS_MAX);
    if (code != CLI_GO)
        return code;
    submit->wait = submit->wait || submit->follow || submit->timeout.ns > 0;
    code = job_run_prepare(&run, cli);
    if (code == CLI_GO)
        code = submit_check(submit, cli);
    if (code == CLI_GO && submit->id != NULL && !name_valid(bytes_of_text(submit->id)))
        code = cli_fail(cli, EXIT_USAGE, "--id %s: not an id", submit->id);
    if (code == CLI_GO) {
        struct session session;
        code = session_open(&session, cli);
        if (code == CLI_GO)
            code = submit_run(submit, &session);
        session_done(&session);
    }
    submit_done(submit);
    return code;
}
