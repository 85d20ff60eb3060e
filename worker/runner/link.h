/* link.h - the runner's end of the socket to its worker. Shell.
 *
 * The worker may be gone at any moment: then the link is closed and the task goes on.
 */
#ifndef BATON_LINK_H
#define BATON_LINK_H

#include "base/buffer.h"
#include "runner/proto.h"

enum { LINK_FD = 3 }; /* where the worker puts the socket */

struct link {
    int fd; /* -1: the worker is gone */
    struct buffer in;
    struct buffer out;
};

/** Close and release. */
void link_done(struct link *link);

/** Wait for the order, at most `wait_ms`. @return a new message, owned by the caller
 * (baton__v1__run_order__free_unpacked), or NULL with `err` told why. */
Baton__V1__RunOrder *link_receive_order(struct link *link, int wait_ms, struct error *err);

/** Take in what has arrived and look for a kill command.
 * @param ret_grace_ms [out] set when one was there. @return whether one was. */
bool link_receive_kill(struct link *link, uint64_t *ret_grace_ms);

/** Tell how long the spool is; left out while an earlier word is still under way. */
void link_tell_spool(struct link *link, uint64_t bytes);

/** Tell the end, waiting at most `wait_ms` for a slow worker: the exit record says it too. */
void link_tell_exit(struct link *link, Baton__V1__Outcome *outcome, int wait_ms);

/** Send what is queued, as far as the socket takes it. */
void link_flush(struct link *link);

#endif
