/* child.h - the process of the task itself: from fork to exec or to a built-in action. Shell. */
#ifndef BATON_CHILD_H
#define BATON_CHILD_H

#include <sys/types.h>

#include "base/status.h"
#include "runner/proto.h"

/* What the child tells the runner over a pipe that a successful exec closes. */
enum child_word {
    CHILD_SILENT,        /* exec succeeded, or a built-in action had nothing to say */
    CHILD_NOT_FOUND,     /* the program or the directory does not exist */
    CHILD_DENIED,        /* not allowed to run it, enter it or become the user */
    CHILD_BAD_PARAMS,    /* of a built-in action */
    CHILD_ACTION_FAILED, /* a built-in action ended badly on purpose */
    CHILD_BROKEN         /* anything else that kept it from starting */
};

enum { CHILD_TEXT_MAX = 500 };

struct child_report {
    enum child_word word;
    char text[CHILD_TEXT_MAX + 1];
};

struct child {
    pid_t pid;
    int stdout_fd, stderr_fd; /* our ends, non-blocking */
    int report_fd;            /* our end; its EOF means that exec happened or the child is gone */
};

/**
 * Fork the task in a session of its own.
 *
 * @param ret_child [out] untouched on failure; the caller owns the descriptors.
 * @return OK | IO.
 */
enum status child_start(const Baton__V1__RunOrder *order, struct child *ret_child,
                        struct error *err) ATTR_MUST_USE;

/** Read what the child reported, without waiting; call when it has ended. */
struct child_report child_read_report(int report_fd);

/** Say something to the runner, from within the child. Cut to CHILD_TEXT_MAX. */
void child_say(int report_fd, enum child_word word, const char *format, ...) ATTR_PRINTF(3, 4);

#endif
