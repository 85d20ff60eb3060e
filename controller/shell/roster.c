#include "shell/roster.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/map.h"
#include "sys/clock.h"
#include "wire/subject.h"

enum { ROSTER_SWEEP_MS = 500 }; /* how late a lost node may be noticed, at most */

struct roster_worker {
    struct name name;
    json_t *record;
    struct instant heard_at;
    bool silent;
};

struct roster {
    struct cell cell;
    struct roster_options options;
    struct map workers; /* name -> struct roster_worker */
    struct bus_kv_watch *watch;
    uv_timer_t *sweep;
};

static void roster_worker_free(struct roster_worker *worker)
{
    json_decref(worker->record);
    free(worker);
}

static const char *roster_text(const json_t *record, const char *key)
{
    const char *text = json_string_value(json_object_get(record, key));
    return text == NULL ? "" : text;
}

static void roster_set_silent(struct roster *roster, struct roster_worker *worker, bool silent)
{
    if (worker->silent == silent)
        return;
    worker->silent = silent;
    log_event(roster->cell.log, silent ? LOG_WARN : LOG_INFO, silent ? "node.lost" : "node.heard",
              LOG_TEXT("node", worker->name.text));
    roster->options.changed(roster->options.ctx, worker->name.text, silent);
}

static void roster_forget(struct roster *roster, const char *key)
{
    struct roster_worker *worker = map_remove(&roster->workers, key);
    if (worker == NULL)
        return;
    roster_set_silent(roster, worker, true);
    roster_worker_free(worker);
}

static struct roster_worker *roster_worker_at(struct roster *roster, struct name name)
{
    struct roster_worker *worker = map_get(&roster->workers, name.text);
    if (worker != NULL)
        return worker;
    worker = calloc(1, sizeof *worker);
    CHECK(worker != NULL);
    worker->name = name;
    CHECK(map_put(&roster->workers, worker->name.text, worker));
    return worker;
}

static void roster_each(void *ctx, enum kv_change change, const char *key, struct bytes value,
                        uint64_t revision)
{
    struct roster *roster = ctx;
    (void)revision;
    if (change == KV_DELETED) {
        roster_forget(roster, key);
        return;
    }
    struct name name;
    json_t *record = json_loadb((const char *)value.data, value.len, 0, NULL);
    const char *id = json_string_value(json_object_get(record, "id"));
    if (!name_set(&name, bytes_of_text(key)) || id == NULL || strcmp(id, key) != 0) {
        log_event(roster->cell.log, LOG_WARN, "worker.record_malformed", LOG_TEXT("key", key));
        json_decref(record);
        return;
    }
    struct roster_worker *worker = roster_worker_at(roster, name);
    json_decref(worker->record);
    worker->record = record;
    worker->heard_at = clock_now();
    /* Also when it says that it goes offline: a restart or an upgrade takes less than lost_after.
     */
    roster_set_silent(roster, worker, false);
}

static void roster_sweep(uv_timer_t *timer)
{
    struct roster *roster = timer->data;
    struct instant now = clock_now();
    size_t at = 0;
    for (struct roster_worker *worker; (worker = map_next(&roster->workers, &at)) != NULL;) {
        if (instant_reached(now, instant_add(worker->heard_at, roster->options.lost_after)))
            roster_set_silent(roster, worker, true);
    }
}

static void roster_caught_up(void *ctx)
{
    struct roster *roster = ctx;
    roster->options.ready(roster->options.ctx);
}

struct roster *roster_new(const struct cell *cell, const struct roster_options *options)
{
    struct roster *roster = calloc(1, sizeof *roster);
    CHECK(roster != NULL);
    roster->cell = *cell;
    roster->options = *options;
    struct subject bucket = subject_bucket(cell->name, CELL_WORKERS);
    roster->watch =
        bus_kv_watch(cell->bus, bucket.text, "*", roster_each, roster_caught_up, roster);
    roster->sweep = calloc(1, sizeof *roster->sweep);
    CHECK(roster->sweep != NULL);
    uv_timer_init(cell->loop, roster->sweep);
    roster->sweep->data = roster;
    uv_timer_start(roster->sweep, roster_sweep, ROSTER_SWEEP_MS, ROSTER_SWEEP_MS);
    return roster;
}

void roster_free(struct roster *roster)
{
    if (roster == NULL)
        return;
    bus_kv_watch_stop(roster->watch);
    uv_close((uv_handle_t *)roster->sweep, (uv_close_cb)free);
    size_t at = 0;
    for (struct roster_worker *worker; (worker = map_next(&roster->workers, &at)) != NULL;)
        roster_worker_free(worker);
    map_done(&roster->workers);
    free(roster);
}

bool roster_silent(const struct roster *roster, const char *node)
{
    const struct roster_worker *worker = map_get(&roster->workers, node);
    return worker == NULL || worker->silent;
}

static json_t *roster_render(const struct roster_worker *worker)
{
    json_t *record = json_copy(worker->record);
    bool offline = strcmp(roster_text(record, "state"), "offline") == 0;
    if (record != NULL && worker->silent && !offline)
        json_object_set_new(record, "state", json_string("lost"));
    return record;
}

json_t *roster_describe(const struct roster *roster, const char *node)
{
    const struct roster_worker *worker = map_get(&roster->workers, node);
    return worker == NULL ? NULL : roster_render(worker);
}

/* node-2 before node-10: runs of digits compare as numbers. */
static int roster_compare(const void *a, const void *b)
{
    const struct roster_worker *const *left = a;
    const struct roster_worker *const *right = b;
    return strverscmp((*left)->name.text, (*right)->name.text);
}

static struct roster_worker **roster_sorted(const struct roster *roster, struct arena *arena)
{
    struct roster_worker **sorted =
        arena_take_array(arena, roster->workers.count, sizeof(struct roster_worker *));
    CHECK(sorted != NULL);
    size_t count = 0;
    size_t at = 0;
    for (struct roster_worker *worker; (worker = map_next(&roster->workers, &at)) != NULL;)
        sorted[count++] = worker;
    qsort(sorted, count, sizeof(struct roster_worker *), roster_compare);
    return sorted;
}

json_t *roster_list(const struct roster *roster)
{
    AUTO(arena_done) struct arena arena = {0};
    struct roster_worker **sorted = roster_sorted(roster, &arena);
    json_t *list = json_array();
    for (size_t i = 0; i < roster->workers.count; i++)
        json_array_append_new(list, roster_render(sorted[i]));
    return list;
}

/* --- as plain arrays -------------------------------------------------------------------------- */

static enum status roster_look_groups(struct arena *arena, const json_t *record,
                                      struct target_node *node)
{
    const json_t *groups = json_object_get(record, "groups");
    size_t count = json_array_size(groups);
    const char **names = arena_take_array(arena, count, sizeof *names);
    if (names == NULL)
        return STATUS_NOMEM;
    node->groups = names;
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(groups, i));
        if (name != NULL)
            names[node->group_count++] = name;
    }
    return STATUS_OK;
}

static size_t roster_count_offers(const json_t *backends)
{
    size_t count = 0;
    const char *name;
    json_t *actions;
    json_object_foreach((json_t *)backends, name, actions) count += json_object_size(actions);
    return count;
}

static enum status roster_look_offers(struct arena *arena, const json_t *record,
                                      struct spec_node *node)
{
    json_t *backends = json_object_get(record, "backends");
    struct spec_offer *offers =
        arena_take_array(arena, roster_count_offers(backends), sizeof *offers);
    if (offers == NULL)
        return STATUS_NOMEM;
    node->offers = offers;
    const char *backend;
    const char *action;
    json_t *actions;
    json_t *traits;
    json_object_foreach(backends, backend, actions)
    {
        json_object_foreach(actions, action, traits) offers[node->offer_count++] =
            (struct spec_offer){
                .backend = backend,
                .action = action,
                .idempotent = json_is_true(json_object_get(traits, "idempotent")),
            };
    }
    return STATUS_OK;
}

enum status roster_look(const struct roster *roster, struct roster_view *ret_view)
{
    struct roster_view view = {0};
    struct roster_worker **sorted = roster_sorted(roster, &view.arena);
    view.count = (uint32_t)roster->workers.count;
    view.targets = arena_take_array(&view.arena, view.count, sizeof *view.targets);
    view.offers = arena_take_array(&view.arena, view.count, sizeof *view.offers);
    enum status status = view.targets == NULL || view.offers == NULL ? STATUS_NOMEM : STATUS_OK;
    for (uint32_t i = 0; i < view.count && status == STATUS_OK; i++) {
        const struct roster_worker *worker = sorted[i];
        view.targets[i].name = worker->name.text;
        view.targets[i].stopped = strcmp(roster_text(worker->record, "state"), "offline") == 0;
        view.offers[i].name = worker->name.text;
        status = roster_look_groups(&view.arena, worker->record, &view.targets[i]);
        if (status == STATUS_OK)
            status = roster_look_offers(&view.arena, worker->record, &view.offers[i]);
    }
    if (status != STATUS_OK) {
        roster_view_done(&view);
        return status;
    }
    *ret_view = view;
    return STATUS_OK;
}

void roster_view_done(struct roster_view *view)
{
    arena_done(&view->arena);
    *view = (struct roster_view){0};
}
