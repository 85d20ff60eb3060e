#include "sys/clock.h"

#include <stdio.h>
#include <time.h>

#include "base/check.h"

struct instant clock_now(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (struct instant){(uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec};
}

int64_t clock_unix_ms(void)
{
    struct timespec now;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct clock_text clock_rfc3339(int64_t unix_ms)
{
    /* Rounded down, so that times before 1970 have non-negative milliseconds too. */
    int64_t seconds = unix_ms / 1000 - (unix_ms % 1000 < 0);
    int ms = (int)((unix_ms % 1000 + 1000) % 1000);
    struct clock_text text = {"0000-00-00T00:00:00.000Z"};
    struct tm date;
    time_t when = (time_t)seconds;
    if (gmtime_r(&when, &date) == NULL)
        return text; /* beyond what an int can count in years: nothing sensible to show */
    (void)snprintf(text.text, sizeof text.text, "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ",
                   (long long)date.tm_year + 1900, date.tm_mon + 1, date.tm_mday, date.tm_hour,
                   date.tm_min, date.tm_sec, ms);
    return text;
}
