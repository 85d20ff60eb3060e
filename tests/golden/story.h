/* story.h - what happens in a scripted world, one line each, for people to read and diff. */
#ifndef BATON_STORY_H
#define BATON_STORY_H

#include "base/buffer.h"
#include "core/engine.h"

struct story {
    struct buffer text;
    struct buffer tells; /* gathered during a step, printed as one line */
    uint64_t now_ms;
    const struct plan *plan; /* for paths; NULL if the spec was refused */
    const struct expected_node *nodes;
};

void story_done(struct story *story);

/** One line. A failure of memory ends the test program. */
void story_say(struct story *story, const char *format, ...) ATTR_PRINTF(2, 3);

/** An append with all its entries. */
void story_append(struct story *story, const struct record *record);

/** DISPATCH, REVOKE, CANCEL, SAVE; TELL is gathered. */
void story_effect(struct story *story, const struct effect *effect);

/** The line with all that followers were told in this step. */
void story_flush_tells(struct story *story);

/** How it all ended: the job, and every row. */
void story_rows(struct story *story, const struct job *job);

/** @return the path of a step. */
const char *story_path(const struct story *story, uint32_t step);

#endif
