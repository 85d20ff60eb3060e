/* party.h - a process of the cell: its life, its clocks, its connection. Pure. */
#ifndef BATON_SIM_PARTY_H
#define BATON_SIM_PARTY_H

#include "world.h"

struct party {
    struct world *world;
    const char *name;
    bool worker;
    uint32_t index;
    bool up;
    uint64_t life; /* changes when the process dies and when it starts */
    uint64_t paused_since;
    uint64_t paused_until; /* it does nothing before */
    uint64_t session;      /* changes with every connection made or lost */
    bool connected;
    bool cut_out, cut_in; /* what it says, what it is told, is lost */
    bool heard;           /* its heartbeats arrive */
    uint64_t heard_until; /* the last moment they did */
    bool hears;           /* it is told of others */
    uint64_t heard_others_until;
    uint64_t boot_ns;  /* what its monotonic clock showed when the world began */
    uint64_t fast_ppm; /* how much too fast that goes */
    int64_t wall_off_ms;
};

/** @return what its monotonic clock shows. */
struct instant party_now(const struct party *party);

/** @return what its wall clock shows. */
int64_t party_wall_ms(const struct party *party);

/** @return how long from now until its clock shows this; 0 if it has. Not for INSTANT_NEVER. */
uint64_t party_until(const struct party *party, struct instant local);

/** Bring up to date whether it is heard and hears; to be called after every change. */
void party_update(struct party *party, bool server_up);

/** @return the last moment at which the listener can have heard of the other. */
uint64_t party_last_heard(const struct party *listener, const struct party *other);

#endif
