/* owner.h - one job at a virtual controller: read, adopted, driven. Pure.
 *
 * Mirrors controller/shell's drive, perform, save, adopt and reader.
 */
#ifndef BATON_SIM_OWNER_H
#define BATON_SIM_OWNER_H

#include "cell.h"
#include "controller/core/engine.h"
#include "fact.h"

struct controller;

enum owner_phase { OWNER_ADOPTING, OWNER_DRIVING };

struct owner {
    struct controller *controller;
    struct world *world;
    struct party *party;
    const struct sim_job *job;
    uint32_t serial; /* answers to another owner of the same job are not for this one */
    enum owner_phase phase;
    struct engine *engine;
    struct effects effects;
    bool created; /* here, from a submission, and not known to all yet */
    bool ending, over;
    uint64_t tick_at;
    /* the append under way */
    bool appending;
    struct buffer record;
    uint64_t index, prev_seq;
    uint64_t epoch;
    /* the KV value */
    bool save_wanted, saving;
    struct fact_value value; /* wanted */
    struct fact_value writing;
    uint64_t revision; /* 0: there is none of ours */
    /* adoption */
    uint64_t claimed_at;
    uint64_t created_at;
    uint32_t fetching;
    const struct stored **waiting; /* facts that came while the job was read */
    uint32_t waiting_count;
    uint64_t adopted_at;
};

/** Make a job of a submission. */
struct owner *owner_create(struct controller *controller, struct party *party,
                           const struct sim_job *job, uint32_t serial);

/** Take a job over. @param value [in] NULL: it has none. */
struct owner *owner_adopt(struct controller *controller, struct party *party,
                          const struct sim_job *job, uint32_t serial,
                          const struct fact_value *value, uint64_t revision);
void owner_free(struct owner *owner);

/** A result or a signal was stored. */
void owner_fact(struct owner *owner, const struct stored *fact);

/** A node is not heard any more, or again. */
void owner_node(struct owner *owner, uint32_t node, bool silent);

/* What an owner asks of its controller. */
bool controller_node_silent(const struct controller *controller, uint32_t node);
uint32_t controller_number(const struct controller *controller);
struct owner *controller_owner(struct controller *controller, uint32_t job, uint32_t serial);
/* The job leaves the desk, as soon as nothing is done with it. */
void controller_drop(struct controller *controller, struct owner *owner);

#endif
