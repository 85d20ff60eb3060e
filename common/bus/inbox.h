/* inbox.h - the one way from other threads to the loop: a bounded queue. Shell.
 *
 * When it is full the pushing thread waits: the library's delivery thread stops, nothing is
 * dropped. The loop takes all there is under one lock.
 */
#ifndef BATON_BUS_INBOX_H
#define BATON_BUS_INBOX_H

#include <stdbool.h>
#include <uv.h>

#include "base/status.h"

enum { INBOX_ITEMS_MAX = 16384 };

struct inbox_item {
    uint64_t subscription;
    void *message; /* owned by whoever holds the item */
};

struct inbox {
    uv_mutex_t lock;
    uv_cond_t room;
    uv_async_t *wake; /* NULL once closed */
    struct inbox_item *items;
    size_t count;
    bool closed;
};

/** @param wake [in] sent when the inbox stops being empty; borrowed until inbox_close().
 * @return OK | NOMEM. */
enum status inbox_init(struct inbox *inbox, uv_async_t *wake) ATTR_MUST_USE;
/** The owner of what is still inside takes it out first. */
void inbox_done(struct inbox *inbox);

/** Any thread: add an item, waiting for room. @return false when closed; the item stays the
 * caller's. */
bool inbox_push(struct inbox *inbox, struct inbox_item item) ATTR_MUST_USE;

/** Loop's thread: refuse all further items and let waiting threads go. */
void inbox_close(struct inbox *inbox);

/** Loop's thread: swap the filled array for an empty one of INBOX_ITEMS_MAX.
 * @return how many items `*items` now holds. */
size_t inbox_take(struct inbox *inbox, struct inbox_item **items);

#endif
