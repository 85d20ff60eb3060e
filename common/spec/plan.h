/* plan.h - a checked job spec as a pre-order array of tree nodes, ready to walk. Pure. */
#ifndef BATON_PLAN_H
#define BATON_PLAN_H

#include "base/arena.h"
#include "base/instant.h"
#include "base/status.h"

enum {
    PLAN_SPEC_BYTES_MAX = 1024 * 1024,  /* NATS max_payload; a spec travels in one message */
    PLAN_STORED_BYTES_MAX = 896 * 1024, /* of the packed spec: its record also holds the nodes */
    PLAN_DEPTH_MAX = 32,                /* deeper nesting is a mistake, and bounds every walk */
    PLAN_ITEMS_MAX = 4096,              /* steps; each costs a row per node */
};

/* What holds if the key is absent. */
enum {
    PLAN_TIMEOUT_MS = 300000, /* of a step */
    PLAN_RETRY_INITIAL_MS = 1000,
    PLAN_RETRY_FACTOR = 2,
    PLAN_RETRY_CAP_MS = 30000,
};

enum plan_scope { PLAN_SCOPE_ALL, PLAN_SCOPE_GROUP, PLAN_SCOPE_NODE };
enum plan_strategy { PLAN_FAIL_FAST, PLAN_CONTINUE };
enum plan_sync { PLAN_SYNC_ALL, PLAN_SYNC_GROUP, PLAN_SYNC_NONE };
enum plan_condition { PLAN_UNLESS_STOPPED, PLAN_ALWAYS, PLAN_ON_SUCCESS, PLAN_ON_FAILURE };

/* So many nodes, or so many of a hundred; see share.h. */
struct plan_share {
    uint32_t number;
    bool percent;
};

struct plan_retry {
    uint32_t max;            /* further attempts after the first */
    struct duration initial; /* delay before the first retry */
    double factor;           /* each further delay is so many times the one before, >= 1 */
    struct duration cap;     /* no delay is longer */
    double jitter;           /* 0 ..= 1: a delay d becomes d * (1 - jitter ..= 1 + jitter) */
};

/* One task (leaf) or pipeline (branch) of the tree. Items stand in pre-order (depth first): the
 * children of a branch follow it, `end` is the index behind its last descendant. */
struct plan_item {
    const char *name; /* "" if none */
    const char *path; /* "1.0": child 0 of top-level item 1 */
    uint32_t parent;  /* index of the branch it is in, PLAN_NONE at top level */
    uint32_t end;     /* leaf: own index + 1 */
    uint32_t step;    /* leaf: number of the step, depth first from 0; branch: of its first leaf */
    uint32_t line;    /* in the text, a leaf's backend; both 0 if the text is not at hand */
    uint32_t column;
    enum plan_condition condition;
    enum plan_sync sync; /* who waits for whom behind it; behind the last of a list nobody does */
    bool run_once;       /* on one node alone; nothing in it is a barrier or runs once itself */
    /* phase only: nodes enter in waves of these sizes, the last one again and again; 0: all at once
     */
    const struct plan_share *serial;
    uint32_t serial_count;
    bool has_max_fail;
    struct plan_share max_fail; /* more failed nodes than this stop the job, fewer do not */
    /* leaf only */
    const char *backend, *action;
    const char *params;           /* compact JSON object, "{}" if none */
    struct duration timeout;      /* never 0 */
    struct duration idle_timeout; /* longest silence; 0: any */
    struct plan_retry retry;
    const char *const *retry_on; /* outcome codes, or exit codes in decimal; none: any */
    uint32_t retry_on_count;
    bool idempotent;
    bool leaf;
};
#define PLAN_NONE UINT32_MAX

struct plan {
    const char *name; /* "" if none */
    enum plan_scope scope;
    const char *const *targets; /* group or node names */
    uint32_t target_count;
    enum plan_strategy strategy;
    struct duration timeout; /* 0: none */
    struct plan_item *items;
    uint32_t item_count;
    uint32_t step_count;  /* leaves */
    uint32_t *step_items; /* step number -> index of its leaf in items */
    struct arena arena;   /* owns everything above */
};

/** @return whether an item is the last one of its list. */
bool plan_is_last(const struct plan *plan, uint32_t item);

/** Release a plan and all it owns. NULL is fine. */
void plan_free(struct plan *plan);

#endif
