/* attempt.h - the life of one attempt on this worker. Pure.
 *
 *     ordered --> claiming --> running --> ending --> reporting --> done
 *        |            |                                  ^  ^        ^
 *        |            +--- refused, cancelled, unknown --+  |        |
 *        +------------------- unknown ----------------------+        |
 *        +------------+------------- stale, forgotten ---------------+
 *
 * An attempt the server knows as started in an earlier life of this worker, and that may run
 * twice, goes from ordered to running as well.
 */
#ifndef BATON_WORKER_ATTEMPT_H
#define BATON_WORKER_ATTEMPT_H

#include "base/arena.h"
#include "core/effect.h"

enum phase {
    PHASE_ORDERED,   /* its record is being looked at before it is claimed */
    PHASE_CLAIMING,  /* the START is under way, or what became of it is being read back */
    PHASE_RUNNING,   /* a runner has it */
    PHASE_ENDING,    /* the outcome is known, its output is being stored */
    PHASE_REPORTING, /* the END is under way, or what became of it is being read back */
    PHASE_DONE,      /* settled, or not ours to settle */
    PHASE_COUNT
};
const char *phase_text(enum phase phase);

enum operation { OPERATION_NONE, OPERATION_STORE, OPERATION_FETCH };

struct attempt {
    enum phase phase;
    struct order order; /* texts live in the arena */
    struct arena arena;
    char claim[LIMIT_CLAIM_BYTES + 1];
    char handle[LIMIT_HANDLE_BYTES]; /* "": none in this session */
    struct instant working_at;       /* when the handle wants its next sign of life */

    enum operation operation; /* on the bus, awaiting its answer */
    uint64_t operation_id;    /* 0: none */
    unsigned tries;           /* operations in this phase that settled nothing */
    struct instant retry_at;  /* when to read back; NEVER: not waiting, or no session */

    uint64_t start_seq;   /* of the START the END builds on; 0 before it is known */
    bool cancel_asked;    /* before running: never start; running: the kill is under way */
    bool ruled;           /* `ruling` is the outcome */
    struct ruling ruling; /* error lives in the arena or is static */
};

/**
 * Take up an order: PHASE_ORDERED.
 *
 * @return OK | NOMEM, with the attempt in PHASE_DONE.
 */
enum status attempt_begin(struct attempt *attempt, const struct order *order, const char *claim,
                          struct error *err) ATTR_MUST_USE;

/** Release what the attempt holds; zeroed memory is fine. */
void attempt_done(struct attempt *attempt);

/** The one door to another phase; a move that is not in the table is a bug. */
void attempt_move(struct attempt *attempt, enum phase phase);

/** @return whether the table allows a move. */
bool attempt_may_move(enum phase from, enum phase to);

/** @return the pause before the next read-back, from how many have failed. */
struct duration attempt_pause(const struct attempt *attempt);

/** What is always true of an attempt. */
void attempt_check(const struct attempt *attempt);

#endif
