#include "shell/peers.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/map.h"
#include "sys/clock.h"
#include "wire/subject.h"

struct peers_one {
    struct name id;
    json_t *record;
    struct instant heard_at;
    bool alive;
};

struct peers {
    struct cell cell;
    struct peers_options options;
    struct map all; /* id -> struct peers_one */
    struct bus_kv_watch *watch;
    uv_timer_t *beat;
    void (*stopped)(void *ctx);
    void *stopped_ctx;
};

static bool peers_says_stopped(const json_t *record)
{
    const char *state = json_string_value(json_object_get(record, "state"));
    return state != NULL && strcmp(state, "stopped") == 0;
}

static void peers_set_alive(struct peers *peers, struct peers_one *one, bool alive)
{
    if (one->alive == alive)
        return;
    one->alive = alive;
    if (strcmp(one->id.text, peers->cell.controller) != 0)
        log_event(peers->cell.log, LOG_INFO, alive ? "controller.alive" : "controller.gone",
                  LOG_TEXT("controller", one->id.text));
    peers->options.changed(peers->options.ctx);
}

static void peers_each(void *ctx, enum kv_change change, const char *key, struct bytes value,
                       uint64_t revision)
{
    struct peers *peers = ctx;
    (void)revision;
    struct name id;
    struct peers_one *one = map_get(&peers->all, key);
    json_t *record =
        change == KV_PUT ? json_loadb((const char *)value.data, value.len, 0, NULL) : NULL;
    const char *said = json_string_value(json_object_get(record, "id"));
    if (said == NULL || strcmp(said, key) != 0 || !name_set(&id, bytes_of_text(key))) {
        json_decref(record);
        if (one != NULL)
            peers_set_alive(peers, one, false);
        return;
    }
    if (one == NULL) {
        one = calloc(1, sizeof *one);
        CHECK(one != NULL);
        one->id = id;
        CHECK(map_put(&peers->all, one->id.text, one));
    }
    json_decref(one->record);
    one->record = record;
    one->heard_at = clock_now();
    peers_set_alive(peers, one, !peers_says_stopped(record));
}

static void peers_caught_up(void *ctx)
{
    struct peers *peers = ctx;
    peers->options.ready(peers->options.ctx);
}

/* --- the own record --------------------------------------------------------------------------- */

static void peers_beaten(void *ctx, const struct bus_answer *answer)
{
    (void)ctx;
    (void)answer; /* the next beat is under way soon; a lost session is told elsewhere */
}

static void peers_write(struct peers *peers, const char *state, bus_answer_fn done)
{
    json_t *record = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "id", peers->cell.controller,
                               "version", BATON_VERSION, "state", state, "started_at",
                               clock_rfc3339(peers->options.started_at_ms).text, "heartbeat_at",
                               clock_rfc3339(clock_unix_ms()).text, "heartbeat_ms",
                               (json_int_t)duration_to_ms(peers->options.beat_every), "jobs",
                               (json_int_t)peers->options.jobs(peers->options.ctx));
    char *text = json_dumps(record, JSON_COMPACT);
    json_decref(record);
    CHECK(text != NULL);
    struct subject bucket = subject_bucket(peers->cell.name, CELL_CONTROLLERS);
    bus_kv_put(peers->cell.bus, bucket.text, peers->cell.controller, bytes_of_text(text), done,
               peers);
    free(text);
}

static void peers_beat(uv_timer_t *timer)
{
    struct peers *peers = timer->data;
    if (peers->stopped != NULL)
        return;
    peers_write(peers, "running", peers_beaten);
    struct instant now = clock_now();
    size_t at = 0;
    for (struct peers_one *one; (one = map_next(&peers->all, &at)) != NULL;) {
        if (instant_reached(now, instant_add(one->heard_at, peers->options.dead_after)))
            peers_set_alive(peers, one, false);
    }
}

static void peers_said_goodbye(void *ctx, const struct bus_answer *answer)
{
    struct peers *peers = ctx;
    (void)answer; /* unsaid, it is the silence that tells */
    peers->stopped(peers->stopped_ctx);
}

void peers_stop(struct peers *peers, void (*done)(void *ctx), void *ctx)
{
    peers->stopped = done;
    peers->stopped_ctx = ctx;
    peers_write(peers, "stopped", peers_said_goodbye);
}

/* --- life ------------------------------------------------------------------------------------- */

struct peers *peers_new(const struct cell *cell, const struct peers_options *options)
{
    struct peers *peers = calloc(1, sizeof *peers);
    CHECK(peers != NULL);
    peers->cell = *cell;
    peers->options = *options;
    struct subject bucket = subject_bucket(cell->name, CELL_CONTROLLERS);
    peers->watch = bus_kv_watch(cell->bus, bucket.text, "*", peers_each, peers_caught_up, peers);
    peers->beat = calloc(1, sizeof *peers->beat);
    CHECK(peers->beat != NULL);
    uv_timer_init(cell->loop, peers->beat);
    peers->beat->data = peers;
    uv_timer_start(peers->beat, peers_beat, 0, duration_to_ms(options->beat_every));
    return peers;
}

void peers_free(struct peers *peers)
{
    if (peers == NULL)
        return;
    bus_kv_watch_stop(peers->watch);
    uv_close((uv_handle_t *)peers->beat, (uv_close_cb)free);
    size_t at = 0;
    for (struct peers_one *one; (one = map_next(&peers->all, &at)) != NULL;) {
        json_decref(one->record);
        free(one);
    }
    map_done(&peers->all);
    free(peers);
}

bool peers_alive(const struct peers *peers, const char *controller)
{
    const struct peers_one *one = map_get(&peers->all, controller);
    return strcmp(controller, peers->cell.controller) == 0 || (one != NULL && one->alive);
}

size_t peers_living(const struct peers *peers, const char ***ret_ids)
{
    const char **ids = calloc(peers->all.count + 1, sizeof *ids);
    CHECK(ids != NULL);
    size_t count = 0;
    ids[count++] = peers->cell.controller;
    size_t at = 0;
    for (const struct peers_one *one; (one = map_next(&peers->all, &at)) != NULL;) {
        if (one->alive && strcmp(one->id.text, peers->cell.controller) != 0)
            ids[count++] = one->id.text;
    }
    *ret_ids = ids;
    return count;
}

static int peers_compare(const void *a, const void *b)
{
    const struct peers_one *const *left = a;
    const struct peers_one *const *right = b;
    return strverscmp((*left)->id.text, (*right)->id.text);
}

json_t *peers_list(const struct peers *peers)
{
    size_t count = 0;
    const struct peers_one **sorted = calloc(peers->all.count + 1, sizeof *sorted);
    CHECK(sorted != NULL);
    size_t at = 0;
    for (const struct peers_one *one; (one = map_next(&peers->all, &at)) != NULL;)
        sorted[count++] = one;
    qsort(sorted, count, sizeof *sorted, peers_compare);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *record = json_copy(sorted[i]->record);
        if (!peers_alive(peers, sorted[i]->id.text) && !peers_says_stopped(record))
            json_object_set_new(record, "state", json_string("dead"));
        json_array_append_new(list, record);
    }
    free(sorted);
    return list;
}
