/* row.h - one step on one node: the attempts at it, and the last one's outcome. Pure. */
#ifndef BATON_ROW_H
#define BATON_ROW_H

#include <stdint.h>

#include "wire/record.h"

/* Plain NONE is "not reached yet". A row whose attempt ended and which waits for its retry keeps
 * the ended state until the next attempt is scheduled. */
struct row {
    uint8_t state; /* enum attempt_state */
    bool has_exit_code;
    bool retrying; /* the attempt ended, another follows */
    uint16_t attempts;
    int32_t exit_code;
    uint32_t duration_ms;
    int64_t started_at_ms; /* 0: never */
    int64_t finished_at_ms;
    uint64_t result_seq; /* of the record in the results stream which settled it */
    const char *code;    /* static or the job's */
    const char *error;   /* NULL if none; the job's */
};

static inline enum attempt_state row_state(const struct row *row)
{
    return (enum attempt_state)row->state;
}

/** @return whether a move from one state to the other is legal. */
bool row_may_move(enum attempt_state from, enum attempt_state to);

/** Change the state; the only writer of it. An illegal move is a bug and aborts. */
void row_move(struct row *row, enum attempt_state to);

/** @return whether nothing will change in this row any more. */
bool row_settled(const struct row *row);

#endif
