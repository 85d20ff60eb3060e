/* engine.h - the worker's one door: events in, effects out, one deadline. Pure: no I/O, no clock.
 *
 * The engine holds one attempt at a time: its consumer hands out one message until that is settled.
 * Nothing runs before its START is known to be stored; the END is appended on the condition that
 * the START is still the last word; the order is acknowledged last.
 */
#ifndef BATON_WORKER_ENGINE_H
#define BATON_WORKER_ENGINE_H

#include "core/attempt.h"

struct engine {
    struct attempt attempt; /* PHASE_DONE: none */
    uint64_t last_id;       /* of the operations asked for so far */
    bool connected;
    bool draining;
};

/** Start without a session and without an attempt. */
void engine_init(struct engine *engine);
void engine_done(struct engine *engine);

/**
 * Take one event.
 *
 * @param out [out] what to do about it, in order; overwritten.
 * @return OK | NOMEM: the order was given back, see `err`.
 */
enum status engine_step(struct engine *engine, const struct event *event, struct effects *out,
                        struct error *err) ATTR_MUST_USE;

/** @return when to send EVENT_TICK, or INSTANT_NEVER. */
struct instant engine_deadline(const struct engine *engine);

/** @return whether no attempt is held. */
bool engine_idle(const struct engine *engine);

/** What is always true of an engine. */
void engine_check(const struct engine *engine);

#endif
