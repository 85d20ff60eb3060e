/* status.h - how an operation says that the world failed it. Pure.
 *
 * Three kinds of wrong, three mechanisms: our own bug is a CHECK (check.h); an operation that
 * could not be done is a `enum status` with an optional `struct error` as the last parameter;
 * an outcome of the domain (a task exited 3) is data.
 */
#ifndef BATON_STATUS_H
#define BATON_STATUS_H

#include "attr.h"

#define STATUS_MAP(X)                                                                              \
    X(OK, "ok")                                                                                    \
    X(NOMEM, "out of memory")                                                                      \
    X(LIMIT, "a limit was reached")                                                                \
    X(MALFORMED, "malformed input")                                                                \
    X(NOT_FOUND, "not found")                                                                      \
    X(CONFLICT, "changed by someone else meanwhile")                                               \
    X(UNAVAILABLE, "not reachable now")                                                            \
    X(TIMEOUT, "no answer in time")                                                                \
    X(DENIED, "not permitted")                                                                     \
    X(UNSUPPORTED, "not supported")                                                                \
    X(IO, "input/output failed")

enum status {
#define X(name, text) STATUS_##name,
    STATUS_MAP(X)
#undef X
        STATUS_COUNT
};

enum { ERROR_TEXT_MAX = 512 };

struct error {
    enum status status;
    const char *where; /* "file:line" of the code that found it */
    char text[ERROR_TEXT_MAX];
};

#define STATUS_LINE_TEXT_(line) #line
#define STATUS_LINE_TEXT(line) STATUS_LINE_TEXT_(line)

/* Fill `err` (which may be NULL) and give back the status: `return ERROR(err, STATUS_LIMIT, ...)`.
 */
#define ERROR(err, status, ...)                                                                    \
    error_set((err), (status), __FILE__ ":" STATUS_LINE_TEXT(__LINE__), __VA_ARGS__)

/**
 * Describe a failure.
 *
 * @param err    [out, may be NULL] filled; a text longer than ERROR_TEXT_MAX - 1 bytes is cut.
 * @param status [in]  what kind, never STATUS_OK.
 * @param where  [in]  static text "file:line".
 * @return `status`.
 */
enum status error_set(struct error *err, enum status status, const char *where, const char *format,
                      ...) ATTR_PRINTF(4, 5);

/** @return a static text for `status`, such as "not found". */
const char *status_text(enum status status);

#endif
