/* engine.h - one job as its owner drives it: events in, effects out. Pure: no I/O, no clock.
 *
 * The state runs ahead of the log by what is being appended: an entry is folded when it is drafted,
 * and its effects wait until the record that holds it has been accepted. If it is refused the
 * engine is of no use any more, and the job is read anew by whoever owns it. At most one append is
 * under way; what happens meanwhile gathers in the next record.
 */
#ifndef BATON_ENGINE_H
#define BATON_ENGINE_H

#include "effect.h"
#include "event.h"
#include "job.h"

struct engine;

/** @return a new engine which waits for CREATE or REPLAY, or NULL when out of memory. */
struct engine *engine_new(void);

/** Release everything; NULL is fine. */
void engine_free(struct engine *engine);

/**
 * Let something happen.
 *
 * @param out [out] effects are appended, to be performed in this order.
 * @return OK | NOMEM | MALFORMED (a replayed record can't be true) | LIMIT. After anything but OK
 * the engine must be freed, and none of the effects performed.
 */
enum status engine_step(struct engine *engine, const struct event *event, struct effects *out,
                        struct error *err) ATTR_MUST_USE;

/** @return when EVENT_TICK is due; INSTANT_NEVER if not. */
struct instant engine_deadline(const struct engine *engine);

/** @return the job; NULL before the first record. Its rows may be ahead of the log by one record.
 */
const struct job *engine_job(const struct engine *engine);

/** @return what the last accepted record left the job as. */
const struct job_summary *engine_summary(const struct engine *engine);

/** Assert what always holds. Cost: O(rows). */
void engine_check(const struct engine *engine);

#endif
