#include "claim.h"

#include <string.h>

static uint64_t claim_mix(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
    return hash;
}

uint64_t claim_weight(const char *controller, const char *job)
{
    uint64_t hash = claim_mix(claim_mix(0xcbf29ce484222325u, controller) * 31, job);
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u; /* splitmix64's finish */
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
    return hash ^ (hash >> 31);
}

bool claim_is_mine(const char *self, const char *const *living, size_t count, const char *job)
{
    uint64_t mine = claim_weight(self, job);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(living[i], self) == 0)
            continue;
        uint64_t other = claim_weight(living[i], job);
        if (other > mine || (other == mine && strcmp(living[i], self) < 0))
            return false;
    }
    return true;
}
