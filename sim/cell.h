/* cell.h - the processes of a simulated cell. Pure. */
#ifndef BATON_SIM_CELL_H
#define BATON_SIM_CELL_H

#include "bus.h"
#include "jobs.h"

struct controller;
struct worker;

enum {
    CELL_LOST_AFTER_MS = 10000, /* as the controllers' presets */
    CELL_DEAD_AFTER_MS = 6000,
};

struct cell {
    struct world *world;
    struct party *controllers; /* the parties; `managers` and `workers` are what they do */
    struct party *nodes;
    struct party **node_list;
    const char **node_names;
    char (*names)[24];
    uint32_t controller_count;
    uint32_t node_count;
    struct controller **managers;
    struct worker **workers;
};

/** Make the processes, none of them started. */
struct cell *cell_new(struct world *world, uint32_t controllers, uint32_t nodes);
void cell_free(struct cell *cell);

/** Start a process. It finds its way to the bus by itself. */
void cell_start(struct cell *cell, struct party *party);

/** Kill it. */
void cell_kill(struct cell *cell, struct party *party);

/** End a session that is there: the process notices. */
void cell_cut_session(struct cell *cell, struct party *party);

/** Submit a job, again and again until it is accepted. */
void cell_submit(struct cell *cell, struct sim_job *job);

/** Ask for a job's end. */
void cell_cancel(struct cell *cell, struct sim_job *job);

#endif
