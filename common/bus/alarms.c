#include "bus/alarms.h"

#include <stdlib.h>

#include "base/check.h"

enum { ALARMS_CAPACITY_FIRST = 64 };

void alarms_done(struct alarms *alarms)
{
    free(alarms->heap);
    *alarms = (struct alarms){0};
}

static bool alarms_before(const struct alarm *a, const struct alarm *b)
{
    return a->at.ns < b->at.ns || (a->at.ns == b->at.ns && a->order < b->order);
}

static void alarms_put(struct alarms *alarms, size_t place, struct alarm *alarm)
{
    alarms->heap[place - 1] = alarm;
    alarm->place = place;
}

static void alarms_sift(struct alarms *alarms, size_t place)
{
    struct alarm *moved = alarms->heap[place - 1];
    while (place > 1 && alarms_before(moved, alarms->heap[place / 2 - 1])) {
        alarms_put(alarms, place, alarms->heap[place / 2 - 1]);
        place /= 2;
    }
    for (;;) {
        size_t child = place * 2;
        if (child > alarms->count)
            break;
        if (child < alarms->count && alarms_before(alarms->heap[child], alarms->heap[child - 1]))
            child++;
        if (!alarms_before(alarms->heap[child - 1], moved))
            break;
        alarms_put(alarms, place, alarms->heap[child - 1]);
        place = child;
    }
    alarms_put(alarms, place, moved);
}

enum status alarms_set(struct alarms *alarms, struct alarm *alarm, struct instant at)
{
    if (alarm->place == 0) {
        if (alarms->count == alarms->capacity) {
            size_t capacity = alarms->capacity == 0 ? ALARMS_CAPACITY_FIRST : alarms->capacity * 2;
            struct alarm **heap = (struct alarm **)realloc(alarms->heap, capacity * sizeof(*heap));
            if (heap == NULL)
                return STATUS_NOMEM;
            alarms->heap = heap;
            alarms->capacity = capacity;
        }
        alarms->count++;
        alarms_put(alarms, alarms->count, alarm);
    }
    alarm->at = at;
    alarm->order = alarms->set_count++;
    alarms_sift(alarms, alarm->place);
    return STATUS_OK;
}

void alarms_cancel(struct alarms *alarms, struct alarm *alarm)
{
    size_t place = alarm->place;
    if (place == 0)
        return;
    CHECK(place <= alarms->count && alarms->heap[place - 1] == alarm);
    alarm->place = 0;
    struct alarm *last = alarms->heap[--alarms->count];
    if (last == alarm)
        return;
    alarms_put(alarms, place, last);
    alarms_sift(alarms, place);
}

struct instant alarms_next(const struct alarms *alarms)
{
    return alarms->count == 0 ? INSTANT_NEVER : alarms->heap[0]->at;
}

struct alarm *alarms_take_due(struct alarms *alarms, struct instant now)
{
    if (alarms->count == 0 || !instant_reached(now, alarms->heap[0]->at))
        return NULL;
    struct alarm *due = alarms->heap[0];
    alarms_cancel(alarms, due);
    return due;
}
