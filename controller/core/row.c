#include "row.h"

#include "base/check.h"

#define TO(state) (1u << ATTEMPT_##state)
#define TO_ANY_END                                                                                 \
    (TO(SUCCEEDED) | TO(FAILED) | TO(TIMED_OUT) | TO(CANCELLED) | TO(LOST) | TO(UNKNOWN) |         \
     TO(SKIPPED))

/* Ended states lead to QUEUED only by way of a retry; success, skip and an unknown fate never do. A
 * queued attempt may end without having been seen running: the START may have been overtaken. */
static const unsigned allowed[] = {
    [ATTEMPT_NONE] = TO(QUEUED) | TO(SKIPPED),
    [ATTEMPT_QUEUED] = TO(RUNNING) | TO_ANY_END,
    [ATTEMPT_RUNNING] = TO_ANY_END,
    [ATTEMPT_SUCCEEDED] = 0,
    [ATTEMPT_FAILED] = TO(QUEUED),
    [ATTEMPT_TIMED_OUT] = TO(QUEUED),
    [ATTEMPT_CANCELLED] = 0,
    [ATTEMPT_LOST] = TO(QUEUED),
    [ATTEMPT_UNKNOWN] = 0,
    [ATTEMPT_SKIPPED] = 0,
};
_Static_assert(sizeof allowed / sizeof allowed[0] == ATTEMPT_STATE_COUNT, "a row for each state");

bool row_may_move(enum attempt_state from, enum attempt_state to)
{
    CHECK(from < ATTEMPT_STATE_COUNT);
    CHECK(to < ATTEMPT_STATE_COUNT);
    return (allowed[from] & (1u << to)) != 0;
}

void row_move(struct row *row, enum attempt_state to)
{
    CHECK(row_may_move(row_state(row), to));
    row->state = (uint8_t)to;
}

bool row_settled(const struct row *row)
{
    return attempt_state_ended(row_state(row)) && !row->retrying;
}
