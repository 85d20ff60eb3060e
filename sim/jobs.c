#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "spec/spec.h"

enum { JOBS_STEPS_MAX = 10, JOBS_DEPTH_MAX = 3 };

struct sim_job *jobs_get(const struct world *world, uint32_t number)
{
    return number < world->jobs->count ? world->jobs->items[number] : NULL;
}

/* --- the spec, as text ------------------------------------------------------------------------ */

#define PUT(out, ...) CHECK(buffer_print((out), __VA_ARGS__) == STATUS_OK)

static void jobs_put_condition(struct chance *chance, struct buffer *out)
{
    static const char *const conditions[] = {"always", "on_success", "on_failure"};
    if (chance_permille(chance, 300))
        PUT(out, ", \"condition\": \"%s\"", conditions[chance_below(chance, 3)]);
}

/* For whom a node waits behind an item; mostly as preset. */
static void jobs_put_sync(struct chance *chance, struct buffer *out)
{
    static const char *const syncs[] = {"all", "group", "none"};
    if (chance_permille(chance, 200))
        PUT(out, ", \"sync\": \"%s\"", syncs[chance_below(chance, 3)]);
}

/* In waves of how many nodes they go through a phase. */
static void jobs_put_serial(struct chance *chance, struct buffer *out)
{
    static const char *const serials[] = {"1", "2", "\"50%\"", "[1, 2]", "[2, \"10%\"]"};
    PUT(out, ", \"serial\": %s", serials[chance_below(chance, 5)]);
}

static void jobs_put_step(struct chance *chance, struct buffer *out)
{
    PUT(out, "\"backend\": \"%s\"",
        chance_permille(chance, 500) ? "test\", \"action\": \"succeed"
                                     : "ping\", \"action\": \"hostname");
    PUT(out, ", \"idempotent\": %s", chance_permille(chance, 400) ? "true" : "false");
    PUT(out, ", \"timeout\": \"%us\"", (unsigned)chance_between(chance, 5, 60));
    if (chance_permille(chance, 350)) {
        /* Drawn one by one: in which order arguments are evaluated is the compiler's choice. */
        unsigned max = (unsigned)chance_between(chance, 1, 3);
        unsigned initial_ms = (unsigned)chance_between(chance, 10, 3000);
        PUT(out,
            ", \"retry\": {\"max\": %u, \"initial\": \"%ums\", \"factor\": 2, \"cap\": \"10s\", "
            "\"jitter\": 0.2}",
            max, initial_ms);
    }
}

/* In waves: nodes of one can't wait for those of the next, so nothing inside has a barrier. */
static void jobs_put_tasks(struct chance *chance, struct buffer *out, uint32_t depth, bool in_waves,
                           uint32_t *left)
{
    uint32_t wanted = (uint32_t)chance_between(chance, 1, depth == 0 ? 5 : 3);
    PUT(out, "\"tasks\": [");
    for (uint32_t i = 0; i<wanted && * left> 0; i++) {
        PUT(out, i == 0 ? "" : ", ");
        bool serial = depth == 0 && chance_permille(chance, 150);
        PUT(out, "{");
        if (depth + 1 < JOBS_DEPTH_MAX && *left > 1 && chance_permille(chance, 300)) {
            jobs_put_tasks(chance, out, depth + 1, in_waves || serial, left);
        } else {
            (*left)--;
            jobs_put_step(chance, out);
        }
        jobs_put_condition(chance, out);
        if (!in_waves)
            jobs_put_sync(chance, out);
        if (serial)
            jobs_put_serial(chance, out);
        PUT(out, "}");
    }
    PUT(out, "]");
}

static void jobs_put_spec(struct chance *chance, struct buffer *out)
{
    uint32_t left = (uint32_t)chance_between(chance, 1, JOBS_STEPS_MAX);
    PUT(out, "{\"target\": {\"scope\": \"all\"}, \"strategy\": \"%s\", ",
        chance_permille(chance, 500) ? "fail-fast" : "continue");
    if (chance_permille(chance, 150))
        PUT(out, "\"timeout\": \"%us\", ", (unsigned)chance_between(chance, 5, 300));
    jobs_put_tasks(chance, out, 0, false, &left);
    PUT(out, "}");
}

static void jobs_read_spec(struct sim_job *job, struct bytes text)
{
    AUTO_PTR(spec_free) struct spec *spec = NULL;
    AUTO_HEAP struct problems *problems = calloc(1, sizeof *problems);
    CHECK(problems != NULL);
    if (spec_parse(text, &spec, problems) != STATUS_OK) {
        fprintf(stderr, "%.*s\n%s\n", (int)text.len, (const char *)text.data,
                problems->items[0].text);
        CHECK(problems->count == 0);
    }
    size_t size = baton__v1__spec__get_packed_size(spec->message);
    CHECK(buffer_reserve(&job->spec, size) == STATUS_OK);
    job->spec.len = baton__v1__spec__pack(spec->message, (uint8_t *)job->spec.data);
    job->plan = jobs_plan(job);
}

struct plan *jobs_plan(const struct sim_job *job)
{
    struct plan *plan = NULL;
    Baton__V1__Spec *message =
        baton__v1__spec__unpack(NULL, job->spec.len, (const uint8_t *)job->spec.data);
    CHECK(message != NULL);
    CHECK(plan_from_spec(message, &plan, NULL) == STATUS_OK);
    baton__v1__spec__free_unpacked(message, NULL);
    return plan;
}

/* --- the jobs --------------------------------------------------------------------------------- */

static void jobs_pick_nodes(struct world *world, struct sim_job *job, const char *const *names,
                            uint32_t nodes, uint32_t nodes_max)
{
    static const char *const groups[] = {"blue", "green", "red", "blue"};
    struct chance *chance = &world->chance;
    uint32_t wanted = (uint32_t)chance_between(chance, 1, nodes_max);
    uint32_t first = (uint32_t)chance_below(chance, nodes - wanted + 1);
    job->nodes = calloc(wanted, sizeof *job->nodes);
    job->expected = calloc(wanted, sizeof *job->expected);
    CHECK(job->nodes != NULL && job->expected != NULL);
    for (uint32_t i = 0; i < wanted; i++) {
        job->nodes[i] = first + i;
        job->expected[i].name = names[first + i];
        job->expected[i].group_count = (uint32_t)chance_below(chance, 3);
        job->expected[i].groups = &groups[chance_below(chance, 3)];
    }
    job->node_count = wanted;
}

struct sim_job *jobs_make(struct world *world, const char *const *names, uint32_t nodes,
                          uint32_t nodes_max)
{
    struct jobs *jobs = world->jobs;
    struct sim_job *job = calloc(1, sizeof *job);
    CHECK(job != NULL);
    if (jobs->count == jobs->capacity) {
        jobs->capacity = jobs->capacity == 0 ? 16 : jobs->capacity * 2;
        jobs->items = realloc(jobs->items, jobs->capacity * sizeof(struct sim_job *));
        CHECK(jobs->items != NULL);
    }
    job->number = jobs->count;
    jobs->items[jobs->count++] = job;
    jobs->open++;
    (void)snprintf(job->id, sizeof job->id, "j%06u", job->number);
    jobs_pick_nodes(world, job, names, nodes, nodes_max);
    AUTO(buffer_done) struct buffer text = {0};
    jobs_put_spec(&world->chance, &text);
    jobs_read_spec(job, buffer_bytes(&text));
    world_say(world, job->number, "%s for %u nodes: %.100s", job->id, job->node_count,
              buffer_text(&text));
    return job;
}

static void jobs_free_one(struct sim_job *job)
{
    if (job == NULL)
        return;
    plan_free(job->plan);
    buffer_done(&job->spec);
    free(job->expected);
    free(job->nodes);
    free(job);
}

void jobs_forget(struct world *world, uint32_t number)
{
    jobs_free_one(world->jobs->items[number]);
    world->jobs->items[number] = NULL;
}

void jobs_done(struct jobs *jobs)
{
    for (uint32_t i = 0; i < jobs->count; i++)
        jobs_free_one(jobs->items[i]);
    free(jobs->items);
}

uint32_t jobs_node(const struct sim_job *job, uint32_t node)
{
    if (node < job->nodes[0] || node >= job->nodes[0] + job->node_count)
        return PLAN_NONE;
    return node - job->nodes[0];
}

struct script jobs_script(const struct world *world, const struct sim_job *job, uint32_t step,
                          uint32_t node, uint32_t attempt)
{
    uint64_t what =
        ((uint64_t)job->number << 40) ^ ((uint64_t)step << 28) ^ ((uint64_t)node << 8) ^ attempt;
    struct chance chance = chance_of(chance_mix(world->seed, what));
    const struct plan_item *item = &job->plan->items[job->plan->step_items[step]];
    struct script script = {.state = ATTEMPT_SUCCEEDED};
    script.duration_ns = chance_around(&chance, 2500) * WORLD_MS;
    script.dies_after_ns = chance_below(&chance, 2500) * WORLD_MS;
    if (chance_permille(&chance, 120)) {
        script.state = ATTEMPT_FAILED;
        script.exit_code = 1;
    }
    if (chance_permille(&chance, 30))
        script.duration_ns = UINT64_MAX;
    if (script.duration_ns > item->timeout.ns) {
        script.state = ATTEMPT_TIMED_OUT;
        script.duration_ns = item->timeout.ns + script.dies_after_ns;
    }
    return script;
}
