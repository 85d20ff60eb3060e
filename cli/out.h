/* out.h - what `baton` prints: JSON values in five formats, and tables. Shell. */
#ifndef BATON_CLI_OUT_H
#define BATON_CLI_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"

enum out_format { OUT_TABLE, OUT_JSON, OUT_JSONL, OUT_YAML, OUT_NAME };

/** @return false, with `ret_format` untouched, if text names no format. */
bool out_format_parse(const char *text, enum out_format *ret_format);

/**
 * Print a value in any format but OUT_TABLE.
 *
 * @param list     [in, may be NULL] member of `value` which holds the list: one line each in jsonl
 *                 and name. NULL: the value itself is the only one.
 * @param name_key [in] member that names one of them.
 */
void out_value(FILE *file, enum out_format format, const json_t *value, const char *list,
               const char *name_key);

enum { TABLE_COLUMNS_MAX = 12 };

struct table {
    const char *titles[TABLE_COLUMNS_MAX];
    size_t columns;
    const char **cells; /* row by row */
    size_t count, capacity;
    struct arena arena;
};

/** @param titles [in] `columns` of them, borrowed. */
void table_init(struct table *table, const char *const *titles, size_t columns);
void table_done(struct table *table);

/** Append a cell; its text is copied, with control characters made harmless. NULL is "-". */
void table_cell(struct table *table, const char *text);
void table_cell_number(struct table *table, long long number);

/** Print all rows that are full. @param colour [in] words that are states get one. */
void table_print(const struct table *table, FILE *file, bool colour);

/** @return the colour of a state such as "failed", "" if it is none. */
const char *out_state_colour(const char *state);

/** @return a member's text, or `otherwise` if it is absent or not a text. */
const char *out_text(const json_t *object, const char *key, const char *otherwise);

/* A length of time for people: "850ms", "12.3s", "4m05s", "2h10m", "3d04h". */
struct out_span {
    char text[32];
};
struct out_span out_span(long long ms);

#endif
