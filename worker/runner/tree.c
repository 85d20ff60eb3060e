#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"

enum {
    TREE_FREEZE_ROUNDS_MAX = 64, /* a fork bomb is frozen in a few; the killing repeats anyway */
    TREE_PROCESSES_MAX = 4 * 1024 * 1024, /* the kernel's own limit of pids */
};

struct process {
    pid_t pid;
    pid_t parent;
    char state;
    unsigned long long started; /* ticks since boot: tells a pid from its next bearer */
    bool ours;
};

struct tree {
    struct process *processes;
    size_t count;
    size_t capacity;
};

static void tree_done(struct tree *tree)
{
    free(tree->processes);
    *tree = (struct tree){0};
}

static bool tree_read_process(int proc_fd, const char *name, struct process *ret_process)
{
    char path[64];
    char text[1024];
    int len = snprintf(path, sizeof path, "%.32s/stat", name);
    CHECK(len > 0 && (size_t)len < sizeof path);
    int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (got <= 0)
        return false;
    text[got] = '\0';
    /* The command's name stands in brackets and may itself hold brackets and blanks. */
    const char *after = strrchr(text, ')');
    struct process process = {.pid = (pid_t)strtol(name, NULL, 10)};
    int parent = 0;
    if (after == NULL || sscanf(after + 1,
                                " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
                                "%*d %*d %*d %llu",
                                &process.state, &parent, &process.started) != 3)
        return false;
    process.parent = (pid_t)parent;
    *ret_process = process;
    return true;
}

static enum status tree_add(struct tree *tree, struct process process)
{
    if (tree->count == tree->capacity) {
        size_t capacity = tree->capacity == 0 ? 256 : tree->capacity * 2;
        if (capacity > TREE_PROCESSES_MAX)
            return STATUS_LIMIT;
        struct process *grown = realloc(tree->processes, capacity * sizeof *grown);
        if (grown == NULL)
            return STATUS_NOMEM;
        tree->processes = grown;
        tree->capacity = capacity;
    }
    tree->processes[tree->count++] = process;
    return STATUS_OK;
}

static bool tree_is_ours(const struct tree *tree, pid_t pid, pid_t self)
{
    if (pid == self)
        return true;
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->processes[i].pid == pid)
            return tree->processes[i].ours;
    }
    return false;
}

/* Parents are mostly older and so come first; repeat until nothing changes for those that don't. */
static void tree_mark(struct tree *tree)
{
    pid_t self = getpid();
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t i = 0; i < tree->count; i++) {
            struct process *process = &tree->processes[i];
            if (!process->ours && tree_is_ours(tree, process->parent, self)) {
                process->ours = true;
                changed = true;
            }
        }
    }
}

static enum status tree_scan(struct tree *tree, struct error *err)
{
    tree->count = 0;
    DIR *proc = opendir("/proc");
    if (proc == NULL)
        return ERROR(err, STATUS_IO, "open /proc: %s", strerror(errno));
    enum status status = STATUS_OK;
    const struct dirent *entry = NULL;
    while (status == STATUS_OK && (entry = readdir(proc)) != NULL) {
        struct process process;
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
            tree_read_process(dirfd(proc), entry->d_name, &process))
            status = tree_add(tree, process);
    }
    (void)closedir(proc);
    if (status != STATUS_OK)
        return ERROR(err, status, "the list of processes: %s", status_text(status));
    tree_mark(tree);
    return STATUS_OK;
}

/* A pid that was freed and given to a stranger since the scan is not signalled: the descriptor
 * pins the process, then its start time is compared. */
static void tree_signal(const struct process *process, int signal)
{
    int fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    if (fd < 0)
        return;
    int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char name[32];
    (void)snprintf(name, sizeof name, "%d", (int)process->pid);
    struct process again;
    if (proc_fd >= 0 && tree_read_process(proc_fd, name, &again) &&
        again.started == process->started)
        (void)syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
    if (proc_fd >= 0)
        (void)close(proc_fd);
    (void)close(fd);
}

static bool tree_runs(const struct process *process)
{
    return process->ours && strchr("TtZXx", process->state) == NULL;
}

enum status tree_kill(struct error *err)
{
    AUTO(tree_done) struct tree tree = {0};
    bool running = true;
    for (unsigned round = 0; running && round < TREE_FREEZE_ROUNDS_MAX; round++) {
        enum status status = tree_scan(&tree, err);
        if (status != STATUS_OK)
            return status;
        running = false;
        for (size_t i = 0; i < tree.count; i++) {
            if (!tree_runs(&tree.processes[i]))
                continue;
            tree_signal(&tree.processes[i], SIGSTOP);
            running = true;
        }
    }
    for (size_t i = 0; i < tree.count; i++) {
        if (tree.processes[i].ours && tree.processes[i].state != 'Z')
            tree_signal(&tree.processes[i], SIGKILL);
    }
    return STATUS_OK;
}

bool tree_reap(pid_t child, int *ret_status, bool *ret_ended)
{
    for (;;) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);
        if (pid < 0 && errno == EINTR)
            continue;
        if (pid < 0) {
            CHECK(errno == ECHILD);
            return true;
        }
        if (pid == 0)
            return false;
        if (pid == child) {
            *ret_status = status;
            *ret_ended = true;
        }
    }
}
