/* children.h - the processes of `baton dev`: started, watched, and all gone at the end. Shell. */
#ifndef BATON_CLI_CHILDREN_H
#define BATON_CLI_CHILDREN_H

#include <sys/types.h>
#include <uv.h>

#include "base/status.h"
#include "session.h"

enum { CHILD_NAME_MAX = 80, CHILD_PATH_MAX = 4096 };

struct child {
    char name[CHILD_NAME_MAX];
    pid_t pid; /* 0: gone */
    int wait_status;
    bool stopping;            /* its end is no news */
    char log[CHILD_PATH_MAX]; /* "" when it writes to our stderr */
};

typedef void (*children_fn)(void *ctx, const struct child *child);

struct children {
    struct session *session;
    uv_signal_t sigchld;
    struct child *list;
    size_t count, capacity;
    children_fn ended; /* a child has ended by itself */
    void *ctx;
    bool open;
};

/**
 * Become the parent of every orphan below this process, and watch for ends.
 *
 * @param session [in] open for as long as the children are.
 */
enum status children_init(struct children *children, struct session *session, children_fn ended,
                          void *ctx, struct error *err) ATTR_MUST_USE;

/** Kill what is left, whatever it is, and wait for it. All zero is fine. Before session_done(). */
void children_done(struct children *children);

/**
 * Start a program in a process group of its own; it dies with this process.
 *
 * @param name        [in] for people.
 * @param log         [in] file for its stdout and stderr, NULL: our stderr.
 * @param argv        [in] argv[0] is the path of the program; ends with NULL.
 * @param environment [in] ends with NULL.
 */
enum status children_start(struct children *children, const char *name, const char *log,
                           char *const *argv, char *const *environment,
                           struct error *err) ATTR_MUST_USE;

/** @return how many of the children whose names begin with `prefix` live. */
size_t children_alive(const struct children *children, const char *prefix);

/** Ask them to end (SIGTERM), wait, then make them (SIGKILL), and wait. */
void children_stop(struct children *children, const char *prefix, struct duration grace);

/** Kill every process that lost its parent and has become ours: the tasks of killed workers. */
void children_kill_orphans(struct children *children);

/** Print how a child ended and the last lines of its log. */
void children_report(const struct child *child, FILE *file);

#endif
