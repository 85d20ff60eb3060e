/* problems.h - what is wrong with a job spec, several findings at once, each with its place. Pure.
 */
#ifndef BATON_PROBLEMS_H
#define BATON_PROBLEMS_H

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"

enum {
    PROBLEMS_MAX = 20,       /* further ones would only scroll the first off the screen */
    PROBLEM_TEXT_MAX = 1024, /* path and message of one */
    QUOTED_MAX = 96,         /* a piece of the user's text inside a message */
};

/* A place in the text, both from 1; the column counts characters. 0:0 is no place. */
struct doc_mark {
    uint32_t line;
    uint32_t column;
};

struct problem {
    struct doc_mark mark;
    char text[PROBLEM_TEXT_MAX]; /* "path: message", or the message alone */
};

struct problems {
    uint32_t count;
    bool more; /* there were others */
    struct problem items[PROBLEMS_MAX];
};

/**
 * Add one finding; beyond PROBLEMS_MAX only `more` is set.
 *
 * @param path [in] such as `tasks[1].timeout`, "" for the whole text.
 */
void problems_add(struct problems *problems, struct doc_mark mark, const char *path,
                  const char *format, ...) ATTR_PRINTF(4, 5);

/** @return whether another finding would still be kept. */
static inline bool problems_open(const struct problems *problems)
{
    return problems->count < PROBLEMS_MAX;
}

/** Bring the findings into the order of the text; equal places keep their order. */
void problems_sort(struct problems *problems);

/**
 * Print one line for each: `FILE:LINE:COL: path: message`, newlines between them, none at the end.
 *
 * @param file [in]     name to show, as the user gave it.
 * @param out  [in,out] appended to.
 * @return OK | NOMEM.
 */
enum status problems_print(const struct problems *problems, const char *file,
                           struct buffer *out) ATTR_MUST_USE;

/* A piece of text from outside, cut and with control characters masked, in double quotes. */
struct quoted {
    char text[QUOTED_MAX];
};
struct quoted quoted_of(struct bytes bytes);

#endif
