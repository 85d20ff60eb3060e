/* loop.h - the worker's session on the bus, its timers and signals. Shell. */
#ifndef BATON_LOOP_H
#define BATON_LOOP_H

#include "shell/worker.h"

struct loop_options {
    uv_loop_t *loop;
    const struct log *log;
    struct bus_options bus; /* texts are borrowed */
    const char *cell;
    const char *node;
    const char *runner_program;
    struct workdir *workdir;
    struct registration *registration;
};

/** Set up; nothing happens before loop_run(). */
void loop_init(struct worker *worker, const struct loop_options *options);

/** Connect and work until a signal says stop and the task at hand is done; then release. */
void loop_run(struct worker *worker);

#endif
