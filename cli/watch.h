/* watch.h - one job from outside: until it ends, with or without its output meanwhile. Shell. */
#ifndef BATON_CLI_WATCH_H
#define BATON_CLI_WATCH_H

#include "base/name.h"
#include "lines.h"
#include "progress.h"
#include "session.h"

struct watch_options {
    bool output;       /* print what the tasks print */
    bool progress;     /* a line for each phase, on stderr */
    FILE *lines;       /* where the output goes */
    bool raw;          /* without the node in front */
    const char *node;  /* NULL: of all nodes */
    const bool *steps; /* NULL: of all steps; else `step_count` of them */
    uint32_t step_count;
    struct duration timeout; /* 0: none */
    bool mortal;             /* the cell ends with us, and the job with it */
};

struct watch {
    struct session *session;
    struct watch_options options;
    struct name id;
    struct lines lines;
    struct progress progress;
    struct bus_kv_watch *state_watch;
    struct bus_follow *output_follow;
    struct bus_subscription *events;
    struct instant deadline;
    uint64_t output_seq; /* last one printed */
    char state[24];      /* of the job, as its KV value says; "" until known */
    bool partial;
    bool ended;
    bool caught_up;
    bool started;
};

/**
 * Start to watch, possibly before the job exists. The timeout runs from now.
 *
 * @param id [in] the whole id.
 */
void watch_start(struct watch *watch, struct session *session, const char *id,
                 const struct watch_options *options);

/**
 * Wait until the job has ended and everything it printed has been printed here.
 *
 * @return the exit code of `job run --wait`: by the job's state, EXIT_TIMEOUT, EXIT_INTERRUPTED,
 *         EXIT_UNAVAILABLE; what is not the job's own has been said.
 */
int watch_run(struct watch *watch);

/**
 * Print the output that is stored now, and no more.
 *
 * @return EXIT_DONE, EXIT_INTERRUPTED or EXIT_UNAVAILABLE.
 */
int watch_stored(struct watch *watch);

/** Stop; a watch never started, all zero, is fine. Before session_done(). */
void watch_done(struct watch *watch);

#endif
