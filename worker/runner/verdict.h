/* verdict.h - how the end of a task's process becomes an Outcome, and the record of it on disk.
 * Shell: writes files. */
#ifndef BATON_VERDICT_H
#define BATON_VERDICT_H

#include "base/bytes.h"
#include "base/status.h"
#include "runner/child.h"
#include "runner/proto.h"

/* Why the task ended. */
enum verdict_cause { VERDICT_BY_ITSELF, VERDICT_TIMEOUT, VERDICT_IDLE, VERDICT_CANCELLED };

struct verdict {
    enum verdict_cause cause;
    bool has_status; /* the child's end was seen: `wait_status` counts */
    int wait_status;
    struct child_report report;
    uint64_t timeout_ms;
    uint64_t idle_timeout_ms;
};

/**
 * Fill state, code, exit code, signal and error.
 *
 * @param outcome [out] its `error` points into `verdict` or `error_text`, its `code` to static
 * text.
 */
void verdict_fill(const struct verdict *verdict, Baton__V1__Outcome *outcome, char *error_text,
                  size_t error_size);

/** Write `<directory>/exit` durably: a temporary file, fsync, rename, fsync of the directory.
 * @return OK | IO | NOMEM. */
enum status verdict_write(const Baton__V1__Outcome *outcome, const char *directory,
                          struct error *err) ATTR_MUST_USE;

#endif
