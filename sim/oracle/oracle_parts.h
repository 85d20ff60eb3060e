/* oracle_parts.h - what the oracles know of a job, shared by their files. Pure. */
#ifndef BATON_SIM_ORACLE_PARTS_H
#define BATON_SIM_ORACLE_PARTS_H

#include "../fact.h"
#include "oracle.h"

/* One step on one node, as records and results tell of it. */
struct oracle_row {
    uint16_t scheduled; /* last attempt the log schedules */
    uint16_t started;   /* last attempt with a START */
    uint16_t over;      /* last attempt with an END or REVOKE */
    uint16_t ended;     /* last attempt the log calls ended */
    uint16_t ran;       /* last attempt that was executed, */
    uint16_t ran_times; /* and how often */
    uint16_t running;   /* processes there are now */
    uint8_t over_state;
    uint8_t state; /* by the log */
    bool settled;
    bool retrying;
    bool given_up; /* its retry, because the job stopped */
    uint64_t over_seq;
};

struct oracle_job {
    const struct sim_job *job;
    struct oracle_row *rows; /* [step * node_count + node] */
    uint32_t *phase_of;      /* by step */
    uint32_t *unsettled;     /* by phase: rows that are not settled */
    uint32_t *next_step;     /* by node: the first step not settled */
    uint32_t settled;
    uint64_t last_index, last_seq;
    enum stop_reason stop;
    bool finished;
    uint64_t asked_at; /* when the first cancel was stored; 0: never */
    enum job_state state;
};

struct oracle {
    struct oracle_job **jobs;
    uint32_t job_count;
    struct oracle_counts counts;
};

struct oracle_job *oracle_job(const struct world *world, uint32_t job);
struct oracle_row *oracle_row(const struct oracle_job *job, uint32_t step, uint32_t node);
bool oracle_idempotent(const struct oracle_job *job, uint32_t step);
void oracle_settle(struct oracle_job *job, uint32_t step, uint32_t node, bool settled);

/** @return the first phase before that of the step which is not settled, PLAN_NONE if none. */
uint32_t oracle_open_phase(const struct oracle_job *job, uint32_t step);

/* What was stored: a record of a log, a record on a result subject. */
void oracle_log(struct world *world, struct oracle_job *job, const struct stored *stored);
void oracle_result(struct world *world, struct oracle_job *job, const struct stored *stored);

#endif
