/* chance.h - the only source of chance in a simulation: xoshiro256**, seeded by splitmix64. Pure.
 */
#ifndef BATON_SIM_CHANCE_H
#define BATON_SIM_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

struct chance {
    uint64_t state[4];
};

/** @return a generator whose numbers depend on the seed alone. */
struct chance chance_of(uint64_t seed);

/** @return the next 64 bits. */
uint64_t chance_next(struct chance *chance);

/** @return a number below `limit`, which is not 0. */
uint64_t chance_below(struct chance *chance, uint64_t limit);

/** @return a number from `low` to `high`, both included. */
uint64_t chance_between(struct chance *chance, uint64_t low, uint64_t high);

/** @return true so many times in a thousand. */
bool chance_permille(struct chance *chance, uint32_t permille);

/** @return a number around `mean`, mostly less and rarely much more (exponential, cut at 8 means).
 */
uint64_t chance_around(struct chance *chance, uint64_t mean);

/** @return bits that depend on what is given and on nothing else. */
uint64_t chance_mix(uint64_t a, uint64_t b);

#endif
