/* subject.h - the names of a cell on the bus: subjects, streams, buckets. Pure. [specs/protocol.md]
 *
 * Every name a program uses comes from here. `%s`-free: names are checked before they get here
 * (base/name.h), so that no token can smuggle in a dot or a wildcard.
 */
#ifndef BATON_SUBJECT_H
#define BATON_SUBJECT_H

#include "base/name.h"

enum { SUBJECT_BYTES_MAX = 4 * (NAME_MAX_BYTES + 1) + 16 };

/* A subject, stream or bucket name; plain data, NUL-terminated. */
struct subject {
    char text[SUBJECT_BYTES_MAX];
};

enum cell_stream {
    CELL_SUBMIT,
    CELL_LOG,
    CELL_TASKS,
    CELL_RESULTS,
    CELL_OUTPUT,
    CELL_STREAM_COUNT
};
enum cell_bucket { CELL_JOBS, CELL_CONTROLLERS, CELL_WORKERS, CELL_BUCKET_COUNT };

/** @return `<cell>_submit` and so on. */
struct subject subject_stream(const char *cell, enum cell_stream stream);
/** @return `<cell>_jobs` and so on. */
struct subject subject_bucket(const char *cell, enum cell_bucket bucket);

struct subject subject_submit(const char *cell);                 /* C.submit */
struct subject subject_log(const char *cell, const char *job);   /* C.log.JOB */
struct subject subject_task(const char *cell, const char *node); /* C.task.NODE */
struct subject subject_result(const char *cell, const char *job, const char *node);
/* C.result.JOB.NODE */
struct subject subject_signal(const char *cell, const char *job); /* C.signal.JOB */
struct subject subject_output(const char *cell, const char *job, const char *node);
/* C.output.JOB.NODE */
struct subject subject_cancel(const char *cell, const char *node); /* C.cancel.NODE */
struct subject subject_event(const char *cell, const char *job, const char *kind);
/* C.evt.JOB.KIND */
struct subject subject_api(const char *cell, const char *verb); /* C.api.VERB */
struct subject subject_worker_consumer(const char *node);       /* worker-NODE */

/**
 * Take a subject apart, such as `C.result.JOB.NODE`.
 *
 * @param kind       [in]  the token behind the cell that is expected.
 * @param ret_tokens [out] what follows it; each a checked name.
 * @param count      [in]  how many tokens must follow, no more and no fewer.
 * @return false if the subject is not of that form.
 */
bool subject_parse(const char *subject, const char *cell, const char *kind, struct name *ret_tokens,
                   size_t count);

#endif
