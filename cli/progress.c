#include "progress.h"

#include <stdlib.h>
#include <string.h>

#include "out.h"

enum {
    PROGRESS_CELLS_MAX = 1 << 22, /* steps x nodes: a bigger job goes without progress */
    PROGRESS_EARLY_MAX = 10000,   /* events kept until the shape is known */
    PROGRESS_STATE_NONE = 0,
    PROGRESS_STATE_QUEUED = 1,
};

/* Index 0 stands for a row of which nothing is known. */
static const char *const states[] = {"",       "queued",    "running",   "succeeded", "skipped",
                                     "failed", "timed_out", "cancelled", "lost",      "unknown"};
enum { PROGRESS_STATES = sizeof states / sizeof states[0], PROGRESS_FIRST_FINAL = 3 };

struct progress_phase {
    char title[128]; /* of the first step */
    bool more;       /* there are others */
    uint32_t total;
    uint32_t counts[PROGRESS_STATES];
};

void progress_init(struct progress *progress, FILE *file, bool live, bool colour)
{
    *progress = (struct progress){.file = file, .live = live, .colour = colour};
}

void progress_done(struct progress *progress)
{
    for (uint32_t i = 0; i < progress->node_count; i++)
        free(progress->nodes[i]);
    free(progress->nodes);
    free(progress->phases);
    free(progress->step_phases);
    free(progress->states);
    free(progress->attempts);
    json_decref(progress->early);
    *progress = (struct progress){0};
}

/* --- shape ---------------------------------------------------------------------------------- */

/* The phase is the first number of the path. */
static uint32_t progress_phase_of(const json_t *step)
{
    return (uint32_t)strtoul(out_text(step, "path", "0"), NULL, 10);
}

static void progress_title(struct progress_phase *phase, const json_t *step)
{
    if (phase->title[0] == '\0')
        (void)snprintf(phase->title, sizeof phase->title, "%s %s", out_text(step, "backend", ""),
                       out_text(step, "action", ""));
    else
        phase->more = true;
}

static bool progress_room(struct progress *progress, const json_t *steps, const json_t *expected)
{
    size_t i;
    json_t *step;
    size_t step_count = json_array_size(steps);
    size_t node_count = json_array_size(expected);
    if (step_count == 0 || node_count == 0 || step_count > PROGRESS_CELLS_MAX / node_count)
        return false;
    json_array_foreach(steps, i, step)
    {
        uint32_t phase = progress_phase_of(step);
        if (phase >= step_count)
            return false;
        if (phase >= progress->phase_count)
            progress->phase_count = phase + 1;
    }
    progress->phases = calloc(progress->phase_count, sizeof *progress->phases);
    progress->step_phases = calloc(step_count, sizeof *progress->step_phases);
    progress->states = calloc(step_count, node_count);
    progress->attempts = calloc(step_count * node_count, sizeof *progress->attempts);
    progress->nodes = calloc(node_count, sizeof *progress->nodes);
    return progress->phases != NULL && progress->step_phases != NULL && progress->states != NULL &&
           progress->attempts != NULL && progress->nodes != NULL;
}

/* Without memory, or with a job too big, there is just no progress to see. */
static bool progress_shape(struct progress *progress, const json_t *job)
{
    const json_t *steps = json_object_get(job, "steps");
    const json_t *expected = json_object_get(job, "expected");
    size_t i;
    json_t *item;
    if (!progress_room(progress, steps, expected))
        return false;
    json_array_foreach(expected, i, item)
    {
        const char *name = json_string_value(item);
        progress->nodes[i] = strdup(name == NULL ? "" : name);
        progress->node_count++;
        if (progress->nodes[i] == NULL)
            return false;
    }
    json_array_foreach(steps, i, item)
    {
        struct progress_phase *phase = &progress->phases[progress_phase_of(item)];
        progress->step_phases[i] = progress_phase_of(item);
        progress_title(phase, item);
        phase->total += progress->node_count;
        phase->counts[PROGRESS_STATE_NONE] += progress->node_count;
    }
    progress->step_count = (uint32_t)json_array_size(steps);
    return true;
}

/* --- rows ----------------------------------------------------------------------------------- */

static uint8_t progress_state(const char *text)
{
    for (size_t i = 1; i < PROGRESS_STATES; i++) {
        if (strcmp(states[i], text) == 0)
            return (uint8_t)i;
    }
    return PROGRESS_STATE_NONE;
}

/* Events and whole jobs come by two ways, so either may be the older one: of two reports the later
 * attempt counts, and within an attempt nothing leads back from its end. */
static void progress_set(struct progress *progress, json_int_t step, const char *node,
                         const char *state, json_int_t attempt)
{
    uint32_t number = 0;
    while (number < progress->node_count && strcmp(progress->nodes[number], node) != 0)
        number++;
    if (step < 0 || step >= progress->step_count || number == progress->node_count)
        return;
    uint8_t *cell = &progress->states[(size_t)step * progress->node_count + number];
    struct progress_phase *phase = &progress->phases[progress->step_phases[step]];
    uint8_t next = progress_state(state);
    uint32_t *known = &progress->attempts[cell - progress->states];
    if (attempt < *known || (attempt == *known && next < PROGRESS_FIRST_FINAL && next < *cell))
        return;
    *known = (uint32_t)attempt;
    phase->counts[*cell]--;
    *cell = next;
    phase->counts[*cell]++;
}

/* Rows of later phases may be shown as queued from the start. */
static bool progress_touched(const struct progress_phase *phase)
{
    return phase->counts[PROGRESS_STATE_NONE] + phase->counts[PROGRESS_STATE_QUEUED] < phase->total;
}

/* --- lines ---------------------------------------------------------------------------------- */

static void progress_line(const struct progress *progress, uint32_t number)
{
    const struct progress_phase *phase = &progress->phases[number];
    uint32_t ended = 0;
    for (size_t i = PROGRESS_FIRST_FINAL; i < PROGRESS_STATES; i++)
        ended += phase->counts[i];
    fprintf(progress->file, "phase %u/%u  %s%s  %u/%u", number + 1, progress->phase_count,
            phase->title, phase->more ? ", ..." : "", ended, phase->total);
    for (size_t i = 1; i < PROGRESS_STATES; i++) {
        const char *colour = progress->colour ? out_state_colour(states[i]) : "";
        if (phase->counts[i] > 0)
            fprintf(progress->file, "  %s%u %s%s", colour, phase->counts[i], states[i],
                    colour[0] == '\0' ? "" : "\033[0m");
    }
}

void progress_clear(struct progress *progress)
{
    if (progress->drawn)
        fputs("\r\033[K", progress->file);
    progress->drawn = false;
    (void)fflush(progress->file);
}

/* Phases before `end` are over. */
static void progress_tell(struct progress *progress, uint32_t end)
{
    if (progress->phase_told < end)
        progress_clear(progress);
    for (; progress->phase_told < end; progress->phase_told++) {
        if (!progress_touched(&progress->phases[progress->phase_told]))
            continue;
        progress_line(progress, progress->phase_told);
        fputc('\n', progress->file);
    }
    (void)fflush(progress->file);
}

void progress_draw(struct progress *progress)
{
    if (!progress->live || progress->phase_told >= progress->phase_count)
        return;
    progress_clear(progress);
    progress_line(progress, progress->phase_told);
    progress->drawn = true;
    (void)fflush(progress->file);
}

/* The last phase in which anything has happened is the current one: no phase starts before all
 * nodes have finished the one before. */
static void progress_advance(struct progress *progress)
{
    uint32_t current = progress->phase_told;
    for (uint32_t i = current; i < progress->phase_count; i++) {
        if (progress_touched(&progress->phases[i]) &&
            progress->phases[i].counts[progress_state("skipped")] < progress->phases[i].total)
            current = i;
    }
    progress_tell(progress, current);
    progress_draw(progress);
}

static void progress_apply(struct progress *progress, const json_t *event)
{
    const json_t *step = json_object_get(event, "step");
    const char *node = out_text(event, "node", NULL);
    const char *state = out_text(event, "state", NULL);
    if (strcmp(out_text(event, "kind", ""), "attempt") == 0 && json_is_integer(step) &&
        node != NULL && state != NULL)
        progress_set(progress, json_integer_value(step), node, state,
                     json_integer_value(json_object_get(event, "attempt")));
}

static void progress_catch_up(struct progress *progress)
{
    size_t i;
    json_t *event;
    json_array_foreach(progress->early, i, event)
    {
        progress_apply(progress, event);
    }
    json_decref(progress->early);
    progress->early = NULL;
}

void progress_load(struct progress *progress, const json_t *job)
{
    size_t i;
    json_t *step;
    const char *node;
    json_t *row;
    if (progress->step_count == 0 && !progress_shape(progress, job)) {
        FILE *file = progress->file;
        bool live = progress->live;
        bool colour = progress->colour;
        progress_done(progress);
        progress_init(progress, file, live, colour);
        return;
    }
    json_array_foreach(json_object_get(job, "steps"), i, step)
    {
        json_int_t number = json_integer_value(json_object_get(step, "step"));
        json_object_foreach(json_object_get(step, "nodes"), node, row)
        {
            progress_set(progress, number, node, out_text(row, "state", ""),
                         json_integer_value(json_object_get(row, "attempts")));
        }
    }
    progress_catch_up(progress);
    progress_advance(progress);
}

void progress_event(struct progress *progress, json_t *event)
{
    if (progress->step_count > 0) {
        progress_apply(progress, event);
        progress_advance(progress);
        return;
    }
    if (progress->early == NULL)
        progress->early = json_array();
    if (json_is_object(event) && json_array_size(progress->early) < PROGRESS_EARLY_MAX)
        (void)json_array_append(progress->early, event);
}

void progress_finish(struct progress *progress)
{
    progress_tell(progress, progress->phase_count);
}
