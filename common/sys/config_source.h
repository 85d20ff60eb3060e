/* config_source.h - where settings come from; private to config*.c. Shell. */
#ifndef BATON_CONFIG_SOURCE_H
#define BATON_CONFIG_SOURCE_H

#include <stdio.h>

#include "base/arena.h"
#include "sys/config.h"

enum { CONFIG_COMPLAINTS_MAX = 20 }; /* more would only scroll the first one away */

/* What one source says; entry i belongs to key i of the program, NULL: nothing said. Lists are
 * texts with commas. The texts live in the arena. */
struct config_source {
    const struct config_program *program;
    const char **texts;
    struct arena *arena;
    FILE *err;
    unsigned complaints;
};

/** @return the index of a key; dashes and underscores are one. key_count if there is none. */
size_t config_find(const struct config_program *program, const char *name);

/** @return the key a person most likely meant, or NULL. */
const char *config_suggest(const struct config_program *program, const char *name);

/**
 * Check a text against the kind and limits of a key.
 *
 * @return OK | MALFORMED, with what is wrong in `err`.
 */
enum status config_check(const struct config_key *key, const char *text,
                         struct error *err) ATTR_MUST_USE;

/**
 * Read a YAML file: one flat mapping. Complaints `FILE:LINE:COL: key: message` go to source->err
 * and are counted.
 *
 * @param path [in] the file; "-" is a file too.
 */
void config_read_file(struct config_source *source, const char *path);

#endif
