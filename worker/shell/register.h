/* register.h - what a worker says about itself: its value in <cell>_workers, put again with every
 * heartbeat. Shell. */
#ifndef BATON_REGISTER_H
#define BATON_REGISTER_H

#include "bus/bus.h"
#include "sys/log.h"

enum register_state { REGISTER_READY, REGISTER_DRAINING, REGISTER_OFFLINE };

struct register_options {
    uv_loop_t *loop;
    const struct log *log;
    const char *cell;
    const char *node;
    const char *const *groups; /* ends with NULL */
    const char *const *labels; /* "k=v", ends with NULL */
    uint32_t slots;
    struct duration heartbeat;
};

struct registration;

/** @return a registration that has no session yet, or NULL when out of memory. Texts are borrowed.
 */
struct registration *register_new(const struct register_options *options);

/** Here is a session (or NULL: none): say so at once, then with every heartbeat. */
void register_session(struct registration *registration, struct bus *bus);

/**
 * Change the state and tell it at once.
 *
 * @param told [in, may be NULL] called once when the cell has it, or can't be told.
 */
void register_say(struct registration *registration, enum register_state state,
                  void (*told)(void *ctx), void *ctx);

/** Stop and release; needs one more turn of the loop. NULL is fine. */
void register_free(struct registration *registration);

#endif
