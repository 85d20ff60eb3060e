#include "shell/jobs.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/map.h"
#include "wire/subject.h"

struct jobs {
    struct cell cell;
    struct jobs_options options;
    struct map all;  /* id -> struct jobs_entry */
    struct map live; /* those that have not ended */
    struct bus_kv_watch *watch;
};

static void jobs_entry_free(struct jobs_entry *entry)
{
    if (entry == NULL)
        return;
    json_decref(entry->value);
    free(entry);
}

static struct jobs_entry *jobs_entry_at(struct jobs *jobs, const struct job_record *record)
{
    struct jobs_entry *entry = map_get(&jobs->all, record->id.text);
    if (entry != NULL)
        return entry;
    entry = calloc(1, sizeof *entry);
    CHECK(entry != NULL);
    entry->record.id = record->id;
    CHECK(map_put(&jobs->all, entry->record.id.text, entry));
    return entry;
}

static void jobs_each(void *ctx, enum kv_change change, const char *key, struct bytes value,
                      uint64_t revision)
{
    struct jobs *jobs = ctx;
    if (change == KV_DELETED) {
        (void)map_remove(&jobs->live, key);
        jobs_entry_free(map_remove(&jobs->all, key));
        return;
    }
    struct job_record record;
    json_t *json = json_loadb((const char *)value.data, value.len, 0, NULL);
    if (!job_record_read(json, &record) || strcmp(record.id.text, key) != 0) {
        log_event(jobs->cell.log, LOG_WARN, "job.record_malformed", LOG_TEXT("key", key));
        json_decref(json);
        return;
    }
    struct jobs_entry *entry = jobs_entry_at(jobs, &record);
    json_decref(entry->value);
    entry->value = json;
    entry->revision = revision;
    entry->record = record;
    if (job_record_ended(&record))
        (void)map_remove(&jobs->live, entry->record.id.text);
    else
        CHECK(map_put(&jobs->live, entry->record.id.text, entry));
    jobs->options.changed(jobs->options.ctx, entry);
}

static void jobs_caught_up(void *ctx)
{
    struct jobs *jobs = ctx;
    jobs->options.ready(jobs->options.ctx);
}

struct jobs *jobs_new(const struct cell *cell, const struct jobs_options *options)
{
    struct jobs *jobs = calloc(1, sizeof *jobs);
    CHECK(jobs != NULL);
    jobs->cell = *cell;
    jobs->options = *options;
    struct subject bucket = subject_bucket(cell->name, CELL_JOBS);
    jobs->watch = bus_kv_watch(cell->bus, bucket.text, "*", jobs_each, jobs_caught_up, jobs);
    return jobs;
}

void jobs_free(struct jobs *jobs)
{
    if (jobs == NULL)
        return;
    bus_kv_watch_stop(jobs->watch);
    size_t at = 0;
    for (struct jobs_entry *entry; (entry = map_next(&jobs->all, &at)) != NULL;)
        jobs_entry_free(entry);
    map_done(&jobs->all);
    map_done(&jobs->live);
    free(jobs);
}

const struct jobs_entry *jobs_get(const struct jobs *jobs, const char *id)
{
    return map_get(&jobs->all, id);
}

enum jobs_match jobs_find(const struct jobs *jobs, const char *prefix,
                          const struct jobs_entry **ret_entry)
{
    const struct jobs_entry *found = map_get(&jobs->all, prefix);
    size_t len = strlen(prefix);
    size_t at = 0;
    const struct jobs_entry *entry;
    if (found == NULL && len > 0) {
        while ((entry = map_next(&jobs->all, &at)) != NULL) {
            if (strncmp(entry->record.id.text, prefix, len) != 0)
                continue;
            if (found != NULL)
                return JOBS_MANY;
            found = entry;
        }
    }
    if (found == NULL)
        return JOBS_NONE;
    *ret_entry = found;
    return JOBS_ONE;
}

const struct jobs_entry *jobs_next_live(const struct jobs *jobs, size_t *at)
{
    return map_next(&jobs->live, at);
}

/* By creation, newest first; by id where that is the same, so that the order never wavers. */
static int jobs_compare(const void *a, const void *b)
{
    const struct jobs_entry *const *left = a;
    const struct jobs_entry *const *right = b;
    const char *left_at = json_string_value(json_object_get((*left)->value, "created_at"));
    const char *right_at = json_string_value(json_object_get((*right)->value, "created_at"));
    int order = strcmp(right_at == NULL ? "" : right_at, left_at == NULL ? "" : left_at);
    return order != 0 ? order : strcmp((*right)->record.id.text, (*left)->record.id.text);
}

json_t *jobs_list(const struct jobs *jobs, enum job_state state, size_t limit)
{
    json_t *list = json_array();
    if (jobs->all.count == 0)
        return list;
    const struct jobs_entry **entries = calloc(jobs->all.count, sizeof *entries);
    CHECK(entries != NULL);
    size_t count = 0;
    size_t at = 0;
    for (const struct jobs_entry *entry; (entry = map_next(&jobs->all, &at)) != NULL;) {
        if (state == JOB_STATE_COUNT || entry->record.state == state)
            entries[count++] = entry;
    }
    qsort(entries, count, sizeof *entries, jobs_compare);
    for (size_t i = 0; i < count && (limit == 0 || i < limit); i++)
        json_array_append(list, entries[i]->value);
    free(entries);
    return list;
}

void jobs_count(const struct jobs *jobs, uint64_t counts[JOB_STATE_COUNT])
{
    size_t at = 0;
    for (const struct jobs_entry *entry; (entry = map_next(&jobs->live, &at)) != NULL;)
        counts[entry->record.state]++;
}
