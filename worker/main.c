/* baton-worker - the agent of one node: takes tasks off the bus, runs them, tells how they ended.
 * Wiring only.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "shell/loop.h"
#include "sys/config.h"
#include "sys/connect.h"

enum { MAIN_EXIT_USAGE = 2, MAIN_HEARTBEAT_MS_MIN = 100, MAIN_HEARTBEAT_MS_MAX = 60000 };

static const struct config_key main_keys[] = {
    {.name = "id", .value = "NAME", .doc = "name of this node (default: the host's short name)"},
    CONNECT_CONFIG_KEYS,
    {.name = "cell", .fallback = "baton", .value = "NAME", .doc = "the cell to work for"},
    {.name = "groups", .kind = CONFIG_LIST, .doc = "groups this node belongs to"},
    {.name = "labels", .kind = CONFIG_PAIRS, .doc = "labels of this node"},
    {.name = "slots",
     .kind = CONFIG_INT,
     .fallback = "1",
     .min = 1,
     .max = 1024,
     .doc = "tasks at a time; only 1 for now"},
    {.name = "data",
     .value = "DIR",
     .doc = "data directory (default: below XDG_STATE_HOME or /var/lib/baton)"},
    {.name = "log_level",
     .fallback = "info",
     .value = "LEVEL",
     .doc = "least important events to log: debug, info, warn, error"},
    {.name = "heartbeat",
     .kind = CONFIG_DURATION,
     .fallback = "2s",
     .min = MAIN_HEARTBEAT_MS_MIN,
     .max = MAIN_HEARTBEAT_MS_MAX,
     .doc = "pause between two signs of life"},
};
static const struct config_program main_program = {
    .name = "baton-worker",
    .summary = "run the tasks of a Baton cell on this node",
    .keys = main_keys,
    .key_count = sizeof main_keys / sizeof main_keys[0],
};

/* The host's name up to the first dot, with what a name can't hold turned into hyphens. */
static bool main_default_id(struct name *ret_id)
{
    char text[NAME_MAX_BYTES + 1] = "";
    (void)gethostname(text, sizeof text - 1);
    size_t len = strcspn(text, ".");
    for (size_t i = 0; i < len; i++) {
        if (!name_valid(bytes_of(&text[i], 1)))
            text[i] = '-';
    }
    return name_set(ret_id, bytes_of(text, len));
}

static bool main_complain(const char *what, const char *value)
{
    (void)fprintf(stderr, "baton-worker: %s: '%s'\n", what, value);
    return false;
}

static bool main_check(const struct config *config, struct name *ret_id, enum log_level *ret_level)
{
    const char *id = config_text(config, "id");
    const char *cell = config_text(config, "cell");
    const char *level = config_text(config, "log_level");
    if (id == NULL ? !main_default_id(ret_id) : !name_set(ret_id, bytes_of_text(id)))
        return main_complain("id: not a valid name (1 to 64 of A-Z a-z 0-9 _ -)",
                             id != NULL ? id : "");
    if (!name_valid(bytes_of_text(cell)))
        return main_complain("cell: not a valid name (1 to 64 of A-Z a-z 0-9 _ -)", cell);
    if (!log_level_parse(level, ret_level))
        return main_complain("log_level: expected debug, info, warn or error", level);
    if (config_int(config, "slots") != 1)
        return main_complain("slots: only 1 is supported for now", "more");
    for (const char *const *group = config_list(config, "groups"); *group != NULL; group++) {
        if (!name_valid(bytes_of_text(*group)))
            return main_complain("groups: not a valid name (1 to 64 of A-Z a-z 0-9 _ -)", *group);
    }
    return true;
}

static enum status main_work(const struct config *config, const char *id, const struct log *log,
                             struct error *err)
{
    AUTO(connect_done) struct connect connect = {0};
    AUTO(workdir_close) struct workdir workdir = {.lock_fd = -1};
    char runner[WORKDIR_PATH_MAX];
    const char *cell = config_text(config, "cell");
    enum status status = connect_from_config(config, environ, &connect, err);
    if (status == STATUS_OK)
        status = runner_find(runner, sizeof runner, err);
    if (status == STATUS_OK)
        status = workdir_open(&workdir, config_text(config, "data"), cell, id, err);
    if (status != STATUS_OK)
        return status;

    uv_loop_t loop;
    if (uv_loop_init(&loop) != 0)
        return ERROR(err, STATUS_IO, "no event loop");
    const struct register_options registration = {
        .loop = &loop,
        .log = log,
        .cell = cell,
        .node = id,
        .groups = config_list(config, "groups"),
        .labels = config_list(config, "labels"),
        .slots = 1,
        .heartbeat = config_duration(config, "heartbeat"),
    };
    char client[NAME_MAX_BYTES + 16];
    (void)snprintf(client, sizeof client, "baton-worker %s", id);
    struct loop_options options = {
        .loop = &loop,
        .log = log,
        .bus = {.name = client},
        .cell = cell,
        .node = id,
        .runner_program = runner,
        .workdir = &workdir,
        .registration = register_new(&registration),
    };
    if (options.registration == NULL)
        return ERROR(err, STATUS_NOMEM, "the registration");
    connect_fill(&connect, &options.bus);
    log_event(log, LOG_INFO, "worker.starting", LOG_TEXT("node", id), LOG_TEXT("cell", cell),
              LOG_TEXT("version", BATON_VERSION), LOG_TEXT("data", workdir.path),
              LOG_TEXT("runner", runner));
    struct worker worker;
    loop_init(&worker, &options);
    loop_run(&worker);
    (void)uv_loop_close(&loop);
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    struct config *config = NULL;
    const struct config_input input = {argc, argv, environ, stdout, stderr};
    enum config_next next = config_load(&main_program, &input, &config);
    if (next != CONFIG_RUN)
        return next == CONFIG_DONE ? EXIT_SUCCESS : MAIN_EXIT_USAGE;
    /* A runner or the bus that goes away is told by the call that meets it. */
    (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    struct name id;
    struct log log;
    struct error err = {0};
    enum log_level level = LOG_INFO;
    int exit_code = MAIN_EXIT_USAGE;
    if (main_check(config, &id, &level)) {
        log_init(&log, STDERR_FILENO, level);
        enum status status = main_work(config, id.text, &log, &err);
        if (status != STATUS_OK)
            log_event(&log, LOG_ERROR, "worker.failed", LOG_TEXT("node", id.text), LOG_ERR(&err));
        exit_code = status == STATUS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    config_free(config);
    return exit_code;
}
