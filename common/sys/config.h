/* config.h - a daemon's settings, read from a table of keys. Shell.
 *
 * A key `log_level` is the flag --log-level, the environment variable BATON_LOG_LEVEL and the
 * entry `log_level` of the YAML file given with -c. Flags win over the environment, that over the
 * file, that over the default. --help, --version and --check-config come from the table too.
 */
#ifndef BATON_CONFIG_H
#define BATON_CONFIG_H

#include <stdio.h>

#include "base/instant.h"
#include "base/status.h"

enum config_kind {
    CONFIG_TEXT,
    CONFIG_INT,      /* decimal, `min` ..= `max` */
    CONFIG_DURATION, /* 500ms 90s 5m 1h30m, `min` ..= `max` in ms */
    CONFIG_LIST,     /* a,b,c or a YAML list */
    CONFIG_PAIRS,    /* k=v,k=v or a YAML mapping; read as a list of "k=v" */
    CONFIG_FLAG,     /* --key alone, or true/false */
};

struct config_key {
    const char *name; /* snake_case */
    enum config_kind kind;
    const char *fallback; /* default as text; NULL: unset */
    const char *value;    /* what --help calls it, such as "URL"; NULL: by the kind */
    const char *doc;      /* one line, no full stop */
    const char *also_env; /* a further environment variable, after BATON_<KEY>; or NULL */
    int64_t min, max;     /* CONFIG_INT, and CONFIG_DURATION in ms; max 0: no limits */
};

struct config_program {
    const char *name;    /* baton-worker */
    const char *summary; /* one line */
    const struct config_key *keys;
    size_t key_count;
};

struct config_input {
    int argc;
    char *const *argv;        /* argv[0] is skipped */
    char *const *environment; /* ends with NULL; usually environ */
    FILE *out;                /* --help, --version, --check-config */
    FILE *err;                /* complaints */
};

enum config_next {
    CONFIG_RUN,   /* go on, with *ret_config set */
    CONFIG_DONE,  /* the answer has been printed: exit 0 */
    CONFIG_WRONG, /* complaints have been printed: exit 2 */
};

struct config;

/**
 * Read all sources.
 *
 * @param program    [in] must outlive the config.
 * @param ret_config [out] set only with CONFIG_RUN; free with config_free().
 */
enum config_next config_load(const struct config_program *program, const struct config_input *input,
                             struct config **ret_config);
void config_free(struct config *config);

/* What a key is set to. The name and the kind must be those of the table (CHECKed). Everything
 * returned is borrowed from the config. */

/** @return NULL if it is set nowhere and has no default. CONFIG_TEXT. */
const char *config_text(const struct config *config, const char *name);
/** @return 0 if it is set nowhere and has no default. */
int64_t config_int(const struct config *config, const char *name);
/** @return 0 if it is set nowhere and has no default. */
struct duration config_duration(const struct config *config, const char *name);
/** @return ends with NULL, never NULL itself. CONFIG_LIST and CONFIG_PAIRS. */
const char *const *config_list(const struct config *config, const char *name);
bool config_flag(const struct config *config, const char *name);

#endif
