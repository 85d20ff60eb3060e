/* submit.h - a job from its text to its end: what `job run` and `dev` have in common. Shell. */
#ifndef BATON_CLI_SUBMIT_H
#define BATON_CLI_SUBMIT_H

#include "base/buffer.h"
#include "session.h"

struct submit {
    struct buffer spec;
    const char *file; /* its name in messages */
    const char *id;   /* NULL: the controller makes one */
    const char *key;  /* idempotency key, or NULL */
    bool wait;        /* until the job has ended, then print it */
    bool follow;      /* with its output and progress */
    bool mortal;      /* the cell ends with this program */
    struct duration timeout;
};

void submit_done(struct submit *submit);

/** Read the spec from a file, "-" for stdin. @return CLI_GO, or the exit code. */
int submit_read(struct submit *submit, const struct cli *cli, const char *path);

/** Check the spec here, before any bus is asked. @return CLI_GO, or EXIT_USAGE with the findings
 * on stderr. */
int submit_check(const struct submit *submit, const struct cli *cli);

/** Submit, and wait if that is wanted. @return the exit code. */
int submit_run(const struct submit *submit, struct session *session);

#endif
