/* session.h - a verb's time on the bus: connect, wait for one thing at a time, leave. Shell.
 *
 * A verb is straight code: it asks, then pumps the loop until the answer is there. Nothing else
 * runs meanwhile, except what it has subscribed to.
 */
#ifndef BATON_CLI_SESSION_H
#define BATON_CLI_SESSION_H

#include <uv.h>

#include "base/instant.h"
#include "base/status.h"
#include "bus/bus.h"
#include "cli.h"

struct session {
    const struct cli *cli;
    uv_loop_t loop;
    uv_signal_t sigint, sigterm;
    uv_timer_t timer;
    uv_prepare_t before_wait;
    const bool *awaited; /* by the pump that runs */
    struct connect connect;
    struct bus *bus;  /* NULL: not connected */
    bool answered;    /* no bus_open() is under way */
    unsigned closing; /* buses that have not let go yet */
    bool left;        /* the last one has */
    bool lost;        /* the bus is dead; session_reopen() or leave */
    bool interrupted; /* SIGINT or SIGTERM came */
    bool late;        /* the deadline of the pump has passed */
    bool loop_open;
    char why[ERROR_TEXT_MAX]; /* the bus could not be opened, or was lost */
};

enum pump { PUMP_DONE, PUMP_INTERRUPTED, PUMP_LATE, PUMP_LOST };

/**
 * Prepare the loop; SIGINT and SIGTERM are caught from now on.
 *
 * @return CLI_GO, or the exit code with the reason said.
 */
int session_init(struct session *session, const struct cli *cli);

/** Connect as the flags and the environment of the cli say. @return as session_init(). */
int session_connect(struct session *session);

/** session_init() and session_connect(). Call session_done() in any case. */
int session_open(struct session *session, const struct cli *cli);

/** Connect to this URL and say nothing when it cannot be done. @return whether it could. */
bool session_try(struct session *session, const char *url);

/** Drop a dead bus and connect anew, again and again until `deadline`. @return as session_init().
 */
int session_reopen(struct session *session, struct instant deadline);

/** Leave the bus and the loop. A session which was never opened, all zero, is fine. */
void session_done(struct session *session);

/**
 * Run the loop until `*done`, a signal, the end of the bus or the deadline.
 *
 * @param deadline [in] INSTANT_NEVER: none.
 */
enum pump session_pump(struct session *session, const bool *done, struct instant deadline);

/** Let time pass. @return as session_pump(); PUMP_LATE is the normal end. */
enum pump session_pause(struct session *session, struct duration duration);

#endif
