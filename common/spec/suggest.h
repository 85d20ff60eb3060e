/* suggest.h - the likeliest word somebody meant. Pure. */
#ifndef BATON_SUGGEST_H
#define BATON_SUGGEST_H

#include "base/bytes.h"

/* Fill `word`, then offer the candidates one by one. */
struct suggest {
    struct bytes word;
    const char *best; /* NULL: nothing is near enough */
    unsigned distance;
};

/** Take a candidate into account; the first of equally near ones wins. */
void suggest_offer(struct suggest *suggest, const char *candidate);

#endif
