#include "barrier.h"

#include <stdlib.h>

#include "base/check.h"
#include "limits.h"

/* --- groups ----------------------------------------------------------------------------------- */

/* One node's being in one group. */
struct barrier_place {
    const char *group;
    uint32_t node;
};

static int barrier_compare_places(const void *a, const void *b)
{
    const struct barrier_place *x = a;
    const struct barrier_place *y = b;
    int order = strcmp(x->group, y->group);
    return order != 0 ? order : (x->node > y->node) - (x->node < y->node);
}

/* All places, sorted and without those that are there twice. */
static struct barrier_place *barrier_places(const struct job *job, uint32_t *ret_count)
{
    size_t count = 0;
    for (uint32_t node = 0; node < job->node_count; node++)
        count += job->nodes[node].group_count;
    struct barrier_place *places = calloc(count + 1, sizeof *places);
    if (places == NULL)
        return NULL;
    size_t at = 0;
    for (uint32_t node = 0; node < job->node_count; node++) {
        for (uint32_t i = 0; i < job->nodes[node].group_count; i++)
            places[at++] = (struct barrier_place){job->nodes[node].groups[i], node};
    }
    qsort(places, count, sizeof *places, barrier_compare_places);
    uint32_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || barrier_compare_places(&places[kept - 1], &places[i]) != 0)
            places[kept++] = places[i];
    }
    *ret_count = kept;
    return places;
}

/* The end of the run of places in the same group. */
static uint32_t barrier_run_end(const struct barrier_place *places, uint32_t count, uint32_t first)
{
    uint32_t end = first + 1;
    while (end < count && strcmp(places[first].group, places[end].group) == 0)
        end++;
    return end;
}

static enum status barrier_fill_groups(struct job *job, const struct barrier_place *places,
                                       uint32_t count)
{
    uint32_t *members = arena_take_array(&job->arena, count, sizeof *members);
    uint32_t *shared = arena_take_array(&job->arena, count, sizeof *shared);
    job->groups = arena_take_array(&job->arena, count / 2, sizeof *job->groups);
    if (members == NULL || shared == NULL || job->groups == NULL)
        return STATUS_NOMEM;
    for (uint32_t i = 0, end = 0; i < count; i = end) {
        end = barrier_run_end(places, count, i);
        if (end - i < 2)
            continue;
        job->groups[job->group_count++] = (struct job_group){&members[i], end - i};
        for (uint32_t at = i; at < end; at++) {
            members[at] = places[at].node;
            job->nodes[places[at].node].shared_count++;
        }
    }
    for (uint32_t node = 0; node < job->node_count; node++) {
        job->nodes[node].shared = shared;
        shared += job->nodes[node].shared_count;
        job->nodes[node].shared_count = 0;
    }
    for (uint32_t group = 0; group < job->group_count; group++) {
        for (uint32_t i = 0; i < job->groups[group].count; i++) {
            struct job_node *n = &job->nodes[job->groups[group].members[i]];
            n->shared[n->shared_count++] = group;
        }
    }
    return STATUS_OK;
}

static enum status barrier_make_groups(struct job *job)
{
    uint32_t count = 0;
    struct barrier_place *places = barrier_places(job, &count);
    if (places == NULL)
        return STATUS_NOMEM;
    enum status status = barrier_fill_groups(job, places, count);
    free(places);
    return status;
}

/* --- barriers --------------------------------------------------------------------------------- */

enum status barrier_make(struct job *job)
{
    const struct plan *plan = job->plan;
    uint32_t rows = 0;
    job->left = arena_take_array(&job->arena, plan->item_count, sizeof *job->left);
    job->left_row = arena_take_array(&job->arena, plan->item_count, sizeof *job->left_row);
    if (job->left == NULL || job->left_row == NULL)
        return STATUS_NOMEM;
    /* Behind the last item of a list there is no barrier but that of the pipeline. */
    for (uint32_t item = 0; item < plan->item_count; item++) {
        if (plan->items[item].sync == PLAN_SYNC_GROUP && !plan_is_last(plan, item))
            job->left_row[item] = rows++;
    }
    if (rows == 0)
        return STATUS_OK;
    enum status status = barrier_make_groups(job);
    if (status != STATUS_OK)
        return status;
    if ((size_t)rows * job->group_count > ROWS_MAX)
        return STATUS_LIMIT;
    job->left_of_group =
        arena_take_array(&job->arena, (size_t)rows * job->group_count, sizeof *job->left_of_group);
    return job->left_of_group == NULL ? STATUS_NOMEM : STATUS_OK;
}

static uint32_t *barrier_of_group(const struct job *job, uint32_t item, uint32_t group)
{
    return &job->left_of_group[(size_t)job->left_row[item] * job->group_count + group];
}

void barrier_pass(struct job *job, uint32_t node, uint32_t item)
{
    const struct plan_item *passed = &job->plan->items[item];
    job->left[item]++;
    CHECK(job->left[item] <= job->node_count);
    if (plan_is_last(job->plan, item) || passed->sync == PLAN_SYNC_NONE)
        return;
    if (passed->sync == PLAN_SYNC_ALL) {
        for (uint32_t i = 0; job->left[item] == job->node_count && i < job->node_count; i++)
            job_mark_dirty(job, i);
        return;
    }
    const struct job_node *n = &job->nodes[node];
    for (uint32_t i = 0; i < n->shared_count; i++) {
        const struct job_group *group = &job->groups[n->shared[i]];
        uint32_t left = ++*barrier_of_group(job, item, n->shared[i]);
        CHECK(left <= group->count);
        for (uint32_t at = 0; left == group->count && at < group->count; at++)
            job_mark_dirty(job, group->members[at]);
    }
}

bool barrier_closed(const struct job *job, uint32_t node, uint32_t item)
{
    const struct plan_item *items = job->plan->items;
    if (item == 0 || items[item].parent == item - 1)
        return false; /* the first of its list */
    uint32_t before = item - 1;
    while (items[before].parent != items[item].parent)
        before = items[before].parent;
    if (items[before].sync == PLAN_SYNC_ALL)
        return job->left[before] < job->node_count;
    const struct job_node *n = &job->nodes[node];
    for (uint32_t i = 0; items[before].sync == PLAN_SYNC_GROUP && i < n->shared_count; i++) {
        if (*barrier_of_group(job, before, n->shared[i]) < job->groups[n->shared[i]].count)
            return true;
    }
    return false;
}

void barrier_check(const struct job *job)
{
    for (uint32_t item = 0; item < job->plan->item_count; item++) {
        const struct plan_item *behind = &job->plan->items[item];
        uint32_t left = 0;
        for (uint32_t node = 0; node < job->node_count; node++)
            left += job->nodes[node].cursor >= behind->end;
        CHECK(left == job->left[item]);
        if (behind->sync != PLAN_SYNC_GROUP || plan_is_last(job->plan, item))
            continue;
        for (uint32_t group = 0; group < job->group_count; group++) {
            left = 0;
            for (uint32_t i = 0; i < job->groups[group].count; i++)
                left += job->nodes[job->groups[group].members[i]].cursor >= behind->end;
            CHECK(left == *barrier_of_group(job, item, group));
        }
    }
}
