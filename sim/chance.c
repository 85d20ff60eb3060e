#include "chance.h"

static uint64_t chance_split(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

uint64_t chance_mix(uint64_t a, uint64_t b)
{
    uint64_t state = a * 0xd1342543de82ef95u ^ b;
    return chance_split(&state);
}

struct chance chance_of(uint64_t seed)
{
    struct chance chance;
    for (int i = 0; i < 4; i++)
        chance.state[i] = chance_split(&seed);
    return chance;
}

static uint64_t chance_turn(uint64_t value, int by)
{
    return value << by | value >> (64 - by);
}

uint64_t chance_next(struct chance *chance)
{
    uint64_t *s = chance->state;
    uint64_t drawn = chance_turn(s[1] * 5, 7) * 9;
    uint64_t shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = chance_turn(s[3], 45);
    return drawn;
}

/* The bias of a remainder is below 2^-40 for every limit in use here. */
uint64_t chance_below(struct chance *chance, uint64_t limit)
{
    return chance_next(chance) % limit;
}

uint64_t chance_between(struct chance *chance, uint64_t low, uint64_t high)
{
    return low + chance_below(chance, high - low + 1);
}

bool chance_permille(struct chance *chance, uint32_t permille)
{
    return permille != 0 && chance_below(chance, 1000) < permille;
}

/* Without log(), whose last bits differ between libraries: halve until a coin falls. */
uint64_t chance_around(struct chance *chance, uint64_t mean)
{
    uint64_t drawn = 0;
    for (int i = 0; i < 8; i++) {
        drawn += chance_below(chance, mean + 1);
        if (chance_below(chance, 2) == 0)
            break;
    }
    return drawn;
}
