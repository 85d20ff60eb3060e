/* world_parts.h - what world.c, workers.c and oracle.c share. */
#ifndef BATON_WORLD_PARTS_H
#define BATON_WORLD_PARTS_H

#include "world.h"

enum {
    WORLD_RECORDS_MAX = 256,
    WORLD_RESULTS_MAX = 512,
    WORLD_SIGNALS_MAX = 8,
    WORLD_STEPS_MAX = 32,
    WORLD_ORDERS_MAX = 16,
    WORLD_OCCURRENCES_MAX = 20000, /* more is a story without an end */
};

enum {
    APPEND_MS = 1,    /* until a record is stored, and again until that is known */
    PUBLISH_MS = 1,   /* the same for an order, a revocation */
    FOLLOW_MS = 1,    /* from a stored result to its sight by the owner */
    KILL_MS = 5,      /* from a cancel to the end of the attempt */
    TAKEOVER_MS = 100 /* from an owner's death to the next one */
};

enum occurrence_kind {
    OCCURS_HAPPENING, /* number: which */
    OCCURS_LOG_STORE,
    OCCURS_LOG_ANSWER, /* number: sequence, 0: refused */
    OCCURS_ORDER,      /* number: expected sequence */
    OCCURS_SENT,
    OCCURS_UNSENT,
    OCCURS_START,  /* number: the worker's life */
    OCCURS_END,    /* number: the worker's life */
    OCCURS_REVOKE, /* number: expected sequence */
    OCCURS_CANCEL,
    OCCURS_RESULT, /* number: index in results */
    OCCURS_SIGNAL, /* number: index in signals */
    OCCURS_TAKEOVER,
};

struct occurrence {
    enum occurrence_kind kind;
    uint64_t at_ms;
    uint64_t order; /* of two at one time the one asked for first */
    uint32_t owner; /* whom an answer is for */
    uint32_t step;
    uint32_t node;
    uint32_t attempt;
    uint64_t number;
    struct outcome outcome;
};

struct stored_result {
    enum result_kind kind;
    uint64_t seq;
    uint32_t step;
    uint32_t node;
    uint32_t attempt;
    struct outcome outcome;
};

struct order {
    uint32_t step;
    uint32_t attempt;
    uint64_t expected_seq;
};

struct worker {
    bool dead;
    bool silent;
    bool busy;    /* has taken `now` */
    bool started; /* its START is stored */
    uint64_t life;
    uint64_t start_seq;
    struct order now;
    struct order queue[WORLD_ORDERS_MAX];
    uint32_t queued;
    uint64_t last_seq;               /* on the subject of this node's results */
    bool fate_used[WORLD_STEPS_MAX]; /* the order of this step went astray once */
};

struct world {
    const struct scenario *scenario;
    struct world_crash crash;
    struct story story;
    struct plan *plan;  /* for the story, whoever owns the job */
    struct arena arena; /* texts of outcomes */
    uint64_t now_ms;
    struct occurrence *occurrences;
    uint32_t occurrence_count;
    uint64_t orders_given;
    /* the log */
    struct buffer log[WORLD_RECORDS_MAX];
    uint64_t log_seqs[WORLD_RECORDS_MAX];
    uint32_t log_count;
    uint64_t log_seq;
    uint32_t scheduled[WORLD_STEPS_MAX][SCENARIO_NODES_MAX]; /* attempts in the log */
    struct buffer appending;
    uint64_t appending_after;
    bool refuse_next;
    /* results and signals */
    struct stored_result results[WORLD_RESULTS_MAX];
    uint32_t result_count;
    uint64_t result_seq;
    struct {
        uint64_t seq;
        const char *by;
        const char *reason;
    } signals[WORLD_SIGNALS_MAX];
    uint32_t signal_count;
    struct worker workers[SCENARIO_NODES_MAX];
    /* the owner */
    struct engine *engine; /* NULL: there is none now */
    struct effects effects;
    uint32_t owner; /* counts them */
    bool append_out;
    bool done;
    enum job_state saved; /* what the KV record says */
    char *fault;          /* where the first fault goes */
    size_t fault_bytes;
};

/** Something that must never happen has happened; the first one is kept. */
void world_fault(struct world *world, const char *format, ...) ATTR_PRINTF(2, 3);

/** Let something occur later. */
void world_later(struct world *world, uint64_t delay_ms, const struct occurrence *what);

/** @return the number of a node, PLAN_NONE if there is none. */
uint32_t world_find_node(const struct world *world, const char *name);
const char *world_path(const struct world *world, uint32_t step);

/* workers.c: the nodes, and the results stream */
void workers_order(struct world *world, const struct occurrence *occurrence);
void workers_start(struct world *world, const struct occurrence *occurrence);
void workers_end(struct world *world, const struct occurrence *occurrence);
void workers_revoke(struct world *world, const struct occurrence *occurrence);
void workers_cancel(struct world *world, const struct occurrence *occurrence);
void workers_die(struct world *world, uint32_t node);
void workers_return(struct world *world, uint32_t node);

/* oracle.c: what must always hold */
struct engine *oracle_replay(struct world *world, uint32_t records);
void oracle_logged(struct world *world);
void oracle_effect(struct world *world, const struct effect *effect);
void oracle_started(struct world *world, const struct stored_result *start);
void oracle_settled(struct world *world, bool appended);
void oracle_end(struct world *world);

#endif
