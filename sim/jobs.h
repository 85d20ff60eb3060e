/* jobs.h - random jobs, and what their tasks will come to. Pure. */
#ifndef BATON_SIM_JOBS_H
#define BATON_SIM_JOBS_H

#include "base/buffer.h"
#include "spec/plan.h"
#include "wire/record.h"
#include "world.h"

struct sim_job {
    uint32_t number;
    char id[16];
    struct plan *plan; /* for the simulation and its oracles; the engines have their own */
    struct buffer spec;
    struct expected_node *expected;
    uint32_t *nodes; /* numbers of the expected nodes in the cell, ascending */
    uint32_t node_count;
    bool accepted; /* its submission is acknowledged */
    bool ended;    /* the log says so */
    uint64_t submitted_at;
    uint64_t ended_at;
    uint64_t signals; /* cancels asked for */
};

struct jobs {
    struct sim_job **items; /* NULL: forgotten */
    uint32_t count, capacity;
    uint32_t open; /* not ended */
    uint32_t first_open;
};

/* What one attempt will do if nobody stops it. */
struct script {
    enum attempt_state state;
    uint64_t duration_ns;
    int32_t exit_code;
    uint64_t dies_after_ns; /* when it is told to end */
};

/** Make a random job for up to `nodes_max` of the cell's nodes. */
struct sim_job *jobs_make(struct world *world, const char *const *names, uint32_t nodes,
                          uint32_t nodes_max);
void jobs_forget(struct world *world, uint32_t number);
void jobs_done(struct jobs *jobs);

/** @return NULL if it is forgotten. */
struct sim_job *jobs_get(const struct world *world, uint32_t number);

/** @return a fresh plan of the job. */
struct plan *jobs_plan(const struct sim_job *job);

/** @return the node's number within the job, PLAN_NONE if it is not expected. */
uint32_t jobs_node(const struct sim_job *job, uint32_t node);

/** @return what an attempt will do: depends on the seed and these numbers alone. */
struct script jobs_script(const struct world *world, const struct sim_job *job, uint32_t step,
                          uint32_t node, uint32_t attempt);

#endif
