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
    uint64_t over_seq;
};

struct oracle_job {
    const struct sim_job *job;
    struct oracle_row *rows; /* [step * node_count + node] */
    uint32_t *unsettled;     /* by item: rows in it that are not settled */
    uint32_t *next_step;     /* by node: the first step not settled */
    uint8_t *entered;        /* [item * node_count + node], of pipelines */
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

/** @return an item which the node must still wait behind before it may begin the step, PLAN_NONE if
 * there is none. */
uint32_t oracle_waits(const struct oracle_job *job, uint32_t step, uint32_t node);

/** @return whether the item's own condition holds on the node, as things stand. */
bool oracle_runs(const struct oracle_job *job, uint32_t item, uint32_t node);

/** @return whether a node that has reached the step runs it, rather than skips it. */
bool oracle_step_runs(struct oracle_job *job, uint32_t step, uint32_t node);

/* What was stored: a record of a log, a record on a result subject. */
void oracle_log(struct world *world, struct oracle_job *job, const struct stored *stored);
void oracle_result(struct world *world, struct oracle_job *job, const struct stored *stored);

#endif
