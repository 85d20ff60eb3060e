#include "record.h"

#include "base/check.h"

const char *attempt_state_text(enum attempt_state state)
{
    static const char *const texts[] = {
#define X(name, text) [ATTEMPT_##name] = (text),
        ATTEMPT_STATE_MAP(X)
#undef X
    };
    CHECK(state < ATTEMPT_STATE_COUNT);
    return texts[state];
}

bool attempt_state_ended(enum attempt_state state)
{
    return state >= ATTEMPT_SUCCEEDED && state < ATTEMPT_STATE_COUNT;
}

bool attempt_state_failed(enum attempt_state state)
{
    return state == ATTEMPT_FAILED || state == ATTEMPT_TIMED_OUT || state == ATTEMPT_LOST ||
           state == ATTEMPT_UNKNOWN;
}

const char *job_state_text(enum job_state state)
{
    static const char *const texts[] = {
        [JOB_PENDING] = "pending",     [JOB_RUNNING] = "running", [JOB_CANCELLING] = "cancelling",
        [JOB_COMPLETED] = "completed", [JOB_FAILED] = "failed",   [JOB_CANCELLED] = "cancelled",
    };
    _Static_assert(sizeof texts / sizeof texts[0] == JOB_STATE_COUNT, "a text for each state");
    CHECK(state < JOB_STATE_COUNT);
    return texts[state];
}
