/* baton-controller: settings, signals, and one controller on one loop. */
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/name.h"
#include "shell/controller.h"
#include "sys/config.h"
#include "sys/connect.h"

static const struct config_key keys[] = {
    {.name = "id",
     .value = "NAME",
     .doc = "name of this controller (default: made of host and pid)"},
    {.name = "cell", .fallback = "baton", .value = "NAME", .doc = "the cell it serves"},
    {.name = "replicas",
     .kind = CONFIG_INT,
     .fallback = "1",
     .min = 1,
     .max = 5,
     .doc = "copies of every stream (more than 1 needs nats-server 2.10 or newer)"},
    {.name = "heartbeat",
     .kind = CONFIG_DURATION,
     .fallback = "1s",
     .min = 50,
     .max = 3600000,
     .doc = "how often it says that it is alive"},
    {.name = "dead_after",
     .kind = CONFIG_DURATION,
     .fallback = "3s",
     .min = 100,
     .max = 3600000,
     .doc = "silence after which another controller's jobs are taken over"},
    {.name = "worker_lost_after",
     .kind = CONFIG_DURATION,
     .fallback = "10s",
     .min = 100,
     .max = 86400000,
     .doc = "silence after which a node counts as lost"},
    {.name = "log_level",
     .fallback = "info",
     .value = "LEVEL",
     .doc = "debug, info, warn or error"},
    CONNECT_CONFIG_KEYS,
};

static const struct config_program program = {
    .name = "baton-controller",
    .summary = "drives the jobs of a cell; any number of them share the work",
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
};

struct main_signals {
    uv_signal_t term;
    uv_signal_t interrupt;
    struct controller *controller;
};

static void main_signal(uv_signal_t *handle, int number)
{
    struct main_signals *signals = handle->data;
    (void)number;
    uv_close((uv_handle_t *)&signals->term, NULL);
    uv_close((uv_handle_t *)&signals->interrupt, NULL);
    controller_stop(signals->controller);
}

static void main_catch_signals(uv_loop_t *loop, struct main_signals *signals)
{
    uv_signal_init(loop, &signals->term);
    uv_signal_init(loop, &signals->interrupt);
    signals->term.data = signals;
    signals->interrupt.data = signals;
    uv_signal_start(&signals->term, main_signal, SIGTERM);
    uv_signal_start(&signals->interrupt, main_signal, SIGINT);
    /* They don't keep the loop alive: a controller that gives up has nothing to wait for. */
    uv_unref((uv_handle_t *)&signals->term);
    uv_unref((uv_handle_t *)&signals->interrupt);
}

/* Hosts may share a name and restarts may come quickly: the pid keeps ids apart. */
static bool main_choose_id(const char *wanted, struct name *ret_id)
{
    if (wanted != NULL)
        return name_set(ret_id, bytes_of_text(wanted));
    char host[NAME_MAX_BYTES] = "";
    (void)gethostname(host, sizeof host - 1);
    for (char *c = host; *c != '\0'; c++) {
        if (!name_valid(bytes_of(c, 1)))
            *c = '\0'; /* the short name: what comes before the first dot */
    }
    char id[NAME_MAX_BYTES + 32];
    (void)snprintf(id, sizeof id, "ctl-%.40s-%d", host, (int)getpid());
    return name_set(ret_id, bytes_of_text(id));
}

static int main_run(const struct config *config, char *const *environment)
{
    struct log log;
    enum log_level level;
    struct name id;
    const char *cell = config_text(config, "cell");
    if (!log_level_parse(config_text(config, "log_level"), &level) ||
        !main_choose_id(config_text(config, "id"), &id) || !name_valid(bytes_of_text(cell))) {
        fprintf(stderr,
                "baton-controller: log_level must be debug, info, warn or error; id and cell "
                "1 to 64 of A-Z a-z 0-9 _ -\n");
        return 2;
    }
    log_init(&log, STDERR_FILENO, level);
    struct connect connect = {0};
    struct error err;
    if (connect_from_config(config, environment, &connect, &err) != STATUS_OK) {
        fprintf(stderr, "baton-controller: %s\n", err.text);
        return 2;
    }
    uv_loop_t loop;
    CHECK(uv_loop_init(&loop) == 0);
    struct controller_options options = {
        .loop = &loop,
        .log = &log,
        .id = id.text,
        .cell = cell,
        .bus = {.name = id.text},
        .replicas = (uint32_t)config_int(config, "replicas"),
        .beat_every = config_duration(config, "heartbeat"),
        .dead_after = config_duration(config, "dead_after"),
        .worker_lost_after = config_duration(config, "worker_lost_after"),
    };
    connect_fill(&connect, &options.bus);
    struct main_signals signals = {.controller = controller_new(&options)};
    main_catch_signals(&loop, &signals);
    uv_run(&loop, UV_RUN_DEFAULT);
    int exit_code = controller_free(signals.controller);
    if (!uv_is_closing((uv_handle_t *)&signals.term)) {
        uv_close((uv_handle_t *)&signals.term, NULL);
        uv_close((uv_handle_t *)&signals.interrupt, NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop) == 0);
    connect_done(&connect);
    return exit_code;
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0)
        return 1;
    struct config *config = NULL;
    const struct config_input input = {argc, argv, environ, stdout, stderr};
    switch (config_load(&program, &input, &config)) {
    case CONFIG_DONE:
        return 0;
    case CONFIG_WRONG:
        return 2;
    case CONFIG_RUN:
        break;
    }
    int exit_code = main_run(config, environ);
    config_free(config);
    return exit_code;
}
