/* output.h - follows the spool of one attempt and stores it as OutputChunks on the bus. Shell.
 *
 * The spool is the buffer: a slow or absent bus holds back what is read from it, never the task.
 */
#ifndef BATON_OUTPUT_H
#define BATON_OUTPUT_H

#include "bus/bus.h"
#include "core/event.h"

enum {
    OUTPUT_WINDOW = 16,    /* chunks under way at a time: 1 MiB at most */
    OUTPUT_RETRY_MS = 500, /* before a chunk that was refused is offered again */
};

struct output;

struct output_options {
    uv_loop_t *loop;
    const char *cell;
    const char *node;
    const char *claim;     /* tells this run's chunks from those of an earlier life */
    const char *directory; /* of the attempt */
    struct attempt_key key;
    /** Called once after output_finish(), never from within it: everything is stored. */
    void (*flushed)(void *ctx, uint64_t chunks);
    /** A chunk could not be stored and is tried again. */
    void (*trouble)(void *ctx, const struct bus_answer *answer);
    void *ctx;
};

/** @return a new follower without a session, or NULL when out of memory. */
struct output *output_new(const struct output_options *options);

/** Here is a session (or NULL: none); chunks of unknown fate are stored again. */
void output_session(struct output *output, struct bus *bus);

/** The spool has grown. */
void output_grown(struct output *output);

/** The spool is complete: `flushed` follows when all of it is stored. */
void output_finish(struct output *output);

/** Let go, also of stores under way. NULL is fine. */
void output_free(struct output *output);

#endif
