/* lines.h - the output of tasks, chunk by chunk, as whole lines with the node in front. Shell. */
#ifndef BATON_CLI_LINES_H
#define BATON_CLI_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"

struct lines_node;

struct lines {
    FILE *file;
    bool raw;          /* bytes as they are, no prefix: of one node only */
    bool colour;       /* each node gets one */
    const bool *steps; /* NULL: all; else `step_count` of them, true: print */
    uint32_t step_count;
    struct lines_node *nodes;
    size_t count, capacity;
};

/** Release all; what is left of unfinished lines is printed first. */
void lines_done(struct lines *lines);

/**
 * Take one message of the output stream. A foreign or damaged one is left out; a chunk that comes
 * again is printed once.
 *
 * @param chunk [in] a packed baton.v1.OutputChunk.
 * @return whether anything was printed.
 */
bool lines_take(struct lines *lines, struct bytes chunk);

#endif
