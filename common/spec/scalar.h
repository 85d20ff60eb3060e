/* scalar.h - what an unquoted scalar means: the core schema of YAML 1.2. Pure.
 *
 * `yes`, `no`, `on` and `off` are text; so is everything in quotes.
 */
#ifndef BATON_SCALAR_H
#define BATON_SCALAR_H

#include "base/bytes.h"

enum scalar_kind { SCALAR_NULL, SCALAR_BOOL, SCALAR_INT, SCALAR_FLOAT, SCALAR_TEXT };

struct scalar {
    enum scalar_kind kind;
    bool truth;      /* BOOL */
    int64_t integer; /* INT that fits */
    bool overflow;   /* INT that does not */
    double real;     /* FLOAT, and INT as a rounded value */
};

/** Type the text of a plain (unquoted) scalar. */
struct scalar scalar_of_plain(struct bytes text);

/** @return "null", "a boolean", "a whole number", "a number" or "text". */
const char *scalar_kind_text(enum scalar_kind kind);

#endif
