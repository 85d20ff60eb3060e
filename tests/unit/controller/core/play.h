/* play.h - a job of a few lines for the tests of the controller's core: a spec as YAML, nodes n0,
 * n1,
 * ..., and short ways to let things happen. */
#ifndef BATON_PLAY_H
#define BATON_PLAY_H

#include "base/buffer.h"
#include "base/cleanup.h"
#include "core/engine.h"
#include "core/fold.h"

enum { PLAY_NODES_MAX = 20000, PLAY_NAME_BYTES = 8 };

struct play {
    struct engine *engine;
    struct effects effects; /* of the last step */
    uint64_t now_ms;
    uint64_t seq;     /* last one given in the results stream */
    uint64_t log_seq; /* last one given in the log */
    uint32_t node_count;
    struct expected_node *nodes;
    char (*names)[PLAY_NAME_BYTES];
    struct buffer packed; /* the spec */
    enum status status;   /* of the last step */
    struct error err;
};

/** @return a CREATED entry for the play's nodes and, in `ret_plan`, its plan. Checks the spec. */
struct entry play_created(struct play *play, const char *yaml, uint32_t node_count,
                          struct plan **ret_plan);

/** @return a plan of its own, for the caller to free. */
struct plan *play_plan(const char *yaml);

/** @return a job which nothing has happened to; play_done() does not free it. */
struct job *play_job(struct play *play, const char *yaml, uint32_t node_count);

/** Create a job and let its first record be asked for. */
void play_begin(struct play *play, const char *yaml, uint32_t node_count);
void play_done(struct play *play);

/** One step at the play's time, checked with engine_check(). */
void play_step(struct play *play, struct event event);

/** Accept what is to be appended, until nothing is; effects of all these steps are kept. */
void play_accept(struct play *play);

/** A record on a node's result subject, with the next sequence; attempt: the current one. */
void play_started(struct play *play, uint32_t step, uint32_t node);
void play_ended(struct play *play, uint32_t step, uint32_t node, enum attempt_state state);

/** Let the owner's deadline be reached. */
void play_tick(struct play *play);

/** @return how many effects of this kind the last step had. */
uint32_t play_count(const struct play *play, enum effect_kind kind);

/** @return the first effect of this kind, NULL if there is none. */
const struct effect *play_find(const struct play *play, enum effect_kind kind);

#endif
