/* controller.h - one controller process: a session on the bus, the parts that live in it, and their
 * renewal when it is lost. Shell. */
#ifndef BATON_CONTROLLER_H
#define BATON_CONTROLLER_H

#include "bus/bus.h"
#include "sys/log.h"

struct controller;

struct controller_options {
    uv_loop_t *loop;
    const struct log *log;
    const char *id;
    const char *cell;
    struct bus_options bus; /* texts borrowed for the controller's life */
    uint32_t replicas;
    struct duration beat_every;
    struct duration dead_after;
    struct duration worker_lost_after;
};

/** Connect, and keep at it. */
struct controller *controller_new(const struct controller_options *options);

/** Hand all jobs over and let the loop run out. Twice is once. */
void controller_stop(struct controller *controller);

/** @return 0, or 1 if it had to give up: the log says why. After the loop has run out. */
int controller_free(struct controller *controller);

#endif
