#include "cell.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "controller.h"
#include "oracle/oracle.h"
#include "owner_parts.h"
#include "worker.h"

enum { CELL_SUBMIT_AGAIN_MS = 5000 };

static void cell_order(struct party *party, const struct stored *order)
{
    worker_order(party->world->cell->workers[party->index], order);
}

static void cell_follow(struct party *party, const struct stored *fact)
{
    controller_fact(party->world->cell->managers[party->index], fact);
}

static void cell_watch(struct party *party, const struct stored *value)
{
    controller_value(party->world->cell->managers[party->index], value);
}

static void cell_init_party(struct cell *cell, struct party *party, bool worker, uint32_t index)
{
    struct chance *chance = &cell->world->chance;
    *party = (struct party){.world = cell->world, .worker = worker, .index = index};
    party->boot_ns = chance_between(chance, 1, 1000000) * WORLD_S;
    party->fast_ppm = chance_below(chance, 400);
    party->wall_off_ms = (int64_t)chance_below(chance, 20000) - 10000;
}

static void *cell_array(size_t count, size_t size)
{
    void *array = calloc(count, size);
    CHECK(array != NULL);
    return array;
}

struct cell *cell_new(struct world *world, uint32_t controllers, uint32_t nodes)
{
    struct cell *cell = cell_array(1, sizeof *cell);
    cell->world = world;
    world->cell = cell;
    cell->controller_count = controllers;
    cell->node_count = nodes;
    cell->controllers = cell_array(controllers, sizeof *cell->controllers);
    cell->nodes = cell_array(nodes, sizeof *cell->nodes);
    cell->node_list = cell_array(nodes, sizeof(struct party *));
    cell->node_names = cell_array(nodes, sizeof(const char *));
    cell->names = cell_array(controllers + nodes, sizeof *cell->names);
    cell->managers = cell_array(controllers, sizeof(struct controller *));
    cell->workers = cell_array(nodes, sizeof(struct worker *));
    for (uint32_t i = 0; i < controllers; i++) {
        cell_init_party(cell, &cell->controllers[i], false, i);
        (void)snprintf(cell->names[i], sizeof cell->names[i], "ctl-%u", i);
        cell->controllers[i].name = cell->names[i];
        cell->managers[i] = controller_new(cell, &cell->controllers[i]);
    }
    for (uint32_t i = 0; i < nodes; i++) {
        char *name = cell->names[controllers + i];
        cell_init_party(cell, &cell->nodes[i], true, i);
        (void)snprintf(name, sizeof cell->names[i], "node-%u", i);
        cell->nodes[i].name = cell->node_names[i] = name;
        cell->node_list[i] = &cell->nodes[i];
        cell->workers[i] = worker_new(cell, &cell->nodes[i]);
    }
    static const struct simbus_hooks hooks = {cell_order, cell_follow, cell_watch};
    world->bus = simbus_new(world, cell->node_list, nodes, &hooks);
    return cell;
}

void cell_free(struct cell *cell)
{
    for (uint32_t i = 0; i < cell->controller_count; i++)
        controller_free(cell->managers[i]);
    for (uint32_t i = 0; i < cell->node_count; i++)
        worker_free(cell->workers[i]);
    simbus_free(cell->world->bus);
    free(cell->controllers);
    free(cell->nodes);
    free(cell->node_list);
    free(cell->node_names);
    free(cell->names);
    free(cell->managers);
    free(cell->workers);
    free(cell);
}

void cell_start(struct cell *cell, struct party *party)
{
    if (party->up)
        return;
    party->up = true;
    party->life++;
    party->paused_until = 0;
    world_say(cell->world, WORLD_NO_JOB, "%s starts", party->name);
    if (party->worker)
        worker_started(cell->workers[party->index]);
    else
        controller_started(cell->managers[party->index]);
}

void cell_kill(struct cell *cell, struct party *party)
{
    if (!party->up)
        return;
    world_say(cell->world, WORLD_NO_JOB, "%s dies", party->name);
    simbus_leave(party, cell->world->bus);
    if (party->worker)
        worker_died(cell->workers[party->index]);
    else
        controller_died(cell->managers[party->index]);
    party->up = false;
    party->life++;
    party->paused_until = 0;
    party_update(party, simbus_up(cell->world->bus));
}

static void cell_noticed(struct world *world, const struct occasion *occasion, bool gone)
{
    struct party *party = occasion->party;
    if (gone || party->connected || party->session != occasion->a)
        return;
    if (party->worker)
        worker_lost(world->cell->workers[party->index]);
    else
        controller_lost(world->cell->managers[party->index]);
}

void cell_cut_session(struct cell *cell, struct party *party)
{
    if (!party->connected)
        return;
    simbus_leave(party, cell->world->bus);
    world_say(cell->world, WORLD_NO_JOB, "%s loses its session", party->name);
    world_after(cell->world, chance_between(&cell->world->chance, 1, 50) * WORLD_MS,
                &(struct occasion){.party = party, .occur = cell_noticed, .a = party->session});
}

/* --- submissions and cancels ------------------------------------------------------------------ */

void world_accept(struct world *world, uint32_t job)
{
    struct sim_job *accepted = jobs_get(world, job);
    if (accepted != NULL)
        accepted->accepted = true;
}

static void cell_submitted(struct world *world, const struct occasion *occasion, bool gone)
{
    struct cell *cell = world->cell;
    struct sim_job *job = jobs_get(world, (uint32_t)occasion->a);
    if (gone || job == NULL || job->accepted)
        return;
    uint32_t to = (uint32_t)chance_below(&world->chance, cell->controller_count);
    const struct party *party = &cell->controllers[to];
    if (party->hears && party->paused_until <= world->now)
        controller_submit(cell->managers[to], job);
    world_after(world, CELL_SUBMIT_AGAIN_MS * WORLD_MS, occasion);
}

void cell_submit(struct cell *cell, struct sim_job *job)
{
    struct world *world = cell->world;
    job->submitted_at = world->now;
    simbus_add_job(world->bus, job->number);
    oracle_add_job(world, job);
    world_after(world, 0, &(struct occasion){.occur = cell_submitted, .a = job->number});
}

void cell_cancel(struct cell *cell, struct sim_job *job)
{
    /* A client asks; its asking is stored like any other fact. */
    static const char body[1] = {0};
    struct party *via = &cell->controllers[0];
    const struct simbus_store store = {
        .kind = SUBJECT_SIGNAL, .job = job->number, .body = bytes_of(body, sizeof body)};
    world_say(cell->world, job->number, "somebody asks for the end of %s", job->id);
    job->signals++;
    cell->world->faults[FAULT_CANCELLED]++;
    simbus_put(cell->world->bus, via, &store);
}
