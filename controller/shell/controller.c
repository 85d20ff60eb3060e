#include "shell/controller.h"

#include <stdlib.h>

#include "api/api.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "core/claim.h"
#include "shell/desk.h"
#include "shell/facts.h"
#include "shell/intake.h"
#include "shell/jobs.h"
#include "shell/peers.h"
#include "shell/roster.h"
#include "sys/clock.h"
#include "wire/subject.h"

enum {
    RECONNECT_MIN_MS = 100,
    RECONNECT_MAX_MS = 2000,
    RECONCILE_MS = 1000, /* the bound within which a lost watch or message is made up for */
};

/* Everything from `bus` to `api` belongs to one session: a lost one takes them all with it, and the
 * next begins by reading. Nothing of a job is kept in between but what the bus has. */
struct controller {
    struct controller_options options;
    struct cell cell;
    struct bus *bus;
    struct cell_ensuring *ensuring;
    struct roster *roster;
    struct jobs *jobs;
    struct peers *peers;
    struct desk *desk;
    struct bus_follow *facts;
    struct intake *intake;
    struct api *api;
    unsigned unread; /* of roster, jobs and peers: how many have not been read yet */
    uv_timer_t reconnect;
    uv_timer_t reconcile;
    uint64_t reconnect_ms;
    int64_t started_at_ms;
    bool stopping;
    int exit_code;
};

static void controller_connect(struct controller *controller);

/* --- the end of a session --------------------------------------------------------------------- */

/* Take in nothing more and let go of the jobs. */
static void controller_drop_work(struct controller *controller)
{
    api_free(STEAL(controller->api));
    intake_free(STEAL(controller->intake));
    bus_follow_stop(STEAL(controller->facts));
    desk_free(STEAL(controller->desk));
}

static void controller_drop_parts(struct controller *controller)
{
    controller_drop_work(controller);
    cell_ensuring_free(STEAL(controller->ensuring));
    peers_free(STEAL(controller->peers));
    jobs_free(STEAL(controller->jobs));
    roster_free(STEAL(controller->roster));
}

static void controller_reconnect(uv_timer_t *timer)
{
    controller_connect(timer->data);
}

static void controller_connect_later(struct controller *controller)
{
    if (controller->stopping)
        return;
    uv_timer_start(&controller->reconnect, controller_reconnect, controller->reconnect_ms, 0);
    controller->reconnect_ms *= 2;
    if (controller->reconnect_ms > RECONNECT_MAX_MS)
        controller->reconnect_ms = RECONNECT_MAX_MS;
}

static void controller_lost(void *ctx, const char *why)
{
    struct controller *controller = ctx;
    log_event(controller->options.log, LOG_WARN, "bus.lost", LOG_TEXT("error", why));
    controller_drop_parts(controller);
    bus_close(STEAL(controller->bus), NULL, NULL);
    if (!controller->stopping)
        uv_timer_stop(&controller->reconcile);
    controller_connect_later(controller);
}

static void controller_give_up(struct controller *controller, const struct error *err)
{
    log_event(controller->options.log, LOG_ERROR, "controller.gives_up", LOG_ERR(err));
    controller->exit_code = 1;
    controller_stop(controller);
}

/* --- orphans ---------------------------------------------------------------------------------- */

/* Take over the jobs that nobody drives. Cost: O(jobs that have not ended). */
static void controller_adopt_orphans(struct controller *controller)
{
    if (controller->api == NULL)
        return;
    const char **living = NULL;
    size_t count = peers_living(controller->peers, &living);
    size_t at = 0;
    const struct jobs_entry *entry;
    while ((entry = jobs_next_live(controller->jobs, &at)) != NULL) {
        const char *id = entry->record.id.text;
        const char *owner = entry->record.owner.text;
        bool own = strcmp(owner, controller->options.id) == 0;
        if (desk_has(controller->desk, id) || (!own && peers_alive(controller->peers, owner)))
            continue;
        if (own || claim_is_mine(controller->options.id, living, count, id))
            desk_adopt(controller->desk, id, entry->value, entry->revision);
    }
    free(living);
}

static void controller_reconcile(uv_timer_t *timer)
{
    controller_adopt_orphans(timer->data);
}

/* --- what the parts tell ---------------------------------------------------------------------- */

static void controller_fact(void *ctx, const struct bus_message *message)
{
    struct controller *controller = ctx;
    struct error err;
    struct fact fact;
    if (fact_read(controller->options.cell, message, &fact, &err) != STATUS_OK) {
        log_event(controller->options.log, LOG_WARN, "result.ignored",
                  LOG_TEXT("subject", message->subject), LOG_UINT("seq", message->stream_seq),
                  LOG_ERR(&err));
        return;
    }
    desk_fact(controller->desk, &fact);
    fact_done(&fact);
}

static void controller_node_changed(void *ctx, const char *node, bool silent)
{
    struct controller *controller = ctx;
    if (controller->desk != NULL)
        desk_node(controller->desk, node, silent);
}

static bool controller_node_silent(void *ctx, const char *node)
{
    const struct controller *controller = ctx;
    return roster_silent(controller->roster, node);
}

static void controller_job_changed(void *ctx, const struct jobs_entry *entry)
{
    struct controller *controller = ctx;
    if (controller->api != NULL)
        api_job_changed(controller->api, entry->record.id.text);
}

static void controller_peers_changed(void *ctx)
{
    controller_adopt_orphans(ctx);
}

static size_t controller_job_count(void *ctx)
{
    const struct controller *controller = ctx;
    return controller->desk == NULL ? 0 : desk_count(controller->desk);
}

/* --- the beginning of a session --------------------------------------------------------------- */

/* Results are followed from here on, so that nothing falls between reading a job and driving it. */
static void controller_serve(void *ctx)
{
    struct controller *controller = ctx;
    controller->intake = intake_new(&controller->cell, controller->roster, controller->desk);
    const struct api_options options = {
        .cell = &controller->cell,
        .jobs = controller->jobs,
        .desk = controller->desk,
        .peers = controller->peers,
        .roster = controller->roster,
    };
    controller->api = api_new(&options);
    controller->reconnect_ms = RECONNECT_MIN_MS;
    log_event(controller->options.log, LOG_INFO, "controller.ready",
              LOG_TEXT("server", bus_server_version(controller->bus)));
    controller_adopt_orphans(controller);
    uv_timer_start(&controller->reconcile, controller_reconcile, RECONCILE_MS, RECONCILE_MS);
}

static void controller_one_read(void *ctx)
{
    struct controller *controller = ctx;
    CHECK(controller->unread > 0);
    if (--controller->unread > 0)
        return;
    const struct desk_options options = {
        .cell = &controller->cell, .node_silent = controller_node_silent, .ctx = controller};
    controller->desk = desk_new(&options);
    struct subject stream = subject_stream(controller->options.cell, CELL_RESULTS);
    const struct bus_follow_options follow = {.stream = stream.text};
    controller->facts =
        bus_follow(controller->bus, &follow, controller_fact, controller_serve, controller);
}

static void controller_ensured(void *ctx, const struct error *err)
{
    struct controller *controller = ctx;
    cell_ensuring_free(STEAL(controller->ensuring));
    if (err != NULL) {
        controller_give_up(controller, err);
        return;
    }
    controller->unread = 3;
    controller->roster =
        roster_new(&controller->cell,
                   &(struct roster_options){.lost_after = controller->options.worker_lost_after,
                                            .changed = controller_node_changed,
                                            .ready = controller_one_read,
                                            .ctx = controller});
    controller->jobs =
        jobs_new(&controller->cell, &(struct jobs_options){.changed = controller_job_changed,
                                                           .ready = controller_one_read,
                                                           .ctx = controller});
    controller->peers = peers_new(
        &controller->cell, &(struct peers_options){.beat_every = controller->options.beat_every,
                                                   .dead_after = controller->options.dead_after,
                                                   .started_at_ms = controller->started_at_ms,
                                                   .jobs = controller_job_count,
                                                   .ready = controller_one_read,
                                                   .changed = controller_peers_changed,
                                                   .ctx = controller});
}

/* Update-if-revision is not atomic on 2.9 with several replicas: ownership would be a lottery. */
static bool controller_server_fits(const struct controller *controller, struct error *err)
{
    unsigned major = 0;
    unsigned minor = 0;
    const char *version = bus_server_version(controller->bus);
    (void)sscanf(version, "%u.%u", &major, &minor);
    if (controller->options.replicas <= 1 || major > 2 || (major == 2 && minor >= 10))
        return true;
    (void)ERROR(err, STATUS_UNSUPPORTED,
                "nats-server %s can't do conditional writes safely with %u replicas: use "
                "nats-server 2.10 or newer, or --replicas 1",
                version, controller->options.replicas);
    return false;
}

static void controller_opened(void *ctx, struct bus *bus, const struct error *err)
{
    struct controller *controller = ctx;
    if (bus == NULL) {
        log_event(controller->options.log, LOG_WARN, "bus.unreachable", LOG_ERR(err));
        controller_connect_later(controller);
        return;
    }
    if (controller->stopping) {
        bus_close(bus, NULL, NULL);
        return;
    }
    controller->bus = bus;
    controller->cell = (struct cell){
        .loop = controller->options.loop,
        .bus = bus,
        .log = controller->options.log,
        .name = controller->options.cell,
        .controller = controller->options.id,
        .replicas = controller->options.replicas,
    };
    struct error unfit;
    if (!controller_server_fits(controller, &unfit)) {
        controller_give_up(controller, &unfit);
        return;
    }
    controller->ensuring = cell_ensure(&controller->cell, controller_ensured, controller);
}

static void controller_connect(struct controller *controller)
{
    if (controller->stopping)
        return;
    struct error err;
    if (bus_open(controller->options.loop, &controller->options.bus, controller_opened,
                 controller_lost, controller, &err) != STATUS_OK) {
        controller_give_up(controller, &err);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

struct controller *controller_new(const struct controller_options *options)
{
    struct controller *controller = calloc(1, sizeof *controller);
    CHECK(controller != NULL);
    controller->options = *options;
    controller->reconnect_ms = RECONNECT_MIN_MS;
    controller->started_at_ms = clock_unix_ms();
    uv_timer_init(options->loop, &controller->reconnect);
    uv_timer_init(options->loop, &controller->reconcile);
    controller->reconnect.data = controller;
    controller->reconcile.data = controller;
    controller_connect(controller);
    return controller;
}

static void controller_said_goodbye(void *ctx)
{
    struct controller *controller = ctx;
    controller_drop_parts(controller);
    if (controller->bus != NULL)
        bus_close(STEAL(controller->bus), NULL, NULL);
}

void controller_stop(struct controller *controller)
{
    if (controller->stopping)
        return;
    controller->stopping = true;
    log_event(controller->options.log, LOG_INFO, "controller.stopping");
    uv_close((uv_handle_t *)&controller->reconnect, NULL);
    uv_close((uv_handle_t *)&controller->reconcile, NULL);
    /* First let go of the jobs, then say so: who hears it takes them over at once. */
    controller_drop_work(controller);
    if (controller->peers != NULL)
        peers_stop(controller->peers, controller_said_goodbye, controller);
    else
        controller_said_goodbye(controller);
}

int controller_free(struct controller *controller)
{
    int exit_code = controller->exit_code;
    free(controller);
    return exit_code;
}
