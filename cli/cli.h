/* cli.h - one invocation of `baton`: its verb, its arguments, the flags every verb has. Shell. */
#ifndef BATON_CLI_H
#define BATON_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/instant.h"
#include "exit.h"
#include "out.h"
#include "sys/connect.h"

enum {
    CLI_WORDS_MAX = 256, /* k=v pairs of one task; a bigger one belongs in a file */
    CLI_GO = -1,         /* cli_parse(): nothing to exit for */
};

struct cli;

struct verb {
    const char *noun; /* NULL: the verb stands alone, as in `baton status` */
    const char *name;
    const char *usage;   /* what follows the verb */
    const char *summary; /* one line */
    int (*run)(struct cli *cli);
};

enum flag_kind {
    FLAG_SET,      /* bool */
    FLAG_TEXT,     /* const char * */
    FLAG_COUNT,    /* uint32_t */
    FLAG_DURATION, /* struct duration */
};

struct flag {
    const char *name;
    char letter; /* '\0': none */
    enum flag_kind kind;
    void *into;        /* set when the flag is given */
    const char *value; /* what --help calls it */
    const char *doc;
};

struct cli {
    const struct verb *verb;
    int argc; /* behind the verb */
    char *const *argv;
    char *const *environment;
    const char *program; /* argv[0], for finding the other programs */
    FILE *out;
    FILE *err;

    /* by cli_parse() */
    struct connect_wish wish;
    const char *cell;
    enum out_format format;
    const char *words[CLI_WORDS_MAX]; /* what is not a flag */
    uint32_t word_count;
    char *const *rest; /* behind `--`; NULL if there was none, else ends with NULL */
};

/**
 * Read the arguments.
 *
 * @param flags     [in] `count` flags of this verb, besides those that every verb has.
 * @param words_min [in] how many words there must be,
 * @param words_max [in] and how many there may be.
 * @return CLI_GO, or the exit code, with all said that is to be said.
 */
int cli_parse(struct cli *cli, const struct flag *flags, size_t count, uint32_t words_min,
              uint32_t words_max);

/** Say on stderr what is wrong. @return `code`. */
int cli_fail(const struct cli *cli, enum exit_code code, const char *format, ...) ATTR_PRINTF(3, 4);

/** @return a variable of the environment, NULL if unset or empty. */
const char *cli_env(const struct cli *cli, const char *name);

/** @return whether to colour what goes to this file: a terminal, and no NO_COLOR. */
bool cli_colour(const struct cli *cli, FILE *file);

#endif
