/* desk.h - the jobs this controller drives now, and those it is taking over. Shell. */
#ifndef BATON_DESK_H
#define BATON_DESK_H

#include "shell/accept.h"
#include "shell/cell.h"
#include "shell/drive.h"
#include "shell/facts.h"

struct desk;

struct desk_options {
    const struct cell *cell; /* borrowed, outlives the desk */
    bool (*node_silent)(void *ctx, const char *node);
    void *ctx;
};

struct desk *desk_new(const struct desk_options *options);
void desk_free(struct desk *desk);

/* How a creation came out. */
enum desk_created {
    DESK_CREATED, /* log and KV record are there */
    DESK_EXISTED, /* the id was taken: this is a redelivery, or a job submitted twice */
    DESK_FAILED,  /* not known; ask again */
};
typedef void (*desk_created_fn)(void *ctx, const char *job, enum desk_created created);

/**
 * Create a job and drive it.
 *
 * @param accepted        [in, out] a verdict; its plan is taken. With a refusal the job ends at
 * once.
 * @param submitted_at_ms [in] for people.
 * @param done            [in] called once, later, unless the desk is freed before.
 */
void desk_create(struct desk *desk, const char *job, struct accepted *accepted,
                 int64_t submitted_at_ms, desk_created_fn done, void *ctx);

/** Take a job over; see adopt_new(). Nothing happens if it is on the desk already. */
void desk_adopt(struct desk *desk, const char *job, const json_t *value, uint64_t revision);

/** @return whether the job is driven or being taken over here. */
bool desk_has(const struct desk *desk, const char *job);
/** @return the engine of a job driven here, or NULL. Borrowed until the loop turns. */
const struct engine *desk_engine(const struct desk *desk, const char *job);
size_t desk_count(const struct desk *desk);

/** Hand a fact to its job, if that is here: at once, or as soon as it has been taken over, for
 * which the fact is moved out of `fact`. */
void desk_fact(struct desk *desk, struct fact *fact);
/** Tell every job that a node went silent, or was heard again. */
void desk_node(struct desk *desk, const char *node, bool silent);

#endif
