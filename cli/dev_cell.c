#include "dev_cell.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api.h"
#include "base/check.h"
#include "base/name.h"
#include "sys/clock.h"
#include "wire/subject.h"

enum {
    DEV_START_MS = 20000, /* for everything; normal is well below one second */
    DEV_POLL_MS = 5,
    DEV_WORKER_GRACE_MS = 2000, /* a worker finishes its task first, but not for ever */
    DEV_GRACE_MS = 2000,
    DEV_PATH_MAX = CHILD_PATH_MAX,
    DEV_ARGS_MAX = 20,
};

/* --- files ---------------------------------------------------------------------------------- */

static bool dev_cell_path(const struct dev_cell *cell, char path[DEV_PATH_MAX], const char *below,
                          const char *name, const char *ending)
{
    int len = snprintf(path, DEV_PATH_MAX, "%s/%s%s%s", cell->data, below, name, ending);
    return len > 0 && len < DEV_PATH_MAX;
}

static bool dev_cell_mkdir(const struct dev_cell *cell, const char *below)
{
    char path[DEV_PATH_MAX];
    return dev_cell_path(cell, path, below, "", "") && (mkdir(path, 0700) == 0 || errno == EEXIST);
}

static int dev_cell_directory(struct dev_cell *cell)
{
    const struct cli *cli = cell->cli;
    const char *base = cli_env(cli, "TMPDIR");
    char path[sizeof cell->data];
    int len = cell->options.data != NULL ? snprintf(path, sizeof path, "%s", cell->options.data)
                                         : snprintf(path, sizeof path, "%s/baton-dev-XXXXXX",
                                                    base != NULL ? base : "/tmp");
    if (len < 0 || (size_t)len >= sizeof path)
        return cli_fail(cli, EXIT_USAGE, "the data directory has too long a name");
    if (cell->options.data == NULL) {
        cell->temporary = mkdtemp(path) != NULL;
        if (!cell->temporary)
            return cli_fail(cli, EXIT_ERROR, "%s: %s", path, strerror(errno));
    } else if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return cli_fail(cli, EXIT_ERROR, "%s: %s", path, strerror(errno));
    }
    /* Absolute: the children get it, and their directory may be another one. */
    char *real = realpath(path, NULL);
    bool fits = real != NULL && strlen(real) < sizeof cell->data;
    if (fits)
        memcpy(cell->data, real, strlen(real) + 1);
    free(real);
    if (!fits || !dev_cell_mkdir(cell, "log"))
        return cli_fail(cli, EXIT_ERROR, "%s: %s", path, strerror(errno));
    return CLI_GO;
}

static int dev_cell_remove_one(const char *path, const struct stat *info, int kind,
                               struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    (void)remove(path);
    return 0;
}

/* --- programs ------------------------------------------------------------------------------- */

static bool dev_cell_is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* In a list of directories with colons. */
static bool dev_cell_search(const char *directories, const char *name, char path[DEV_PATH_MAX])
{
    while (directories != NULL && *directories != '\0') {
        size_t len = strcspn(directories, ":");
        int written = snprintf(path, DEV_PATH_MAX, "%.*s/%s", (int)len, directories, name);
        if (len > 0 && written > 0 && written < DEV_PATH_MAX && dev_cell_is_program(path))
            return true;
        directories += len + (directories[len] == ':');
    }
    return false;
}

/* Next to this program: installed, or in the build directory; then in the PATH. */
static int dev_cell_program(const struct dev_cell *cell, const char *name, char path[DEV_PATH_MAX])
{
    char own[DEV_PATH_MAX / 4];
    char near[DEV_PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", own, sizeof own - 1);
    if (len > 0) {
        own[len] = '\0';
        *strrchr(own, '/') = '\0';
        (void)snprintf(near, sizeof near, "%s:%s/../controller:%s/../worker", own, own, own);
        if (dev_cell_search(near, name, path))
            return CLI_GO;
    }
    if (dev_cell_search(cli_env(cell->cli, "PATH"), name, path) ||
        dev_cell_search("/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin", name, path))
        return CLI_GO;
    return cli_fail(cell->cli, EXIT_ERROR, "there is no %s next to this program or in the PATH",
                    name);
}

/* The children's environment: ours without what would connect them to another bus. */
static int dev_cell_environment(struct dev_cell *cell)
{
    static const char *const foreign[] = {
        "NATS_",     "BATON_SERVER=", "BATON_CONTEXT=", "BATON_CREDS=", "BATON_NKEY=",
        "BATON_TLS", "BATON_ID=",     "BATON_DATA=",    "BATON_CELL=",  "BATON_GROUPS="};
    size_t count = 0;
    size_t kept = 0;
    while (cell->cli->environment[count] != NULL)
        count++;
    cell->environment = calloc(count + 1, sizeof *cell->environment);
    if (cell->environment == NULL)
        return cli_fail(cell->cli, EXIT_ERROR, "out of memory");
    for (size_t i = 0; i < count; i++) {
        bool keep = true;
        for (size_t j = 0; j < sizeof foreign / sizeof foreign[0]; j++)
            keep = keep && strncmp(cell->cli->environment[i], foreign[j], strlen(foreign[j])) != 0;
        if (keep)
            cell->environment[kept++] = cell->cli->environment[i];
    }
    return CLI_GO;
}

/* `args` holds the program's name first and ends with NULL. */
static int dev_cell_spawn(struct dev_cell *cell, const char *name, const char *const *args)
{
    char program[DEV_PATH_MAX];
    char log[DEV_PATH_MAX];
    const char *argv[DEV_ARGS_MAX] = {program};
    struct error err = {.text = ""};
    int code = strchr(args[0], '/') != NULL ? CLI_GO : dev_cell_program(cell, args[0], program);
    if (code != CLI_GO)
        return code;
    if (strchr(args[0], '/') != NULL)
        argv[0] = args[0];
    for (size_t i = 1; args[i] != NULL; i++) {
        CHECK(i + 1 < DEV_ARGS_MAX);
        argv[i] = args[i];
    }
    if (!dev_cell_path(cell, log, "log/", name, ".log"))
        return cli_fail(cell->cli, EXIT_ERROR, "the data directory has too long a name");
    if (children_start(&cell->children, name, cell->options.verbose ? NULL : log,
                       (char *const *)(uintptr_t)argv, cell->environment, &err) != STATUS_OK)
        return cli_fail(cell->cli, EXIT_ERROR, "%s: %s", name, err.text);
    return CLI_GO;
}

static void dev_cell_ended(void *ctx, const struct child *child)
{
    struct dev_cell *cell = ctx;
    children_report(child, cell->cli->err);
    cell->wake = true;
    /* Later on a node or one of several controllers may fall: that is what a cell is for. */
    if (!cell->starting && strncmp(child->name, "nats-server", 11) != 0 &&
        children_alive(&cell->children, "controller") > 0)
        return;
    cell->broken = true;
    cell->session.interrupted = true;
}

/* --- the server ----------------------------------------------------------------------------- */

static int dev_cell_configure(const struct dev_cell *cell, const char *path)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return cli_fail(cell->cli, EXIT_ERROR, "%s: %s", path, strerror(errno));
    if (cell->options.port == 0)
        fputs("listen: \"127.0.0.1:-1\"\n", file);
    else
        fprintf(file, "listen: \"127.0.0.1:%u\"\n", cell->options.port);
    /* The limits are no reservations; the server's own guess may be too small for the streams. */
    fprintf(file,
            "ports_file_dir: \"%s\"\n"
            "jetstream {\n  store_dir: \"%s/nats\"\n  max_mem: 1GB\n  max_file: 100GB\n}\n",
            cell->data, cell->data);
    return fclose(file) == 0 ? CLI_GO : cli_fail(cell->cli, EXIT_ERROR, "%s: cannot write", path);
}

/* The server tells its port in a file, once it listens. */
static bool dev_cell_read_port(struct dev_cell *cell, const char *path)
{
    json_auto_t *ports = json_load_file(path, 0, NULL);
    const char *url = json_string_value(json_array_get(json_object_get(ports, "nats"), 0));
    if (url == NULL)
        return false;
    (void)snprintf(cell->url, sizeof cell->url, "%s", url);
    return true;
}

static int dev_cell_gone(const struct dev_cell *cell, const char *what)
{
    if (cell->broken)
        return EXIT_ERROR; /* reported already */
    if (cell->session.interrupted)
        return cli_fail(cell->cli, EXIT_INTERRUPTED, "interrupted");
    return cli_fail(cell->cli, EXIT_ERROR, "%s did not come up in %d s; logs: %s/log", what,
                    DEV_START_MS / 1000, cell->data);
}

static int dev_cell_server(struct dev_cell *cell, struct instant deadline)
{
    char config[DEV_PATH_MAX];
    char ports[DEV_PATH_MAX];
    char ending[48];
    const char *program = cell->options.nats_server;
    if (!dev_cell_path(cell, config, "nats-server", "", ".conf"))
        return cli_fail(cell->cli, EXIT_ERROR, "the data directory has too long a name");
    int code = dev_cell_configure(cell, config);
    const char *args[] = {program == NULL ? "nats-server" : program, "-c", config, NULL};
    if (code == CLI_GO)
        code = dev_cell_spawn(cell, "nats-server", args);
    if (code != CLI_GO)
        return code;
    /* The file is named after the executable and the process. */
    const char *name = program == NULL ? "nats-server" : program;
    const char *slash = strrchr(name, '/');
    (void)snprintf(ending, sizeof ending, "_%d.ports", (int)cell->children.list[0].pid);
    if (!dev_cell_path(cell, ports, "", slash == NULL ? name : slash + 1, ending))
        return cli_fail(cell->cli, EXIT_ERROR, "the data directory has too long a name");
    while (!dev_cell_read_port(cell, ports)) {
        if (cell->session.interrupted || instant_reached(clock_now(), deadline))
            return dev_cell_gone(cell, "nats-server");
        (void)session_pause(&cell->session, DURATION_MS(DEV_POLL_MS));
    }
    cell->session.connect.url = cell->url;
    while (!session_try(&cell->session, NULL)) {
        if (cell->session.interrupted || instant_reached(clock_now(), deadline))
            return dev_cell_gone(cell, "nats-server");
        (void)session_pause(&cell->session, DURATION_MS(DEV_POLL_MS));
    }
    return CLI_GO;
}

/* --- controllers and workers ---------------------------------------------------------------- */

/* A registration is a message as any other: this hears of it without a bucket to watch yet. */
static void dev_cell_beat(void *ctx, const struct bus_message *message)
{
    struct dev_cell *cell = ctx;
    (void)message;
    cell->beats++;
    cell->wake = cell->beats >= cell->beats_wanted;
}

static bool dev_cell_await_beats(struct dev_cell *cell, uint32_t count, struct instant deadline)
{
    cell->beats_wanted = count;
    cell->wake = cell->beats >= count;
    return session_pump(&cell->session, &cell->wake, deadline) == PUMP_DONE && !cell->broken;
}

/* @return whether the controller that answers knows all nodes as ready. */
static bool dev_cell_ready(struct dev_cell *cell)
{
    json_t *answer = NULL;
    size_t i;
    json_t *node;
    uint32_t ready = 0;
    if (!api_try(&cell->session, "node.list", json_object(), &answer))
        return false;
    json_array_foreach(json_object_get(answer, "nodes"), i, node)
    {
        ready += strcmp(out_text(node, "state", ""), "ready") == 0;
    }
    json_decref(answer);
    return ready >= cell->options.nodes;
}

/* Count the beats in a bucket from here on. */
static struct bus_subscription *dev_cell_listen(struct dev_cell *cell, enum cell_bucket in)
{
    char subject[SUBJECT_BYTES_MAX + 8];
    struct subject bucket = subject_bucket(cell->cli->cell, in);
    (void)snprintf(subject, sizeof subject, "$KV.%s.>", bucket.text);
    cell->beats = 0;
    cell->beats_wanted = UINT32_MAX;
    return bus_subscribe(cell->session.bus, subject, NULL, dev_cell_beat, cell);
}

static int dev_cell_controllers(struct dev_cell *cell, struct instant deadline)
{
    char name[CHILD_NAME_MAX];
    char id[32];
    struct bus_subscription *beats = dev_cell_listen(cell, CELL_CONTROLLERS);
    int code = CLI_GO;
    for (uint32_t i = 1; i <= cell->options.controllers && code == CLI_GO; i++) {
        (void)snprintf(id, sizeof id, "ctl-%u", i);
        (void)snprintf(name, sizeof name, "controller-%s", id);
        const char *args[] = {"baton-controller", "--id",          id,  "--server", cell->url,
                              "--cell",           cell->cli->cell, NULL};
        code = dev_cell_spawn(cell, name, args);
    }
    if (code == CLI_GO && !dev_cell_await_beats(cell, cell->options.controllers, deadline))
        code = dev_cell_gone(cell, "baton-controller");
    bus_unsubscribe(beats);
    return code;
}

static int dev_cell_worker(struct dev_cell *cell, uint32_t number)
{
    char name[CHILD_NAME_MAX];
    char id[32];
    char data[DEV_PATH_MAX];
    (void)snprintf(id, sizeof id, "node-%u", number);
    (void)snprintf(name, sizeof name, "worker-%s", id);
    if (!dev_cell_path(cell, data, id, "", "") || !dev_cell_mkdir(cell, id))
        return cli_fail(cell->cli, EXIT_ERROR, "%s/%s: %s", cell->data, id, strerror(errno));
    const char *args[DEV_ARGS_MAX] = {
        "baton-worker", "--id",          id,       "--server", cell->url,
        "--cell",       cell->cli->cell, "--data", data,       NULL};
    if (cell->options.groups != NULL && cell->options.groups[0] != '\0') {
        args[9] = "--groups";
        args[10] = cell->options.groups;
    }
    return dev_cell_spawn(cell, name, args);
}

static int dev_cell_workers(struct dev_cell *cell, struct instant deadline)
{
    struct bus_subscription *beats = dev_cell_listen(cell, CELL_WORKERS);
    int code = CLI_GO;
    for (uint32_t i = 1; i <= cell->options.nodes && code == CLI_GO; i++)
        code = dev_cell_worker(cell, i);
    if (code == CLI_GO && !dev_cell_await_beats(cell, cell->options.nodes, deadline))
        code = dev_cell_gone(cell, "baton-worker");
    bus_unsubscribe(beats);
    /* Registered is on the bus; known is in the controllers. Each of them may answer. */
    for (uint32_t good = 0; good < 2 * cell->options.controllers && code == CLI_GO;) {
        good = dev_cell_ready(cell) ? good + 1 : 0;
        if (cell->session.interrupted || instant_reached(clock_now(), deadline))
            code = dev_cell_gone(cell, "the API");
        else if (good == 0)
            (void)session_pause(&cell->session, DURATION_MS(DEV_POLL_MS));
    }
    return code;
}

/* --- the whole ------------------------------------------------------------------------------ */

int dev_cell_start(struct dev_cell *cell, const struct cli *cli,
                   const struct dev_cell_options *options)
{
    *cell = (struct dev_cell){.cli = cli, .options = *options, .starting = true};
    struct instant deadline = instant_add(clock_now(), DURATION_MS(DEV_START_MS));
    struct error err = {.text = ""};
    int code = session_init(&cell->session, cli);
    if (code == CLI_GO &&
        children_init(&cell->children, &cell->session, dev_cell_ended, cell, &err) != STATUS_OK)
        code = cli_fail(cli, EXIT_ERROR, "%s", err.text);
    if (code == CLI_GO)
        code = dev_cell_environment(cell);
    if (code == CLI_GO)
        code = dev_cell_directory(cell);
    if (code == CLI_GO)
        code = dev_cell_server(cell, deadline);
    if (code == CLI_GO)
        code = dev_cell_controllers(cell, deadline);
    if (code == CLI_GO)
        code = dev_cell_workers(cell, deadline);
    cell->starting = false;
    return code;
}

void dev_cell_stop(struct dev_cell *cell)
{
    if (cell->children.open) {
        children_stop(&cell->children, "worker", DURATION_MS(DEV_WORKER_GRACE_MS));
        children_kill_orphans(&cell->children);
        children_stop(&cell->children, "controller", DURATION_MS(DEV_GRACE_MS));
    }
    struct session *session = &cell->session;
    if (cell->children.open)
        children_stop(&cell->children, "nats-server", DURATION_MS(DEV_GRACE_MS));
    children_done(&cell->children);
    session_done(session);
    free(cell->environment);
    cell->environment = NULL;
    if (cell->temporary)
        (void)nftw(cell->data, dev_cell_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    cell->temporary = false;
}
