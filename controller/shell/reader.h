/* reader.h - reads a job from the bus into an engine: its log, then what its open attempts have
 * come to meanwhile. Used by who takes a job over, and by who only wants to look. Shell. */
#ifndef BATON_READER_H
#define BATON_READER_H

#include "core/engine.h"
#include "shell/cell.h"
#include "shell/facts.h"

struct reader;

struct reader_job {
    struct engine *take_engine; /* the job as the bus has it, no owner yet; NULL on failure */
    int64_t created_at_ms;      /* when its first record was stored, by the server's clock */
    struct fact *signal;        /* the last signal sent to it, NULL if none; borrowed */
    const struct error *err;    /* NULL on success; NOT_FOUND: there is no such log */
};
typedef void (*reader_fn)(void *ctx, const struct reader_job *read);

/** Begin to read; `done` is called once, and the reader is gone then. */
struct reader *reader_new(const struct cell *cell, const char *job, reader_fn done, void *ctx);

/** Stop reading; done is not called. NULL is fine. */
void reader_free(struct reader *reader);

#endif
