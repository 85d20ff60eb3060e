/* world.h - bus, workers and controllers around a real engine, as a scenario scripts them, in
 * virtual time. What JetStream settles is settled here by the same rules: one counter for the
 * results stream, every record conditional on the last one of its subject. */
#ifndef BATON_WORLD_H
#define BATON_WORLD_H

#include "scenario.h"
#include "story.h"

/* A second way through a scenario: the owner dies at a given record of the log. */
struct world_crash {
    uint64_t record;   /* 0: never */
    bool acknowledged; /* the owner has seen that it was stored, and acted on it */
};

struct world_result {
    struct buffer story;
    char fault[512];   /* "" if everything held that must always hold */
    uint64_t records;  /* in the log */
    struct buffer log; /* the same, each behind two bytes of length */
    enum job_state ended;
};

/**
 * Play a scenario to its end.
 *
 * @param ret_result [out] release with world_result_done().
 */
void world_play(const struct scenario *scenario, struct world_crash crash,
                struct world_result *ret_result);
void world_result_done(struct world_result *result);

#endif
