/* facts.h - messages of the results stream as events for a job: bytes from outside become structs
 * here and nowhere else. Shell. */
#ifndef BATON_FACTS_H
#define BATON_FACTS_H

#include "bus/bus.h"
#include "core/event.h"

/* An event with what it borrows from. */
struct fact {
    struct event event; /* EVENT_RESULT or EVENT_CANCEL */
    struct name job;
    struct name node; /* EVENT_RESULT */
    void *message;    /* unpacked; facts_done() releases it */
    bool signal;
};

/**
 * Read a message of the results stream.
 *
 * @param ret_fact [out] release with fact_done().
 * @return OK | MALFORMED (not one of ours, or it speaks of another job or node than its subject) |
 *         UNSUPPORTED (written by a newer version).
 */
enum status fact_read(const char *cell, const struct bus_message *message, struct fact *ret_fact,
                      struct error *err) ATTR_MUST_USE;
void fact_done(struct fact *fact);

/** Move a fact, with what it owns; `from` is empty afterwards. */
void fact_move(struct fact *to, struct fact *from);

#endif
