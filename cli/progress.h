/* progress.h - how far each phase of a job is, one line for each. Shell.
 *
 * On a terminal the line of the current phase is redrawn in place; elsewhere a phase gets its one
 * line when it is over.
 */
#ifndef BATON_CLI_PROGRESS_H
#define BATON_CLI_PROGRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct progress_phase;

struct progress {
    FILE *file;
    bool live; /* a terminal */
    bool colour;
    bool drawn; /* a line without its end is on the terminal now */
    struct progress_phase *phases;
    uint32_t phase_count;
    uint32_t phase_told;   /* phases below have their final line */
    uint32_t *step_phases; /* step number -> phase */
    uint32_t step_count;
    uint8_t *states; /* step * node_count + node */
    uint32_t *attempts;
    char **nodes;
    uint32_t node_count;
    json_t *early; /* events that came before the shape was known */
};

void progress_init(struct progress *progress, FILE *file, bool live, bool colour);
void progress_done(struct progress *progress);

/** Take over every row of a job, as job.get answers; the first time its shape as well. */
void progress_load(struct progress *progress, const json_t *job);

/** Take one event of the job; those of other kinds than "attempt" are left out. */
void progress_event(struct progress *progress, json_t *event);

/** Make room for other text on the terminal; progress_draw() brings the line back. */
void progress_clear(struct progress *progress);
void progress_draw(struct progress *progress);

/** Give every phase that did anything its final line. */
void progress_finish(struct progress *progress);

#endif
