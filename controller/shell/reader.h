/* reader.h - reads a job from the bus into an engine: its log, then what its open attempts have
 * come to meanwhile. Used by who takes a job over, and by who only wants to look. Shell. */
#ifndef BATON_READER_H
#define BATON_READER_H

#include "core/engine.h"
#include "shell/cell.h"

struct reader;

/**
 * @param take_engine   [in] the job as the bus has it, no owner yet; NULL on failure.
 * @param created_at_ms [in] when its first record was stored, by the server's clock.
 * @param err           [in] NULL on success; NOT_FOUND: there is no such log.
 */
typedef void (*reader_fn)(void *ctx, struct engine *take_engine, int64_t created_at_ms,
                          const struct error *err);

/** Begin to read; `done` is called once, and the reader is gone then. */
struct reader *reader_new(const struct cell *cell, const char *job, reader_fn done, void *ctx);

/** Stop reading; done is not called. NULL is fine. */
void reader_free(struct reader *reader);

#endif
