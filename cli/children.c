#include "children.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "sys/clock.h"

enum {
    CHILDREN_KILL_MS = 2000, /* for the kernel to take a killed process away */
    CHILDREN_POLL_MS = 10,
    CHILDREN_TAIL_BYTES = 4096,
    CHILDREN_TAIL_LINES = 10,
};

/* --- watching ------------------------------------------------------------------------------- */

static void children_reap(struct children *children)
{
    int wait_status;
    pid_t pid;
    /* All of them: libuv starts no processes here, and orphans end up with us too. */
    while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
        for (size_t i = 0; i < children->count; i++) {
            struct child *child = &children->list[i];
            if (child->pid != pid)
                continue;
            child->pid = 0;
            child->wait_status = wait_status;
            if (!child->stopping)
                children->ended(children->ctx, child);
        }
    }
}

static void children_signal(uv_signal_t *handle, int number)
{
    (void)number;
    children_reap(handle->data);
}

enum status children_init(struct children *children, struct session *session, children_fn ended,
                          void *ctx, struct error *err)
{
    *children = (struct children){.session = session, .ended = ended, .ctx = ctx};
    /* The tasks of a worker that was killed come to us, so that none is left behind. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        return ERROR(err, STATUS_IO, "prctl: %s", strerror(errno));
    if (uv_signal_init(&session->loop, &children->sigchld) != 0)
        return ERROR(err, STATUS_IO, "no signal handle");
    children->sigchld.data = children;
    children->open = true;
    if (uv_signal_start(&children->sigchld, children_signal, SIGCHLD) != 0)
        return ERROR(err, STATUS_IO, "cannot watch for SIGCHLD");
    return STATUS_OK;
}

/* Turn the loop for a moment, whatever the session thinks of it. */
static void children_wait(struct children *children, uint64_t ms)
{
    struct session *session = children->session;
    bool interrupted = session->interrupted;
    bool lost = session->lost;
    session->interrupted = false;
    session->lost = false;
    (void)session_pause(session, duration_ms(ms));
    session->interrupted = session->interrupted || interrupted;
    session->lost = session->lost || lost;
    children_reap(children);
}

/* --- starting ------------------------------------------------------------------------------- */

/* Between fork and exec: async-signal-safe calls only, for other threads may hold any lock. */
ATTR_NORETURN static void children_exec(pid_t parent, int out, char *const *argv,
                                        char *const *environment)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    const struct sigaction usual = {.sa_handler = SIG_DFL};
    (void)sigaction(SIGPIPE, &usual, NULL);
    /* A group of its own: Ctrl-C is for us, and we stop things in their order. */
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (getppid() != parent || in < 0 || dup2(in, STDIN_FILENO) < 0 ||
        dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0 ||
        close_range(STDERR_FILENO + 1, ~0u, 0) != 0)
        _exit(126);
    (void)execve(argv[0], argv, environment);
    _exit(127);
}

static struct child *children_add(struct children *children)
{
    if (children->count == children->capacity) {
        size_t capacity = children->capacity == 0 ? 8 : children->capacity * 2;
        struct child *list = realloc(children->list, capacity * sizeof *list);
        if (list == NULL)
            return NULL;
        children->list = list;
        children->capacity = capacity;
    }
    children->list[children->count] = (struct child){.pid = 0};
    return &children->list[children->count];
}

enum status children_start(struct children *children, const char *name, const char *log,
                           char *const *argv, char *const *environment, struct error *err)
{
    struct child *child = children_add(children);
    if (child == NULL)
        return ERROR(err, STATUS_NOMEM, "out of memory");
    (void)snprintf(child->name, sizeof child->name, "%s", name);
    (void)snprintf(child->log, sizeof child->log, "%s", log == NULL ? "" : log);
    int out = log == NULL ? dup(STDERR_FILENO)
                          : open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (out < 0)
        return ERROR(err, STATUS_IO, "%s: %s", log == NULL ? "stderr" : log, strerror(errno));
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        children_exec(parent, out, argv, environment);
    int why = errno;
    (void)close(out);
    if (pid < 0)
        return ERROR(err, STATUS_IO, "fork: %s", strerror(why));
    child->pid = pid;
    children->count++;
    return STATUS_OK;
}

/* --- stopping ------------------------------------------------------------------------------- */

static bool children_is(const struct child *child, const char *prefix)
{
    return child->pid != 0 && strncmp(child->name, prefix, strlen(prefix)) == 0;
}

size_t children_alive(const struct children *children, const char *prefix)
{
    size_t alive = 0;
    for (size_t i = 0; i < children->count; i++)
        alive += children_is(&children->list[i], prefix);
    return alive;
}

static void children_signal_all(struct children *children, const char *prefix, int number)
{
    for (size_t i = 0; i < children->count; i++) {
        struct child *child = &children->list[i];
        if (!children_is(child, prefix))
            continue;
        child->stopping = true;
        (void)kill(child->pid, number); /* it may have ended just now */
    }
}

static void children_await(struct children *children, const char *prefix, struct duration bound)
{
    struct instant deadline = instant_add(clock_now(), bound);
    while (children_alive(children, prefix) > 0 && !instant_reached(clock_now(), deadline))
        children_wait(children, CHILDREN_POLL_MS);
}

void children_stop(struct children *children, const char *prefix, struct duration grace)
{
    children_signal_all(children, prefix, SIGTERM);
    children_await(children, prefix, grace);
    children_signal_all(children, prefix, SIGKILL);
    children_await(children, prefix, DURATION_MS(CHILDREN_KILL_MS));
}

static bool children_has(const struct children *children, pid_t pid)
{
    for (size_t i = 0; i < children->count; i++) {
        if (children->list[i].pid == pid)
            return true;
    }
    return false;
}

/* @return the parent of a process, 0 if it is gone. */
static pid_t children_parent_of(pid_t pid)
{
    char path[64];
    char text[512] = "";
    int parent = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    size_t len = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[len] = '\0';
    /* The name in parentheses may hold anything, so look behind the last one. */
    const char *behind = strrchr(text, ')');
    if (behind == NULL || sscanf(behind + 1, " %*c %d", &parent) != 1)
        return 0;
    return parent;
}

/* @return how many orphans were found and killed. */
static size_t children_kill_once(const struct children *children)
{
    size_t killed = 0;
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid <= 0 || children_parent_of(pid) != getpid() || children_has(children, pid))
            continue;
        (void)kill(pid, SIGKILL);
        killed++;
    }
    if (proc != NULL)
        (void)closedir(proc);
    return killed;
}

void children_kill_orphans(struct children *children)
{
    /* Killing a parent makes its children ours: again, until there are none. */
    struct instant deadline = instant_add(clock_now(), DURATION_MS(CHILDREN_KILL_MS));
    children_reap(children);
    while (children_kill_once(children) > 0 && !instant_reached(clock_now(), deadline))
        children_wait(children, CHILDREN_POLL_MS);
}

void children_done(struct children *children)
{
    if (!children->open)
        return;
    children_signal_all(children, "", SIGKILL);
    children_await(children, "", DURATION_MS(CHILDREN_KILL_MS));
    children_kill_orphans(children);
    uv_close((uv_handle_t *)&children->sigchld, NULL);
    (void)uv_run(&children->session->loop, UV_RUN_NOWAIT);
    free(children->list);
    *children = (struct children){.session = NULL};
}

/* --- telling -------------------------------------------------------------------------------- */

void children_report(const struct child *child, FILE *file)
{
    char text[CHILDREN_TAIL_BYTES + 1] = "";
    int how = child->wait_status;
    if (WIFSIGNALED(how))
        fprintf(file, "baton: %s was killed by signal %d\n", child->name, WTERMSIG(how));
    else
        fprintf(file, "baton: %s ended with exit code %d\n", child->name, WEXITSTATUS(how));
    FILE *log = child->log[0] == '\0' ? NULL : fopen(child->log, "re");
    if (log == NULL)
        return;
    if (fseek(log, -CHILDREN_TAIL_BYTES, SEEK_END) != 0)
        (void)fseek(log, 0, SEEK_SET);
    size_t len = fread(text, 1, CHILDREN_TAIL_BYTES, log);
    (void)fclose(log);
    while (len > 0 && text[len - 1] == '\n')
        len--;
    text[len] = '\0';
    const char *start = text + len;
    for (int lines = 0; start > text && lines < CHILDREN_TAIL_LINES; start--)
        lines += start[-1] == '\n';
    start += *start == '\n';
    if (len > 0)
        fprintf(file, "the end of %s:\n%s\n", child->log, start);
}
