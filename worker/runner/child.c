#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "runner/builtin.h"

enum {
    CHILD_EXIT_NOT_FOUND = 127, /* as shells have it */
    CHILD_EXIT_DENIED = 126,
    CHILD_FD_FIRST_FREE = 3,
};

void child_say(int report_fd, enum child_word word, const char *format, ...)
{
    struct child_report report = {.word = word};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(report.text, sizeof report.text, format, args);
    va_end(args);
    /* Shorter than PIPE_BUF, so it is written whole; if it can't be, the exit code still speaks. */
    _Static_assert(sizeof report <= 4096, "one atomic write");
    ssize_t written = write(report_fd, &report, sizeof report);
    (void)written;
}

struct child_report child_read_report(int report_fd)
{
    struct child_report report = {.word = CHILD_SILENT};
    ssize_t got = read(report_fd, &report, sizeof report);
    if (got != (ssize_t)sizeof report || report.word > CHILD_BROKEN)
        return (struct child_report){.word = CHILD_SILENT};
    report.text[CHILD_TEXT_MAX] = '\0';
    return report;
}

ATTR_NORETURN static void child_give_up(int report_fd, int error, const char *what,
                                        const char *name)
{
    bool not_found = error == ENOENT || error == ENOTDIR;
    enum child_word word = not_found ? CHILD_NOT_FOUND : CHILD_BROKEN;
    if (error == EACCES || error == EPERM || error == ENOEXEC)
        word = CHILD_DENIED;
    child_say(report_fd, word, "%s '%.300s': %s", what, name, strerror(error));
    _exit(not_found ? CHILD_EXIT_NOT_FOUND : CHILD_EXIT_DENIED);
}

static int child_stdin(const Baton__V1__RunOrder *order)
{
    if (order->stdin.len == 0)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    /* A file in memory: nobody has to feed a pipe, and the task may read it when it likes. */
    int fd = memfd_create("stdin", MFD_CLOEXEC);
    size_t done = 0;
    while (fd >= 0 && done < order->stdin.len) {
        ssize_t wrote = write(fd, order->stdin.data + done, order->stdin.len - done);
        if (wrote < 0 && errno != EINTR) {
            (void)close(fd);
            return -1;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    if (fd >= 0 && lseek(fd, 0, SEEK_SET) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void child_become(const struct passwd *user, int report_fd)
{
    if (user == NULL)
        return;
    if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
        setuid(user->pw_uid) != 0) {
        child_say(report_fd, CHILD_DENIED, "become user '%.64s': %s", user->pw_name,
                  strerror(errno));
        _exit(CHILD_EXIT_DENIED);
    }
}

static const char *child_getenv(char *const *env, const char *name)
{
    size_t len = strlen(name);
    for (; *env != NULL; env++) {
        if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
            return *env + len + 1;
    }
    return NULL;
}

static bool child_env_default(char ***end, char **env, const char *name, const char *value)
{
    if (child_getenv(env, name) != NULL)
        return true;
    **end = NULL;
    if (asprintf(*end, "%s=%s", name, value) < 0)
        return false;
    *++*end = NULL;
    return true;
}

/* The order's environment, and who one is where it does not say. Never freed: exec or _exit comes
 * next. */
static char **child_environment(const Baton__V1__RunOrder *order, const struct passwd *user)
{
    char **env = calloc(order->n_env + 4, sizeof *env);
    if (env == NULL)
        return NULL;
    memcpy(env, order->env, order->n_env * sizeof *env);
    char **end = env + order->n_env;
    const struct passwd *self = user != NULL ? user : getpwuid(getuid());
    if (self != NULL && (!child_env_default(&end, env, "HOME", self->pw_dir) ||
                         !child_env_default(&end, env, "USER", self->pw_name) ||
                         !child_env_default(&end, env, "LOGNAME", self->pw_name)))
        return NULL;
    return env;
}

/* execvpe() would look into our own PATH, and hand a file without a magic number to a shell. */
ATTR_NORETURN static void child_exec(const Baton__V1__RunOrder *order, char **env, int report_fd)
{
    char **argv = calloc(order->n_argv + 1, sizeof *argv);
    if (argv == NULL)
        child_give_up(report_fd, ENOMEM, "run", order->argv[0]);
    memcpy(argv, order->argv, order->n_argv * sizeof *argv);
    if (strchr(argv[0], '/') != NULL) {
        (void)execve(argv[0], argv, env);
        child_give_up(report_fd, errno, "run", argv[0]);
    }
    int worst = ENOENT;
    const char *path = child_getenv(env, "PATH");
    for (const char *at = path != NULL ? path : "/usr/bin:/bin"; at != NULL;) {
        const char *colon = strchr(at, ':');
        int len = colon != NULL ? (int)(colon - at) : (int)strlen(at);
        char full[4096];
        int wrote = snprintf(full, sizeof full, "%.*s/%s", len, len > 0 ? at : ".", argv[0]);
        if (len == 0)
            wrote = snprintf(full, sizeof full, "./%s", argv[0]);
        if (wrote > 0 && (size_t)wrote < sizeof full) {
            (void)execve(full, argv, env);
            if (errno != ENOENT && errno != ENOTDIR)
                worst = errno;
        }
        at = colon != NULL ? colon + 1 : NULL;
    }
    child_give_up(report_fd, worst, "run", argv[0]);
}

static void child_reset_signals(void)
{
    for (int signal = 1; signal < NSIG; signal++) {
        if (signal != SIGKILL && signal != SIGSTOP)
            (void)sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    }
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

ATTR_NORETURN static void child_run(const Baton__V1__RunOrder *order, const int fds[3],
                                    int report_fd)
{
    (void)setsid();
    child_reset_signals();
    for (int i = 0; i < 3; i++) {
        if (dup2(fds[i], i) < 0)
            child_give_up(report_fd, errno, "connect", "standard streams");
    }
    (void)close_range(CHILD_FD_FIRST_FREE, ~0u, CLOSE_RANGE_CLOEXEC);
    const struct passwd *user = NULL;
    if (order->user[0] != '\0') {
        user = getpwnam(order->user);
        if (user == NULL) {
            child_say(report_fd, CHILD_DENIED, "there is no user '%.64s'", order->user);
            _exit(CHILD_EXIT_DENIED);
        }
    }
    char **env = child_environment(order, user);
    if (env == NULL)
        child_give_up(report_fd, ENOMEM, "prepare", "environment");
    child_become(user, report_fd);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        child_give_up(report_fd, errno, "set", "no-new-privileges");
    /* Should the runner be killed, the task must not outlive it unseen. (A change of user above
     * would have cleared this.) */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (order->cwd[0] != '\0' && chdir(order->cwd) != 0)
        child_give_up(report_fd, errno, "enter", order->cwd);
    if (strcmp(order->backend, "exec") != 0)
        builtin_run(order->backend, order->action, order->params, report_fd);
    if (order->n_argv == 0) {
        child_say(report_fd, CHILD_BAD_PARAMS, "there is no command");
        _exit(CHILD_EXIT_NOT_FOUND);
    }
    child_exec(order, env, report_fd);
}

struct child_pipes {
    int in;
    int out[2], err[2], report[2]; /* read end, write end */
};

static void child_pipes_done(struct child_pipes *pipes)
{
    int *all[] = {&pipes->in,     &pipes->out[0],    &pipes->out[1],   &pipes->err[0],
                  &pipes->err[1], &pipes->report[0], &pipes->report[1]};
    for (unsigned i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (*all[i] >= 0)
            (void)close(*all[i]);
        *all[i] = -1;
    }
}

static bool child_pipes_open(struct child_pipes *pipes, const Baton__V1__RunOrder *order)
{
    pipes->in = child_stdin(order);
    return pipes->in >= 0 && pipe2(pipes->out, O_CLOEXEC) == 0 &&
           pipe2(pipes->err, O_CLOEXEC) == 0 && pipe2(pipes->report, O_CLOEXEC) == 0 &&
           fcntl(pipes->out[0], F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(pipes->err[0], F_SETFL, O_NONBLOCK) == 0 &&
           fcntl(pipes->report[0], F_SETFL, O_NONBLOCK) == 0;
}

static int child_take(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

enum status child_start(const Baton__V1__RunOrder *order, struct child *ret_child,
                        struct error *err)
{
    AUTO(child_pipes_done)
    struct child_pipes pipes = {.in = -1, .out = {-1, -1}, .err = {-1, -1}, .report = {-1, -1}};
    if (!child_pipes_open(&pipes, order))
        return ERROR(err, STATUS_IO, "pipes for the task: %s", strerror(errno));
    (void)fflush(NULL);
    /* Blocked until the child has its own dispositions: a TERM that comes sooner waits for that
     * instead of being ignored as the runner ignores it. */
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (pid != 0)
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0)
        return ERROR(err, STATUS_IO, "fork: %s", strerror(errno));
    if (pid == 0)
        child_run(order, (const int[3]){pipes.in, pipes.out[1], pipes.err[1]}, pipes.report[1]);
    *ret_child = (struct child){
        .pid = pid,
        .stdout_fd = child_take(&pipes.out[0]),
        .stderr_fd = child_take(&pipes.err[0]),
        .report_fd = child_take(&pipes.report[0]),
    };
    return STATUS_OK;
}
