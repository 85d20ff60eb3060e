/* mutant.h - faults planted on purpose, to show that the oracles see. Pure. */
#ifndef BATON_SIM_MUTANT_H
#define BATON_SIM_MUTANT_H

#include <stdbool.h>

/* Each is a rule of the protocol that a shell of the simulation breaks; the cores are as shipped.
 */
#define MUTANT_MAP(X)                                                                              \
    X(NONE, "none")                                                                                \
    X(NO_FENCE, "no-fence")                                                                        \
    X(UPDATE_NOT_ATOMIC, "update-not-atomic")                                                      \
    X(NO_START_CLAIM, "no-start-claim")                                                            \
    X(ACK_BEFORE_RESULT, "ack-before-result")                                                      \
    X(DISPATCH_BEFORE_LOG, "dispatch-before-log")                                                  \
    X(SENT_BEFORE_PUBACK, "sent-before-puback")                                                    \
    X(NO_REPUBLISH, "no-republish")                                                                \
    X(STALE_REPLAY, "stale-replay")                                                                \
    X(REVOKE_UNCONDITIONAL, "revoke-unconditional")                                                \
    X(NO_REVOKE, "no-revoke")                                                                      \
    X(LAST_RESULT_WINS, "last-result-wins")                                                        \
    X(NO_READ_BACK, "no-read-back")                                                                \
    X(SIGNAL_NOT_READ, "signal-not-read")                                                          \
    X(FACTS_DROPPED, "facts-dropped")                                                              \
    X(OWN_BY_NAME, "own-by-name")                                                                  \
    X(REPLY_BY_KIND, "reply-by-kind")

enum mutant {
#define X(name, text) MUTANT_##name,
    MUTANT_MAP(X)
#undef X
        MUTANT_COUNT
};

/** @return its name on the command line. */
const char *mutant_text(enum mutant mutant);

/** @return false if there is none of this name. */
bool mutant_find(const char *text, enum mutant *ret_mutant);

#endif
