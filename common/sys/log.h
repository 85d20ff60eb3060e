/* log.h - the daemons' log: one event a line on stderr. Shell.
 *
 *     log_event(log, LOG_INFO, "job.claimed", LOG_TEXT("job", id), LOG_UINT("epoch", 3));
 *
 * A line is one JSON object with `ts`, `level`, `event` and the fields, or plain text on a
 * terminal (coloured unless NO_COLOR is set). The logger is handed in, never global. Secrets and
 * payloads are not logged.
 */
#ifndef BATON_LOG_H
#define BATON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/status.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_LEVEL_COUNT };

struct log {
    int fd;
    enum log_level level; /* less important events are dropped */
    bool text;            /* for people rather than JSON */
    bool colour;
};

enum log_kind { LOG_KIND_TEXT, LOG_KIND_INT, LOG_KIND_UINT, LOG_KIND_BOOL };

struct log_field {
    const char *key; /* snake_case; NULL: no field */
    enum log_kind kind;
    union {
        const char *text; /* NULL is written as null */
        int64_t number;
        uint64_t count;
        bool truth;
    };
};

#define LOG_TEXT(key_, value)                                                                      \
    ((struct log_field){.key = (key_), .kind = LOG_KIND_TEXT, .text = (value)})
#define LOG_INT(key_, value)                                                                       \
    ((struct log_field){.key = (key_), .kind = LOG_KIND_INT, .number = (value)})
#define LOG_UINT(key_, value)                                                                      \
    ((struct log_field){.key = (key_), .kind = LOG_KIND_UINT, .count = (value)})
#define LOG_BOOL(key_, value)                                                                      \
    ((struct log_field){.key = (key_), .kind = LOG_KIND_BOOL, .truth = (value)})
/* A length of time in milliseconds; the key should end in _ms. */
#define LOG_MS(key_, value) LOG_UINT(key_, duration_to_ms(value))
/* What a struct error * says, under the key "error". */
#define LOG_ERR(err) LOG_TEXT("error", (err)->text)

/**
 * Write one event.
 *
 * @param log    [in] a struct log *, or NULL: nothing is written.
 * @param level  [in] an enum log_level.
 * @param event  [in] what happened, as noun.verb: "job.claimed".
 * @param ...    [in] any number of LOG_TEXT, LOG_INT, LOG_UINT, LOG_BOOL, LOG_MS, LOG_ERR.
 */
#define log_event(log, level, event, ...)                                                          \
    log_write((log), (level), (event), (const struct log_field[]){{.key = NULL}, ##__VA_ARGS__},   \
              sizeof((const struct log_field[]){{.key = NULL}, ##__VA_ARGS__}) /                   \
                  sizeof(struct log_field))

/**
 * Set up a logger on a descriptor: text if it is a terminal, JSON otherwise.
 *
 * @param fd [in] stays the caller's; usually STDERR_FILENO.
 */
void log_init(struct log *log, int fd, enum log_level level);

/** @return false, with `ret_level` untouched, unless text is debug, info, warn or error. */
bool log_level_parse(const char *text, enum log_level *ret_level);
const char *log_level_text(enum log_level level);

/**
 * What log_event() calls.
 *
 * @param log    [in, may be NULL]
 * @param fields [in] `count` of them; those without a key are left out. A text longer than 8 KiB
 *                    is cut; bytes that are not UTF-8 become U+FFFD.
 */
void log_write(const struct log *log, enum log_level level, const char *event,
               const struct log_field *fields, size_t count);

#endif
