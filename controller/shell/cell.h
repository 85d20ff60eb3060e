/* cell.h - the cell as this controller's session sees it: what every part of the shell may use.
 * Shell.
 */
#ifndef BATON_CONTROLLER_CELL_H
#define BATON_CONTROLLER_CELL_H

#include "bus/bus.h"
#include "sys/log.h"

struct cell {
    uv_loop_t *loop;
    struct bus *bus;
    const struct log *log;
    const char *name;       /* prefix of every subject, stream and bucket */
    const char *controller; /* this controller's id */
    uint32_t replicas;
};

typedef void (*cell_ready_fn)(void *ctx, const struct error *err);
struct cell_ensuring;

/**
 * Create the streams and buckets of the cell, or compare those that exist with what is wanted.
 *
 * What the server refuses or does not answer is asked again for about ten seconds: a server that
 * has just started, or that makes the same stream for another controller, says no for a moment.
 *
 * @param done [in] called once: with NULL, or with the first thing that is not as it must be; never
 *                  when the session is lost.
 * @return to be freed, also in `done`, and before the session is closed.
 */
struct cell_ensuring *cell_ensure(const struct cell *cell, cell_ready_fn done, void *ctx);

/** Ask no more, and release; NULL is fine. */
void cell_ensuring_free(struct cell_ensuring *ensuring);

#endif
