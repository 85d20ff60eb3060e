/* runner_port.h - one baton-runner as its worker sees it: started, told to kill, listened to.
 * Shell. */
#ifndef BATON_RUNNER_PORT_H
#define BATON_RUNNER_PORT_H

#include <uv.h>

#include "base/status.h"
#include "runner/proto.h"

struct runner;

struct runner_events {
    /** The spool has grown. */
    void (*grown)(void *ctx);
    /**
     * The runner has ended, called once, never before runner_start() returned.
     *
     * @param take_outcome [in] the callee's to free; NULL if the runner left none.
     */
    void (*exited)(void *ctx, Baton__V1__Outcome *take_outcome);
    void *ctx;
};

/**
 * Find the runner's program: $BATON_RUNNER, next to this program, in its ../libexec/baton, or where
 * the build has it.
 *
 * @param ret_path [out] `size` bytes.
 * @return OK | NOT_FOUND.
 */
enum status runner_find(char *ret_path, size_t size, struct error *err) ATTR_MUST_USE;

/**
 * Start one.
 *
 * @param program   [in] path.
 * @param order     [in] borrowed for the call; `order->directory` exists.
 * @param ret       [out] the caller's, release with runner_free().
 * @return OK | IO | NOMEM | LIMIT (the order is too long).
 */
enum status runner_start(uv_loop_t *loop, const char *program, const Baton__V1__RunOrder *order,
                         const struct runner_events *events, struct runner **ret,
                         struct error *err) ATTR_MUST_USE;

/** Ask it to end the task's process tree. */
void runner_kill(struct runner *runner, const char *reason, uint64_t grace_ms);

/** Let go: no event after the return. A task that has not ended goes on without this worker, and is
 * not reaped: only for a worker that ends. NULL is fine. */
void runner_free(struct runner *runner);

#endif
