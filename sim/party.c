#include "party.h"

enum { PARTY_WALL_START_S = 1767225600 }; /* 2026-01-01 */

static uint64_t party_clock(const struct party *party, uint64_t world_ns)
{
    return party->boot_ns + world_ns + world_ns / 1000000 * party->fast_ppm;
}

struct instant party_now(const struct party *party)
{
    return (struct instant){party_clock(party, party->world->now)};
}

int64_t party_wall_ms(const struct party *party)
{
    return (int64_t)PARTY_WALL_START_S * 1000 + (int64_t)(party->world->now / WORLD_MS) +
           party->wall_off_ms;
}

uint64_t party_until(const struct party *party, struct instant local)
{
    uint64_t now = party->world->now;
    if (party_clock(party, now) >= local.ns)
        return 0;
    uint64_t left = local.ns - party_clock(party, now);
    uint64_t delay = left - left / (1000000 + party->fast_ppm) * party->fast_ppm;
    while (party_clock(party, now + delay) < local.ns)
        delay += local.ns - party_clock(party, now + delay);
    return delay;
}

void party_update(struct party *party, bool server_up)
{
    uint64_t now = party->world->now;
    bool linked = party->up && party->connected && server_up;
    bool heard = linked && !party->cut_out && party->paused_until <= now;
    bool hears = linked && !party->cut_in;
    if (party->heard && !heard)
        party->heard_until = now;
    if (party->hears && !hears)
        party->heard_others_until = now;
    party->heard = heard;
    party->hears = hears;
}

uint64_t party_last_heard(const struct party *listener, const struct party *other)
{
    uint64_t said = other->heard ? other->world->now : other->heard_until;
    uint64_t got = listener->hears ? listener->world->now : listener->heard_others_until;
    return said < got ? said : got;
}
