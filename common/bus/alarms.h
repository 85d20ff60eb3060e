/* alarms.h - when what falls due: a heap of points in time with a function each. Pure. */
#ifndef BATON_BUS_ALARMS_H
#define BATON_BUS_ALARMS_H

#include <stddef.h>

#include "base/instant.h"
#include "base/status.h"

struct alarm {
    struct instant at;
    uint64_t order; /* of two that fall due together the one set first comes first */
    size_t place;   /* in the heap, from 1; 0 while not set */
    void (*fire)(struct alarm *alarm);
};

struct alarms {
    struct alarm **heap;
    size_t count;
    size_t capacity;
    uint64_t set_count;
};

/** Release the memory; the alarms themselves are their owners'. */
void alarms_done(struct alarms *alarms);

/** Set an alarm, or move one that is set. @return OK | NOMEM, then nothing has changed. */
enum status alarms_set(struct alarms *alarms, struct alarm *alarm, struct instant at) ATTR_MUST_USE;

/** Take an alarm out; fine when it is not set. */
void alarms_cancel(struct alarms *alarms, struct alarm *alarm);

/** @return when the next one falls due, or INSTANT_NEVER. */
struct instant alarms_next(const struct alarms *alarms);

/** @return the next one that is due at `now`, taken out; NULL when there is none. */
struct alarm *alarms_take_due(struct alarms *alarms, struct instant now);

#endif
