#include "core/attempt.h"

#include "base/check.h"

#define TO(phase) (1u << PHASE_##phase)
static const struct {
    const char *name;
    unsigned allowed;
} phases[] = {
    [PHASE_ORDERED] = {"ordered", TO(CLAIMING) | TO(RUNNING) | TO(REPORTING) | TO(DONE)},
    [PHASE_CLAIMING] = {"claiming", TO(RUNNING) | TO(REPORTING) | TO(DONE)},
    [PHASE_RUNNING] = {"running", TO(ENDING)},
    [PHASE_ENDING] = {"ending", TO(REPORTING)},
    [PHASE_REPORTING] = {"reporting", TO(DONE)},
    [PHASE_DONE] = {"done", 0},
};
#undef TO
_Static_assert(sizeof phases / sizeof phases[0] == PHASE_COUNT, "a row for each phase");

const char *phase_text(enum phase phase)
{
    CHECK(phase < PHASE_COUNT);
    return phases[phase].name;
}

bool attempt_may_move(enum phase from, enum phase to)
{
    CHECK(from < PHASE_COUNT && to < PHASE_COUNT);
    return (phases[from].allowed & (1u << to)) != 0;
}

void attempt_move(struct attempt *attempt, enum phase phase)
{
    CHECK(attempt_may_move(attempt->phase, phase));
    attempt->phase = phase;
    attempt->operation = OPERATION_NONE;
    attempt->operation_id = 0;
    attempt->tries = 0;
    attempt->retry_at = INSTANT_NEVER;
}

void attempt_done(struct attempt *attempt)
{
    arena_done(&attempt->arena);
    *attempt = (struct attempt){.phase = PHASE_DONE, .retry_at = INSTANT_NEVER};
}

static const char *attempt_copy(struct attempt *attempt, const char *text, bool *complete)
{
    if (text == NULL)
        return NULL;
    const char *copy = arena_text(&attempt->arena, bytes_of_text(text));
    *complete = *complete && copy != NULL;
    return copy;
}

enum status attempt_begin(struct attempt *attempt, const struct order *order, const char *claim,
                          struct error *err)
{
    CHECK(attempt->phase == PHASE_DONE);
    attempt_done(attempt);
    bool complete = true;
    attempt->order = *order;
    attempt->order.path = attempt_copy(attempt, order->path, &complete);
    attempt->order.backend = attempt_copy(attempt, order->backend, &complete);
    attempt->order.action = attempt_copy(attempt, order->action, &complete);
    attempt->order.params = attempt_copy(attempt, order->params, &complete);
    attempt->order.refusal = attempt_copy(attempt, order->refusal, &complete);
    if (!complete) {
        attempt_done(attempt);
        return ERROR(err, STATUS_NOMEM, "an order of %zu bytes of parameters",
                     strlen(order->params));
    }
    size_t len = strnlen(claim, LIMIT_CLAIM_BYTES);
    memcpy(attempt->claim, claim, len);
    attempt->claim[len] = '\0';
    attempt->phase = PHASE_ORDERED;
    return STATUS_OK;
}

struct duration attempt_pause(const struct attempt *attempt)
{
    uint64_t ms = LIMIT_RETRY_MS;
    for (unsigned i = 1; i < attempt->tries && ms < LIMIT_RETRY_MS_MAX; i++)
        ms *= 2;
    return duration_ms(ms < LIMIT_RETRY_MS_MAX ? ms : LIMIT_RETRY_MS_MAX);
}

void attempt_check(const struct attempt *attempt)
{
    bool on_bus = attempt->phase == PHASE_ORDERED || attempt->phase == PHASE_CLAIMING ||
                  attempt->phase == PHASE_REPORTING;
    CHECK(attempt->phase < PHASE_COUNT);
    CHECK((attempt->operation == OPERATION_NONE) == (attempt->operation_id == 0));
    CHECK(IMPLIES(attempt->operation != OPERATION_NONE, on_bus));
    CHECK(IMPLIES(attempt->retry_at.ns != INSTANT_NEVER.ns,
                  on_bus && attempt->operation == OPERATION_NONE));
    CHECK(IMPLIES(attempt->phase == PHASE_RUNNING || attempt->phase == PHASE_ENDING,
                  attempt->start_seq != 0 && !attempt->ruled));
    CHECK(IMPLIES(attempt->ruled, attempt->phase == PHASE_REPORTING));
}
