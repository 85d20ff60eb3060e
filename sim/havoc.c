#include "havoc.h"

#include "base/check.h"
#include "worker.h"

static const enum fault_kind havoc_deeds[] = {
    FAULT_CONTROLLER_DIED, FAULT_CONTROLLER_PAUSED, FAULT_WORKER_DIED,
    FAULT_WORKER_PAUSED,   FAULT_CUT_OUT,           FAULT_CUT_IN,
    FAULT_CUT_BOTH,        FAULT_SESSION_LOST,      FAULT_SERVER_DIED,
    FAULT_DISK_FULL,       FAULT_DISK_SLOW,         FAULT_CLOCK_JUMPED,
    FAULT_CANCELLED,
};
enum { HAVOC_DEEDS = sizeof havoc_deeds / sizeof havoc_deeds[0] };

static void havoc_next(struct havoc *havoc, bool busy_chain);

static struct party *havoc_pick(struct havoc *havoc, bool workers)
{
    struct cell *cell = havoc->cell;
    struct chance *chance = &cell->world->chance;
    if (workers)
        return &cell->nodes[chance_below(chance, cell->node_count)];
    return &cell->controllers[chance_below(chance, cell->controller_count)];
}

static struct party *havoc_anyone(struct havoc *havoc)
{
    return havoc_pick(havoc, chance_permille(&havoc->cell->world->chance, 500));
}

/* --- and back again --------------------------------------------------------------------------- */

static void havoc_restart(struct world *world, const struct occasion *occasion, bool gone)
{
    if (!gone)
        cell_start(world->cell, occasion->ctx);
}

static void havoc_resume(struct world *world, const struct occasion *occasion, bool gone)
{
    if (!gone)
        party_update(occasion->ctx, simbus_up(world->bus));
}

static void havoc_repair(struct world *world, const struct occasion *occasion, bool gone)
{
    struct party *party = occasion->ctx;
    if (gone)
        return;
    party->cut_in = party->cut_out = false;
    party_update(party, simbus_up(world->bus));
    world_say(world, WORLD_NO_JOB, "%s is reachable again", party->name);
}

static void havoc_rise(struct world *world, const struct occasion *occasion, bool gone)
{
    (void)occasion;
    if (gone || simbus_up(world->bus))
        return;
    world_say(world, WORLD_NO_JOB, "the server starts");
    simbus_rise(world->bus);
}

static void havoc_empty(struct world *world, const struct occasion *occasion, bool gone)
{
    (void)occasion;
    if (!gone)
        simbus_set_full(world->bus, false);
}

static void havoc_session(struct world *world, const struct occasion *occasion, bool gone)
{
    struct party *party = occasion->ctx;
    if (!gone && (party->cut_in || party->cut_out))
        cell_cut_session(world->cell, party);
}

static void havoc_later(struct havoc *havoc, uint64_t ms, struct party *party,
                        void (*occur)(struct world *, const struct occasion *, bool))
{
    world_after(havoc->cell->world, ms * WORLD_MS,
                &(struct occasion){.occur = occur, .ctx = party});
}

/* --- deeds ------------------------------------------------------------------------------------ */

static void havoc_die(struct havoc *havoc, struct party *party)
{
    struct chance *chance = &havoc->cell->world->chance;
    cell_kill(havoc->cell, party);
    uint64_t longest = chance_permille(chance, 300) ? 60000 : 3000;
    havoc_later(havoc, chance_between(chance, 10, longest), party, havoc_restart);
}

static void havoc_pause(struct havoc *havoc, struct party *party)
{
    struct world *world = havoc->cell->world;
    uint64_t ms = chance_between(&world->chance, 100, 45000);
    if (!party->up || party->paused_until > world->now)
        return;
    party->paused_since = world->now;
    party->paused_until = world->now + ms * WORLD_MS;
    world_say(world, WORLD_NO_JOB, "%s stops for %llu ms", party->name, (unsigned long long)ms);
    party_update(party, simbus_up(world->bus));
    havoc_later(havoc, ms, party, havoc_resume);
}

static void havoc_cut(struct havoc *havoc, enum fault_kind kind)
{
    struct world *world = havoc->cell->world;
    struct party *party = havoc_anyone(havoc);
    party->cut_out = kind != FAULT_CUT_IN;
    party->cut_in = kind != FAULT_CUT_OUT;
    world_say(world, WORLD_NO_JOB, "%s: %s", party->name, fault_text(kind));
    party_update(party, simbus_up(world->bus));
    havoc_later(havoc, chance_between(&world->chance, 5000, 90000), party, havoc_session);
    havoc_later(havoc, chance_between(&world->chance, 500, 60000), party, havoc_repair);
}

static void havoc_server(struct havoc *havoc)
{
    struct cell *cell = havoc->cell;
    struct world *world = cell->world;
    if (!simbus_up(world->bus))
        return;
    world_say(world, WORLD_NO_JOB, "the server dies");
    const struct simbus_memory memory = {.forgets_acks = havoc->enabled[FAULT_ACK_FORGOTTEN]};
    simbus_die(world->bus, &memory);
    for (uint32_t i = 0; i < cell->controller_count; i++)
        cell_cut_session(cell, &cell->controllers[i]);
    for (uint32_t i = 0; i < cell->node_count; i++)
        cell_cut_session(cell, &cell->nodes[i]);
    havoc_later(havoc, chance_between(&world->chance, 50, 8000), NULL, havoc_rise);
}

static void havoc_cancel(struct havoc *havoc)
{
    struct world *world = havoc->cell->world;
    if (world->jobs->open == 0)
        return;
    uint32_t first = world->jobs->first_open;
    uint32_t number = first + (uint32_t)chance_below(&world->chance, world->jobs->count - first);
    struct sim_job *job = jobs_get(world, number);
    /* Of a job that nobody knows yet a client is told that there is none. */
    if (job != NULL && !job->ended && simbus_last(world->bus, SUBJECT_KV, number, 0) != NULL)
        cell_cancel(havoc->cell, job);
}

static void havoc_do(struct havoc *havoc, enum fault_kind kind)
{
    struct world *world = havoc->cell->world;
    struct chance *chance = &world->chance;
    if (kind != FAULT_CANCELLED)
        world->faults[kind]++;
    if (kind == FAULT_CONTROLLER_DIED || kind == FAULT_WORKER_DIED) {
        havoc_die(havoc, havoc_pick(havoc, kind == FAULT_WORKER_DIED));
    } else if (kind == FAULT_CONTROLLER_PAUSED || kind == FAULT_WORKER_PAUSED) {
        havoc_pause(havoc, havoc_pick(havoc, kind == FAULT_WORKER_PAUSED));
    } else if (kind == FAULT_CUT_IN || kind == FAULT_CUT_OUT || kind == FAULT_CUT_BOTH) {
        havoc_cut(havoc, kind);
    } else if (kind == FAULT_SESSION_LOST) {
        cell_cut_session(havoc->cell, havoc_anyone(havoc));
    } else if (kind == FAULT_SERVER_DIED) {
        havoc_server(havoc);
    } else if (kind == FAULT_DISK_FULL) {
        simbus_set_full(world->bus, true);
        havoc_later(havoc, chance_between(chance, 100, 20000), NULL, havoc_empty);
    } else if (kind == FAULT_DISK_SLOW) {
        const struct party *party = havoc_pick(havoc, true);
        uint64_t ms = chance_between(chance, 1000, 60000);
        worker_slow(havoc->cell->workers[party->index], world->now + ms * WORLD_MS);
    } else if (kind == FAULT_CLOCK_JUMPED) {
        struct party *party = havoc_anyone(havoc);
        party->wall_off_ms += (int64_t)chance_below(chance, 7200000) - 3600000;
    } else {
        havoc_cancel(havoc);
    }
}

static void havoc_strike(struct world *world, const struct occasion *occasion, bool gone)
{
    struct havoc *havoc = occasion->ctx;
    bool busy_chain = occasion->a != 0;
    if (gone || havoc->over)
        return;
    if (busy_chain && world->jobs->open == 0) {
        havoc->busy = false;
        return;
    }
    enum fault_kind kind = havoc_deeds[chance_below(&world->chance, HAVOC_DEEDS)];
    if (havoc->enabled[kind])
        havoc_do(havoc, kind);
    havoc_next(havoc, busy_chain);
}

static void havoc_next(struct havoc *havoc, bool busy_chain)
{
    struct world *world = havoc->cell->world;
    uint64_t mean = busy_chain ? havoc->busy_ns : havoc->every_ns;
    world_after(world, 1 + chance_around(&world->chance, mean),
                &(struct occasion){.occur = havoc_strike, .ctx = havoc, .a = busy_chain});
}

void havoc_poke(struct havoc *havoc)
{
    if (havoc->busy || havoc->busy_ns == 0 || havoc->over)
        return;
    havoc->busy = true;
    havoc_next(havoc, true);
}

/* --- begin and end ---------------------------------------------------------------------------- */

void havoc_begin(struct havoc *havoc, struct cell *cell, enum chaos chaos, uint64_t every_ns,
                 uint64_t busy_ns)
{
    struct chance *chance = &cell->world->chance;
    *havoc = (struct havoc){.cell = cell, .every_ns = every_ns * chance_between(chance, 1, 8)};
    havoc->busy_ns = chaos == CHAOS_NONE ? 0 : busy_ns;
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++)
        havoc->enabled[kind] =
            chaos != CHAOS_NONE && chance_permille(chance, chaos == CHAOS_FULL ? 600 : 250);
    havoc->enabled[FAULT_AMNESIA] = false;
    uint32_t most = chaos == CHAOS_FULL ? 60 : 15;
    struct simbus_faults faults = {.delay_ms_max = chance_between(chance, 10, 40000)};
    if (havoc->enabled[FAULT_LOST])
        faults.lost = (uint32_t)chance_between(chance, 1, most);
    if (havoc->enabled[FAULT_ACK_LOST])
        faults.ack_lost = (uint32_t)chance_between(chance, 1, most);
    if (havoc->enabled[FAULT_DELAYED])
        faults.delayed = (uint32_t)chance_between(chance, 1, 2 * most);
    if (havoc->enabled[FAULT_DOUBLED])
        faults.doubled = (uint32_t)chance_between(chance, 1, most);
    simbus_set_faults(cell->world->bus, &faults);
    if (chaos != CHAOS_NONE)
        havoc_next(havoc, false);
}

void havoc_heal(struct havoc *havoc)
{
    struct cell *cell = havoc->cell;
    struct world *world = cell->world;
    havoc->over = true;
    world->healed_at = world->now;
    world_say(world, WORLD_NO_JOB, "everything is healed");
    simbus_set_faults(world->bus, &(struct simbus_faults){0});
    simbus_set_full(world->bus, false);
    simbus_rise(world->bus);
    for (uint32_t i = 0; i < cell->controller_count + cell->node_count; i++) {
        struct party *party = i < cell->controller_count ? &cell->controllers[i]
                                                         : &cell->nodes[i - cell->controller_count];
        party->cut_in = party->cut_out = false;
        cell_start(cell, party);
        party_update(party, true);
        if (party->worker)
            worker_slow(cell->workers[party->index], 0);
    }
}
