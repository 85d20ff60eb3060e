#include "shell/workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status workdir_join(char *ret_path, const char *directory, const char *name,
                                struct error *err)
{
    int len = snprintf(ret_path, WORKDIR_PATH_MAX, "%s/%s", directory, name);
    if (len < 0 || len >= WORKDIR_PATH_MAX)
        return ERROR(err, STATUS_LIMIT, "%.200s/...: the path is too long", directory);
    return STATUS_OK;
}

/* Create a directory and those above it. */
static bool workdir_create(const char *path)
{
    char partial[WORKDIR_PATH_MAX];
    for (size_t i = 1; i < sizeof partial; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(partial, path, i);
        partial[i] = '\0';
        if (mkdir(partial, 0755) != 0 && errno != EEXIST)
            return false;
        if (path[i] == '\0')
            return access(path, W_OK | X_OK) == 0;
    }
    return false;
}

static enum status workdir_choose(struct workdir *workdir, const char *wanted, const char *cell,
                                  const char *id, struct error *err)
{
    char *path = workdir->path;
    const char *state = getenv("XDG_STATE_HOME");
    int len = 0;
    if (wanted != NULL && wanted[0] != '/') {
        char here[WORKDIR_PATH_MAX];
        if (getcwd(here, sizeof here) == NULL)
            return ERROR(err, STATUS_IO, "the current directory: %s", strerror(errno));
        len = snprintf(path, WORKDIR_PATH_MAX, "%s/%s", here, wanted);
    } else if (wanted != NULL) {
        len = snprintf(path, WORKDIR_PATH_MAX, "%s", wanted);
    } else {
        len = snprintf(path, WORKDIR_PATH_MAX, "%s/baton/%s/%s",
                       state != NULL && state[0] == '/' ? state : "/var/lib", cell, id);
    }
    if (len < 0 || len >= WORKDIR_PATH_MAX)
        return ERROR(err, STATUS_LIMIT, "the data directory's name is too long");
    while (len > 1 && path[len - 1] == '/')
        path[--len] = '\0';
    if (workdir_create(path))
        return STATUS_OK;
    if (wanted != NULL)
        return ERROR(err, STATUS_IO, "data directory %.300s: %s", path, strerror(errno));
    (void)snprintf(path, WORKDIR_PATH_MAX, "/tmp/baton-%s-XXXXXX", id);
    workdir->temporary = true;
    if (mkdtemp(path) == NULL)
        return ERROR(err, STATUS_IO, "a temporary data directory: %s", strerror(errno));
    return STATUS_OK;
}

void workdir_remove(const char *path)
{
    static const char *const names[] = {"spool", "exit", "exit.new"};
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlinkat(fd, names[i], 0);
    (void)close(fd);
    (void)rmdir(path);
}

/* An attempt of an earlier life whose runner has finished is of no use any more; one that is still
 * running keeps its directory. */
static void workdir_sweep(const char *runs)
{
    DIR *directory = opendir(runs);
    if (directory == NULL)
        return;
    const struct dirent *entry = NULL;
    while ((entry = readdir(directory)) != NULL) {
        char path[WORKDIR_PATH_MAX];
        char record[WORKDIR_PATH_MAX];
        if (entry->d_name[0] != '.' && workdir_join(path, runs, entry->d_name, NULL) == STATUS_OK &&
            workdir_join(record, path, "exit", NULL) == STATUS_OK && access(record, F_OK) == 0)
            workdir_remove(path);
    }
    (void)closedir(directory);
}

enum status workdir_open(struct workdir *workdir, const char *wanted, const char *cell,
                         const char *id, struct error *err)
{
    char path[WORKDIR_PATH_MAX];
    *workdir = (struct workdir){.lock_fd = -1};
    enum status status = workdir_choose(workdir, wanted, cell, id, err);
    if (status == STATUS_OK)
        status = workdir_join(path, workdir->path, "lock", err);
    if (status != STATUS_OK)
        return status;
    workdir->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (workdir->lock_fd < 0)
        return ERROR(err, STATUS_IO, "open %.300s: %s", path, strerror(errno));
    if (flock(workdir->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        (void)close(workdir->lock_fd);
        workdir->lock_fd = -1;
        return ERROR(err, STATUS_CONFLICT, "another worker uses the data directory %.300s",
                     workdir->path);
    }
    status = workdir_join(path, workdir->path, "runs", err);
    if (status != STATUS_OK)
        return status;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return ERROR(err, STATUS_IO, "create %.300s: %s", path, strerror(errno));
    workdir_sweep(path);
    return STATUS_OK;
}

void workdir_close(struct workdir *workdir)
{
    char path[WORKDIR_PATH_MAX];
    if (workdir->lock_fd < 0)
        return;
    if (workdir->temporary && workdir_join(path, workdir->path, "runs", NULL) == STATUS_OK &&
        rmdir(path) == 0 && workdir_join(path, workdir->path, "lock", NULL) == STATUS_OK &&
        unlink(path) == 0)
        (void)rmdir(workdir->path);
    (void)close(workdir->lock_fd);
    workdir->lock_fd = -1;
}

enum status workdir_make(const struct workdir *workdir, const struct attempt_key *key,
                         const char *claim, char *ret_path, struct error *err)
{
    int len = snprintf(ret_path, WORKDIR_PATH_MAX, "%s/runs/%s.%u.%u.%s", workdir->path,
                       key->job.text, key->step, key->attempt, claim);
    if (len < 0 || len >= WORKDIR_PATH_MAX)
        return ERROR(err, STATUS_LIMIT, "the attempt's directory: its name is too long");
    workdir_remove(ret_path);
    if (mkdir(ret_path, 0700) != 0)
        return ERROR(err, STATUS_IO, "create %.300s: %s", ret_path, strerror(errno));
    return STATUS_OK;
}
