/* banner.h - what a NATS server says of itself before anything else. Shell: blocks.
 *
 * nats.c keeps the server's version to itself, and the version decides what a cell may promise.
 */
#ifndef BATON_BUS_BANNER_H
#define BATON_BUS_BANNER_H

#include "base/status.h"

enum { BANNER_VERSION_MAX = 32 };

struct banner {
    char version[BANNER_VERSION_MAX]; /* "" when the server did not say */
};

/** Connect to the server, read its INFO line, hang up. Blocks for up to 2 s per step.
 * @param url [in] such as "nats://127.0.0.1:4222"; user and password in it are left out.
 * @return OK | UNAVAILABLE | MALFORMED; on failure `ret_banner` is empty. */
enum status banner_read(const char *url, struct banner *ret_banner, struct error *err);

#endif
