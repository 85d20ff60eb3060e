/* adopt.h - take over a job whose owner is gone: claim its KV record, then read it from the bus.
 * Shell. */
#ifndef BATON_ADOPT_H
#define BATON_ADOPT_H

#include <jansson.h>

#include "core/engine.h"
#include "shell/cell.h"
#include "shell/facts.h"

struct adopt;

struct adopted {
    struct engine *take_engine; /* has replayed the log; waits for EVENT_ADOPT */
    uint64_t epoch;
    uint64_t revision;       /* of the KV record as claimed */
    struct duration age;     /* of the job, by the server's clock */
    struct fact *signal;     /* the last one sent to the job, NULL if none; borrowed */
    const struct error *err; /* NULL on success; CONFLICT: somebody else was first */
};
typedef void (*adopt_fn)(void *ctx, const char *job, const struct adopted *adopted);

/**
 * @param value    [in] the KV record as last seen; NULL if the job has none yet (its creator died
 *                      between the log's first record and it).
 * @param revision [in] of that; 0 if it has none.
 * @param done     [in] called once; the adopt is gone then.
 */
struct adopt *adopt_new(const struct cell *cell, const char *job, const json_t *value,
                        uint64_t revision, adopt_fn done, void *ctx);
/** Stop; done is not called. NULL is fine. */
void adopt_free(struct adopt *adopt);

#endif
