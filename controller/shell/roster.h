/* roster.h - the workers that are registered, and which of them have gone silent. Shell.
 *
 * Liveness is "no new heartbeat seen for so long on my own monotonic clock": nobody's wall clock is
 * compared with anybody's.
 */
#ifndef BATON_ROSTER_H
#define BATON_ROSTER_H

#include <jansson.h>

#include "core/target.h"
#include "shell/cell.h"
#include "spec/spec.h"

struct roster;

struct roster_options {
    struct duration lost_after; /* no heartbeat for so long: the node counts as lost */
    /* Called whenever a node goes silent or is heard again. */
    void (*changed)(void *ctx, const char *node, bool silent);
    void (*ready)(void *ctx); /* once: every registered worker has been read */
    void *ctx;
};

struct roster *roster_new(const struct cell *cell, const struct roster_options *options);
void roster_free(struct roster *roster);

/** @return whether the node has not been heard for too long (also when it is not registered). */
bool roster_silent(const struct roster *roster, const char *node);

/** @return the worker's record as it is now, with state "lost" where it is silent; a new reference,
 *          NULL if there is none. */
json_t *roster_describe(const struct roster *roster, const char *node);

/** @return all of them, sorted by name; a new reference. */
json_t *roster_list(const struct roster *roster);

/* The workers as plain arrays, for picking targets and checking specs; borrowed until the loop
 * turns. */
struct roster_view {
    struct target_node *targets;
    struct spec_node *offers; /* same order */
    uint32_t count;
    struct arena arena;
};
enum status roster_look(const struct roster *roster, struct roster_view *ret_view) ATTR_MUST_USE;
void roster_view_done(struct roster_view *view);

#endif
