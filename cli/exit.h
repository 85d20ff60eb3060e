/* exit.h - what the exit code of `baton` says. Part of the outside contract. Pure. */
#ifndef BATON_CLI_EXIT_H
#define BATON_CLI_EXIT_H

enum exit_code {
    EXIT_DONE = 0,
    EXIT_ERROR = 1,      /* internal or remote error */
    EXIT_USAGE = 2,      /* wrong arguments, or a spec that does not validate */
    EXIT_JOB_FAILED = 3, /* failed, or completed partly */
    EXIT_NOT_FOUND = 4,
    EXIT_CONFLICT = 5, /* id taken, already terminal */
    EXIT_DENIED = 6,
    EXIT_UNAVAILABLE = 7, /* no bus, or no controller answered */
    EXIT_TIMEOUT = 8,     /* --timeout passed; the job goes on */
    EXIT_REFUSED = 9,     /* no target, or the queue is full */
    EXIT_JOB_CANCELLED = 10,
    EXIT_INTERRUPTED = 130, /* the job goes on */
};

#endif
