/* scenario.h - a story as its author wrote it: a spec, nodes, what they do, what happens to them,
 * and the trace that is expected of it. The format is told in README.md. */
#ifndef BATON_SCENARIO_H
#define BATON_SCENARIO_H

#include "base/buffer.h"
#include "base/cleanup.h"
#include "wire/record.h"

enum {
    SCENARIO_NODES_MAX = 8,
    SCENARIO_GROUPS_MAX = 4,
    SCENARIO_BEHAVIOURS_MAX = 64,
    SCENARIO_HAPPENINGS_MAX = 16,
};

enum order_fate { ORDER_STORED, ORDER_PUBACK_LOST, ORDER_LOST };

/* What a node makes of one step; the first line that fits counts. */
struct behaviour {
    const char *node;  /* "*": any */
    const char *path;  /* of the step; "*": any */
    uint32_t attempt;  /* 0: any */
    uint64_t start_ms; /* from the order to the START */
    uint64_t run_ms;   /* from the START to the END */
    enum attempt_state end;
    int32_t exit_code;
    enum order_fate order; /* of the first order of an attempt; later ones are stored */
    bool never_starts;
    bool hangs;
    bool ignores_cancel;
};

enum happening_kind {
    HAPPENING_CANCEL,   /* somebody asks for the job's end */
    HAPPENING_SILENT,   /* nobody hears the node any more, but it works on */
    HAPPENING_HEARD,    /* the node is heard again */
    HAPPENING_DIES,     /* the worker dies; it is silent, too */
    HAPPENING_RETURNS,  /* the worker is back with the order it had not acknowledged */
    HAPPENING_RESTARTS, /* the same, before anybody has missed it */
    HAPPENING_AGAIN,    /* all results of the node are delivered again */
    HAPPENING_OWNER,    /* the owner dies; another one takes over a little later */
    HAPPENING_REFUSED,  /* the next append is refused: somebody else thinks it owns the job */
};

struct happening {
    enum happening_kind kind;
    uint64_t at_ms;
    const char *node;   /* or who cancels */
    const char *reason; /* of a cancel */
};

struct scenario {
    char *text; /* all of the file */
    size_t text_len;
    size_t trace_at; /* where the expected trace begins in it */
    struct buffer spec;
    const char *refusal; /* NULL unless the spec is refused */
    struct expected_node nodes[SCENARIO_NODES_MAX];
    uint32_t node_count;
    struct behaviour behaviours[SCENARIO_BEHAVIOURS_MAX];
    uint32_t behaviour_count;
    struct happening happenings[SCENARIO_HAPPENINGS_MAX];
    uint32_t happening_count;
    struct arena arena;
};

/** @return OK | IO | MALFORMED (with the line in `err`) | LIMIT | NOMEM. */
enum status scenario_read(const char *file, struct scenario **ret_scenario,
                          struct error *err) ATTR_MUST_USE;
/** The same from a text, which is copied; `name` stands in messages. */
enum status scenario_of_text(struct bytes text, const char *name, struct scenario **ret_scenario,
                             struct error *err) ATTR_MUST_USE;
void scenario_free(struct scenario *scenario);
CLEANUP_FREE(struct scenario, scenario_free)

/** @return what the node does with this attempt. */
const struct behaviour *scenario_behaviour(const struct scenario *scenario, const char *node,
                                           const char *path, uint32_t attempt);

#endif
