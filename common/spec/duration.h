/* duration.h - lengths of time as people write them: `500ms`, `90s`, `5m`, `1h30m`. Pure. */
#ifndef BATON_DURATION_H
#define BATON_DURATION_H

#include "base/bytes.h"
#include "base/instant.h"

enum {
    DURATION_TEXT_MAX = 48,
    DURATION_DAYS_MAX = 365, /* longer ones are a mistake, and sums of some cannot overflow */
};

/**
 * Read a duration: one or more whole numbers, each with its unit (d, h, m, s, ms), every unit at
 * most once and the larger before the smaller.
 *
 * @return false, with `ret_duration` untouched, if it is not one or longer than 365 days.
 */
bool duration_parse(struct bytes text, struct duration *ret_duration);

/** Write it so that duration_parse() reads the same whole milliseconds. */
void duration_print(struct duration duration, char text[DURATION_TEXT_MAX]);

#endif
