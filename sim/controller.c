#include "controller.h"

#include <stdlib.h>

#include "base/check.h"
#include "controller/core/claim.h"
#include "owner.h"
#include "owner_parts.h"

enum { CONTROLLER_CONNECT_MS_MAX = 2000, CONTROLLER_SWEEP_MS = 1000 };

/* What the KV value of a job says, as far as this controller has been told. */
struct controller_view {
    bool known;
    uint64_t revision;
    struct fact_value value;
};

struct controller {
    struct cell *cell;
    struct party *party;
    uint32_t connect_failures;
    struct instant connected_at; /* by its own clock, as all it measures */
    uint64_t connected_ns;
    bool serving;
    bool sweeping;
    struct controller_view *views;
    uint32_t view_count;
    uint32_t first_live;
    struct owner **owners; /* by the job's number */
    uint32_t owner_count;
    uint32_t driven;
    uint32_t serials;
    bool *silent;
};

static void controller_sweep_soon(struct controller *controller);

/* --- the desk --------------------------------------------------------------------------------- */

uint32_t controller_number(const struct controller *controller)
{
    return controller->party->index;
}

bool controller_node_silent(const struct controller *controller, uint32_t node)
{
    return controller->silent[node];
}

struct owner *controller_owner(struct controller *controller, uint32_t job, uint32_t serial)
{
    struct owner *owner = job < controller->owner_count ? controller->owners[job] : NULL;
    return owner != NULL && !owner->over && (serial == 0 || owner->serial == serial) ? owner : NULL;
}

bool controller_has(const struct controller *controller, uint32_t job)
{
    return job < controller->owner_count && controller->owners[job] != NULL;
}

static void controller_bury(struct world *world, const struct occasion *occasion, bool gone)
{
    (void)world;
    (void)gone;
    owner_free(occasion->ctx);
}

void controller_drop(struct controller *controller, struct owner *owner)
{
    uint32_t job = owner->job->number;
    CHECK(controller->owners[job] == owner);
    owner->over = true;
    controller->owners[job] = NULL;
    controller->driven--;
    world_after(owner->world, 0, &(struct occasion){.occur = controller_bury, .ctx = owner});
    controller_sweep_soon(controller);
}

static void controller_put(struct controller *controller, uint32_t job, struct owner *owner)
{
    if (job >= controller->owner_count) {
        uint32_t count = job + 64;
        controller->owners = realloc(controller->owners, count * sizeof(struct owner *));
        CHECK(controller->owners != NULL);
        memset(&controller->owners[controller->owner_count], 0,
               (count - controller->owner_count) * sizeof(struct owner *));
        controller->owner_count = count;
    }
    CHECK(controller->owners[job] == NULL);
    controller->owners[job] = owner;
    controller->driven++;
    controller_sweep_soon(controller);
}

static void controller_drop_all(struct controller *controller)
{
    for (uint32_t job = 0; job < controller->owner_count && controller->driven > 0; job++) {
        if (controller->owners[job] != NULL)
            controller_drop(controller, controller->owners[job]);
    }
}

/* --- submissions ------------------------------------------------------------------------------ */

static void controller_looked_up(void *ctx, uint64_t a, uint64_t b,
                                 const struct simbus_answer *answer)
{
    struct controller *controller = ctx;
    (void)b;
    uint32_t job = (uint32_t)a;
    struct sim_job *sim_job = jobs_get(controller->cell->world, job);
    if (sim_job == NULL || !controller->serving)
        return;
    if (answer->outcome == SIMBUS_OK)
        world_accept(controller->cell->world, job);
    else if (answer->outcome == SIMBUS_NOT_FOUND && controller_owner(controller, job, 0) == NULL)
        controller_put(
            controller, job,
            owner_adopt(controller, controller->party, sim_job, ++controller->serials, NULL, 0));
}

void controller_submit(struct controller *controller, struct sim_job *job)
{
    struct world *world = controller->cell->world;
    if (!controller->serving)
        return;
    const struct simbus_asker asker = {controller->party, controller_looked_up, controller,
                                       job->number, 0};
    const struct stored *log = simbus_last(world->bus, SUBJECT_LOG, job->number, 0);
    /* Whether the id is taken shows when the first record is refused; that case is asked for as
     * soon as there is a log, which spares this shell an owner that ends at once. */
    if (controller_owner(controller, job->number, 0) != NULL ||
        (log != NULL && chance_permille(&world->chance, 800))) {
        simbus_fetch(world->bus, &asker, SUBJECT_KV, job->number, 0);
        return;
    }
    struct owner *owner = owner_create(controller, controller->party, job, ++controller->serials);
    controller_put(controller, job->number, owner);
    owner_begin(owner);
}

/* --- who is there ----------------------------------------------------------------------------- */

/* A process that was stopped for a while looks at its clock before it reads what has come. */
static bool controller_heard_within(const struct controller *controller, const struct party *other,
                                    uint64_t within_ms)
{
    const struct party *self = controller->party;
    uint64_t now = self->world->now;
    uint64_t heard = party_last_heard(self, other);
    if (self->paused_until == now && self->paused_since < heard)
        heard = self->paused_since;
    if (controller->connected_ns > heard)
        heard = controller->connected_ns;
    return now - heard < within_ms * (WORLD_MS - self->fast_ppm);
}

static void controller_look_at_nodes(struct controller *controller)
{
    struct cell *cell = controller->cell;
    for (uint32_t node = 0; node < cell->node_count; node++) {
        bool silent = !controller_heard_within(controller, &cell->nodes[node], CELL_LOST_AFTER_MS);
        if (silent == controller->silent[node])
            continue;
        controller->silent[node] = silent;
        for (uint32_t job = controller->first_live; job < controller->owner_count; job++) {
            if (controller->owners[job] != NULL)
                owner_node(controller->owners[job], node, silent);
        }
    }
}

static void controller_adopt_orphans(struct controller *controller)
{
    struct cell *cell = controller->cell;
    const char *living[16];
    bool alive[16] = {false};
    size_t count = 0;
    for (uint32_t i = 0; i < cell->controller_count; i++) {
        alive[i] = i == controller->party->index ||
                   controller_heard_within(controller, &cell->controllers[i], CELL_DEAD_AFTER_MS);
        if (alive[i])
            living[count++] = cell->controllers[i].name;
    }
    for (uint32_t job = controller->first_live; job < controller->view_count; job++) {
        const struct controller_view *view = &controller->views[job];
        if (!view->known || view->value.state >= JOB_COMPLETED) {
            if (job == controller->first_live && view->known)
                controller->first_live++;
            continue;
        }
        const struct sim_job *sim_job = jobs_get(cell->world, job);
        bool own = view->value.owner == controller->party->index;
        if (sim_job == NULL || controller_owner(controller, job, 0) != NULL ||
            (!own && alive[view->value.owner]))
            continue;
        if (own || claim_is_mine(controller->party->name, living, count, sim_job->id))
            controller_put(controller, job,
                           owner_adopt(controller, controller->party, sim_job,
                                       ++controller->serials, &view->value, view->revision));
    }
}

static void controller_sweep(struct world *world, const struct occasion *occasion, bool gone)
{
    struct controller *controller = occasion->ctx;
    if (gone)
        return;
    controller->sweeping = false;
    if (!controller->serving || occasion->a != controller->party->session)
        return;
    controller_look_at_nodes(controller);
    controller_adopt_orphans(controller);
    if (world->jobs->open > 0)
        controller_sweep_soon(controller);
}

/* While there is nothing to do nobody looks: years of idleness cost nothing. */
static void controller_sweep_soon(struct controller *controller)
{
    if (controller->sweeping || !controller->serving)
        return;
    controller->sweeping = true;
    world_after(controller->cell->world, CONTROLLER_SWEEP_MS * WORLD_MS,
                &(struct occasion){.party = controller->party,
                                   .occur = controller_sweep,
                                   .ctx = controller,
                                   .a = controller->party->session});
}

/* --- what the bus tells ----------------------------------------------------------------------- */

void controller_fact(struct controller *controller, const struct stored *fact)
{
    struct owner *owner = controller_owner(controller, fact->job, 0);
    if (owner != NULL)
        owner_fact(owner, fact);
}

void controller_value(struct controller *controller, const struct stored *value)
{
    if (value->job >= controller->view_count) {
        uint32_t count = value->job + 64;
        controller->views = realloc(controller->views, count * sizeof *controller->views);
        CHECK(controller->views != NULL);
        memset(&controller->views[controller->view_count], 0,
               (count - controller->view_count) * sizeof *controller->views);
        controller->view_count = count;
    }
    struct controller_view *view = &controller->views[value->job];
    view->known = true;
    view->revision = value->seq;
    memcpy(&view->value, value->data, sizeof view->value);
    controller_sweep_soon(controller);
}

/* --- sessions --------------------------------------------------------------------------------- */

static void controller_connect(struct world *world, const struct occasion *occasion, bool gone);

static void controller_connect_later(struct controller *controller)
{
    uint64_t ms = 100;
    for (uint32_t i = 0; i < controller->connect_failures && ms < CONTROLLER_CONNECT_MS_MAX; i++)
        ms *= 2;
    controller->connect_failures++;
    world_after(controller->cell->world, ms * WORLD_MS,
                &(struct occasion){
                    .party = controller->party, .occur = controller_connect, .ctx = controller});
}

static void controller_connect(struct world *world, const struct occasion *occasion, bool gone)
{
    struct controller *controller = occasion->ctx;
    if (gone || controller->party->connected)
        return;
    if (!simbus_connect(world->bus, controller->party)) {
        controller_connect_later(controller);
        return;
    }
    controller->connect_failures = 0;
    controller->connected_ns = world->now;
    controller->serving = true;
    controller->sweeping = false;
    memset(controller->silent, 0, controller->cell->node_count * sizeof *controller->silent);
    if (controller->views != NULL)
        memset(controller->views, 0, controller->view_count * sizeof *controller->views);
    simbus_follow(world->bus, controller->party);
    controller_sweep_soon(controller);
}

void controller_started(struct controller *controller)
{
    controller->connect_failures = 0;
    controller->sweeping = false;
    controller_connect_later(controller);
}

void controller_died(struct controller *controller)
{
    controller->serving = false;
    controller_drop_all(controller);
}

void controller_lost(struct controller *controller)
{
    controller->serving = false;
    controller_drop_all(controller);
    controller_connect_later(controller);
}

struct controller *controller_new(struct cell *cell, struct party *party)
{
    struct controller *controller = calloc(1, sizeof *controller);
    CHECK(controller != NULL);
    controller->cell = cell;
    controller->party = party;
    controller->silent = calloc(cell->node_count, sizeof *controller->silent);
    CHECK(controller->silent != NULL);
    return controller;
}

void controller_free(struct controller *controller)
{
    for (uint32_t job = 0; job < controller->owner_count; job++)
        owner_free(controller->owners[job]);
    free(controller->owners);
    free(controller->views);
    free(controller->silent);
    free(controller);
}
