/* duration.c - see duration.h. */
#include "spec/duration.h"

#include <stdio.h>

struct duration_unit {
    const char *name;
    uint64_t ms;
};

static const struct duration_unit DURATION_UNITS[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};
enum { DURATION_UNIT_COUNT = sizeof DURATION_UNITS / sizeof DURATION_UNITS[0] };

/* The unit which stands at `at`; DURATION_UNIT_COUNT if none does. */
static size_t duration_unit_at(struct bytes text, size_t at, size_t *ret_len)
{
    size_t len = 0;
    while (at + len < text.len && (text.data[at + len] < '0' || text.data[at + len] > '9')) {
        len++;
    }
    *ret_len = len;
    for (size_t i = 0; i < DURATION_UNIT_COUNT; i++) {
        if (bytes_equal(bytes_of(text.data + at, len), bytes_of_text(DURATION_UNITS[i].name))) {
            return i;
        }
    }
    return DURATION_UNIT_COUNT;
}

bool duration_parse(struct bytes text, struct duration *ret_duration)
{
    const uint64_t max_ms = (uint64_t)DURATION_DAYS_MAX * 86400000u;
    uint64_t total_ms = 0;
    size_t at = 0;
    size_t next_unit = 0;
    if (text.len == 0) {
        return false;
    }
    while (at < text.len) {
        uint64_t number = 0;
        size_t digits = 0;
        for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9'; at++, digits++) {
            number = number * 10 + (uint64_t)(text.data[at] - '0');
            if (number > max_ms) {
                return false;
            }
        }
        size_t unit_len = 0;
        size_t unit = duration_unit_at(text, at, &unit_len);
        if (digits == 0 || unit == DURATION_UNIT_COUNT || unit < next_unit) {
            return false;
        }
        if (number > max_ms / DURATION_UNITS[unit].ms) {
            return false;
        }
        total_ms += number * DURATION_UNITS[unit].ms;
        next_unit = unit + 1;
        at += unit_len;
    }
    if (total_ms > max_ms) {
        return false;
    }
    *ret_duration = duration_ms(total_ms);
    return true;
}

void duration_print(struct duration duration, char text[DURATION_TEXT_MAX])
{
    uint64_t rest = duration_to_ms(duration);
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < DURATION_UNIT_COUNT; i++) {
        uint64_t number = rest / DURATION_UNITS[i].ms;
        rest %= DURATION_UNITS[i].ms;
        if (number > 0) {
            used += (size_t)snprintf(text + used, DURATION_TEXT_MAX - used, "%llu%s",
                                     (unsigned long long)number, DURATION_UNITS[i].name);
        }
    }
    if (used == 0) {
        (void)snprintf(text, DURATION_TEXT_MAX, "0s");
    }
}
