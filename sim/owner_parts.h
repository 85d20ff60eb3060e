/* owner_parts.h - the inside of an owner, shared by its files. Pure. */
#ifndef BATON_SIM_OWNER_PARTS_H
#define BATON_SIM_OWNER_PARTS_H

#include "owner.h"
#include "worker.h"

typedef void (*owner_answered_fn)(void *ctx, uint64_t a, uint64_t b,
                                  const struct simbus_answer *answer);

struct owner *owner_new(struct controller *controller, struct party *party,
                        const struct sim_job *job, uint32_t serial);
struct simbus_asker owner_asker(const struct owner *owner, owner_answered_fn answered,
                                uint64_t more);
struct owner *owner_of(void *ctx, uint64_t a);
void owner_step(struct owner *owner, struct event *event);
void owner_take_fact(struct owner *owner, const struct stored *stored);
void owner_check_nodes(struct owner *owner);
void owner_begin(struct owner *owner);

/** @return whether to do now what costs O(rows). */
bool owner_may_check(const struct owner *owner);

/** Whether the live state is what anybody reads in the log. */
void owner_compare(struct owner *owner);

/** Replay a log. @return NULL if it can't be; that is a violation. */
struct engine *owner_replay(struct world *world, uint32_t job, const struct stored *const *log,
                            size_t count);

/** The submission of a job is acknowledged. */
void world_accept(struct world *world, uint32_t job);

#endif
