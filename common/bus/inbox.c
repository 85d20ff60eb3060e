#include "bus/inbox.h"

#include <stdlib.h>

enum status inbox_init(struct inbox *inbox, uv_async_t *wake)
{
    *inbox = (struct inbox){.wake = wake};
    inbox->items = (struct inbox_item *)calloc(INBOX_ITEMS_MAX, sizeof(*inbox->items));
    if (inbox->items == NULL)
        return STATUS_NOMEM;
    if (uv_mutex_init(&inbox->lock) != 0) {
        free(inbox->items);
        return STATUS_NOMEM;
    }
    if (uv_cond_init(&inbox->room) != 0) {
        uv_mutex_destroy(&inbox->lock);
        free(inbox->items);
        return STATUS_NOMEM;
    }
    return STATUS_OK;
}

void inbox_done(struct inbox *inbox)
{
    uv_cond_destroy(&inbox->room);
    uv_mutex_destroy(&inbox->lock);
    free(inbox->items);
    inbox->items = NULL;
}

bool inbox_push(struct inbox *inbox, struct inbox_item item)
{
    uv_mutex_lock(&inbox->lock);
    while (!inbox->closed && inbox->count == INBOX_ITEMS_MAX)
        uv_cond_wait(&inbox->room, &inbox->lock);
    bool open = !inbox->closed;
    if (open) {
        inbox->items[inbox->count++] = item;
        /* Under the lock, because the handle may be closed as soon as inbox_close() has run. */
        if (inbox->count == 1)
            uv_async_send(inbox->wake);
    }
    uv_mutex_unlock(&inbox->lock);
    return open;
}

void inbox_close(struct inbox *inbox)
{
    uv_mutex_lock(&inbox->lock);
    inbox->closed = true;
    inbox->wake = NULL;
    uv_cond_broadcast(&inbox->room);
    uv_mutex_unlock(&inbox->lock);
}

size_t inbox_take(struct inbox *inbox, struct inbox_item **items)
{
    uv_mutex_lock(&inbox->lock);
    struct inbox_item *filled = inbox->items;
    size_t count = inbox->count;
    inbox->items = *items;
    inbox->count = 0;
    if (count == INBOX_ITEMS_MAX)
        uv_cond_broadcast(&inbox->room);
    uv_mutex_unlock(&inbox->lock);
    *items = filled;
    return count;
}
