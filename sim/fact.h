/* fact.h - bodies of the simulation's messages, as plain data. Pure.
 *
 * Only the log travels in its wire form; the rest has no encoding that a core depends on.
 */
#ifndef BATON_SIM_FACT_H
#define BATON_SIM_FACT_H

#include "wire/record.h"

enum fact_kind { FACT_START, FACT_END, FACT_REVOKE };

/* On a result subject. */
struct fact_result {
    enum fact_kind kind;
    uint32_t step;
    uint32_t attempt;
    char claim[40];
    enum attempt_state state; /* END, REVOKE */
    char code[16];
    char error[80];
    int32_t exit_code;
    uint64_t duration_ms;
};

struct fact_order {
    uint32_t step;
    uint32_t attempt;
    uint64_t expected_seq;
    uint64_t timeout_ms;
    bool idempotent;
};

struct fact_value {
    uint32_t owner; /* number of a controller */
    uint64_t epoch;
    enum job_state state;
};

#endif
