/* view.h - one job with every step's row for every node, as JSON (`baton job get`). Shell. */
#ifndef BATON_VIEW_H
#define BATON_VIEW_H

#include <jansson.h>

#include "shell/cell.h"

struct view;

struct view_request {
    const json_t *value; /* the job's KV record */
    uint64_t first_row;  /* rows stand in the order of steps, then nodes */
    bool output;         /* with each row's output */
};

/** @param page [in] borrowed; NULL with `err` set on failure. */
typedef void (*view_fn)(void *ctx, const json_t *page, const struct error *err);

/**
 * Render a page. Rows that don't fit one message are left to the next page, `next_page` tells which
 * number to ask for.
 *
 * @param done [in] called once, later; the view is gone then.
 */
struct view *view_new(const struct cell *cell, const struct view_request *request, view_fn done,
                      void *ctx);
/** Stop; done is not called. NULL is fine. */
void view_free(struct view *view);

#endif
