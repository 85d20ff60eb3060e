/* peers.h - this controller's heartbeat, and which of the others are alive. Shell.
 *
 * A controller is alive while a new beat of its own has been seen within dead_after on this one's
 * monotonic clock, and it has not said that it stops.
 */
#ifndef BATON_PEERS_H
#define BATON_PEERS_H

#include <jansson.h>

#include "shell/cell.h"

struct peers;

struct peers_options {
    struct duration beat_every;
    struct duration dead_after;
    int64_t started_at_ms;
    size_t (*jobs)(void *ctx);  /* how many jobs this controller drives, for its record */
    void (*ready)(void *ctx);   /* once: every registered controller has been read */
    void (*changed)(void *ctx); /* one of them died, stopped or came (back) */
    void *ctx;
};

struct peers *peers_new(const struct cell *cell, const struct peers_options *options);
void peers_free(struct peers *peers);

/** Write the last record, in state stopped, so that the others need not wait; then `done`. */
void peers_stop(struct peers *peers, void (*done)(void *ctx), void *ctx);

/** @return whether the controller counts as alive; oneself always. */
bool peers_alive(const struct peers *peers, const char *controller);

/** Ids of the living, oneself among them. @return how many; `*ret_ids` to be freed, texts borrowed.
 */
size_t peers_living(const struct peers *peers, const char ***ret_ids);

/** @return their records, sorted by id, with state `dead` where it is so; a new reference. */
json_t *peers_list(const struct peers *peers);

#endif
