/* job.h - the state of one job: its tree, its nodes, and a row for every step on every node. Pure.
 *
 * Only fold.c changes it. What is marked "live" is known to the owner alone and is not part of the
 * folded state: two folds of one log agree on everything else.
 */
#ifndef BATON_JOB_H
#define BATON_JOB_H

#include "base/arena.h"
#include "base/instant.h"
#include "row.h"
#include "wire/record.h"

/* DRAFTED: the log does not say yet that the step goes out, so nothing may be done about it. */
enum job_send { SEND_DRAFTED, SEND_DUE, SEND_ASKED, SEND_STORED };

struct job_node {
    const char *name;
    const char *const *groups;
    uint32_t group_count;
    uint32_t *shared; /* numbers of its groups which others are in; only if some barrier asks */
    uint32_t shared_count;
    uint32_t cursor;        /* index of the plan item the node stands at; item_count: through */
    uint32_t open_step;     /* the step in flight or waiting for its retry; PLAN_NONE if none */
    uint64_t result_seq;    /* last settling record on this job's and node's result subject */
    bool failed;            /* a step has failed here for good */
    uint32_t failed_phase;  /* the last one in which a step has failed here; counts when failed */
    uint32_t failed_inside; /* bit d: a step failed since the branch at depth d was entered */
    /* live */
    bool dirty;         /* the walk has to look at this node */
    bool silent;        /* its worker has not been heard for too long */
    enum job_send send; /* of the open attempt's order */
    uint64_t seen_seq;  /* last record seen on its result subject; START included */
};

struct job_group {
    const uint32_t *members; /* nodes, at least two, in their order */
    uint32_t count;
};

struct job_once {
    uint32_t turn; /* the first node that is not past the item */
    bool taken;    /* something of it has run */
};

struct job_waves {
    uint32_t open;     /* so many nodes have been let in, */
    uint32_t count;    /* in so many waves; both 0 without `serial` */
    uint32_t failures; /* nodes with a failed row in this phase */
};

struct job_name {
    const char *name;
    uint32_t node;
};

struct job {
    const char *id;
    const char *name;
    enum job_state state;
    bool partial;
    enum stop_reason stop;
    const char *stop_text; /* NULL until stopped */
    const char *error;     /* NULL if none */
    uint64_t signal_seq;   /* last signal applied */
    const char *owner;     /* NULL before the first record */
    uint64_t epoch;
    int64_t created_at_ms;
    int64_t started_at_ms; /* 0: not yet */
    int64_t finished_at_ms;
    const struct plan *plan; /* NULL if the spec was refused */
    struct plan *own_plan;   /* the same, when it is ours to free */
    struct job_node *nodes;
    uint32_t node_count;
    struct job_name *by_name; /* sorted by name */
    struct row *rows;         /* [step * node_count + node] */
    uint32_t *left;           /* per plan item: how many nodes are past it */
    struct job_group *groups; /* that nodes share; see barrier.h */
    uint32_t group_count;
    uint32_t *left_row;      /* per plan item with `sync: group`: its row in */
    uint32_t *left_of_group; /* [row * group_count + group]: how many of them are past it */
    struct job_waves *waves; /* per plan item at top level */
    struct job_once *once;   /* per plan item; counts where it has run_once */
    uint32_t nodes_through;  /* nodes with nothing left to do */
    uint32_t failures;       /* nodes with failed set */
    uint64_t last_index;     /* of the last record folded */
    uint64_t last_seq;       /* its stream sequence */
    uint32_t *dirty;         /* live: ring of nodes the walk has to look at */
    uint32_t dirty_first;
    uint32_t dirty_count;
    struct arena arena;
};

/** Release everything; NULL is fine. */
void job_free(struct job *job);

/** @return whether the job has ended. */
bool job_ended(const struct job *job);

/** @return whether a move from one job state to the other is legal. */
bool job_may_move(enum job_state from, enum job_state to);

/** Change the state; the only writer of it. An illegal move is a bug and aborts. */
void job_move(struct job *job, enum job_state to);

/** @return the row of a step on a node. */
struct row *job_row(const struct job *job, uint32_t step, uint32_t node);

/** @return the node's number, or PLAN_NONE if the job does not expect it. Cost: O(log nodes). */
uint32_t job_find_node(const struct job *job, const char *name);

/** @return the plan item of a step. */
const struct plan_item *job_step(const struct job *job, uint32_t step);

/** Have the walk look at a node. */
void job_mark_dirty(struct job *job, uint32_t node);

/**
 * Take the next such node out of the ring. Its mark stays, so that what its own walk changes does
 * not put it back; the walk clears it.
 *
 * @return false when there is none.
 */
bool job_next_dirty(struct job *job, uint32_t *ret_node);

/** Assert what always holds. Cost: O(rows). */
void job_check(const struct job *job);

/** @return a digest of the folded state, for comparing two folds. Cost: O(rows). */
uint64_t job_digest(const struct job *job);

#endif
