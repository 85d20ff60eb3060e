#include "subject.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"

static ATTR_PRINTF(1, 2) struct subject subject_print(const char *format, ...)
{
    struct subject subject;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(subject.text, sizeof subject.text, format, args);
    va_end(args);
    CHECK(len > 0);
    CHECK((size_t)len < sizeof subject.text); /* the parts are names, or fixed words */
    return subject;
}

struct subject subject_stream(const char *cell, enum cell_stream stream)
{
    static const char *const names[CELL_STREAM_COUNT] = {"submit", "log", "tasks", "results",
                                                         "output"};
    CHECK(stream < CELL_STREAM_COUNT);
    return subject_print("%s_%s", cell, names[stream]);
}

struct subject subject_bucket(const char *cell, enum cell_bucket bucket)
{
    static const char *const names[CELL_BUCKET_COUNT] = {"jobs", "controllers", "workers"};
    CHECK(bucket < CELL_BUCKET_COUNT);
    return subject_print("%s_%s", cell, names[bucket]);
}

struct subject subject_submit(const char *cell)
{
    return subject_print("%s.submit", cell);
}

struct subject subject_log(const char *cell, const char *job)
{
    return subject_print("%s.log.%s", cell, job);
}

struct subject subject_task(const char *cell, const char *node)
{
    return subject_print("%s.task.%s", cell, node);
}

struct subject subject_result(const char *cell, const char *job, const char *node)
{
    return subject_print("%s.result.%s.%s", cell, job, node);
}

struct subject subject_signal(const char *cell, const char *job)
{
    return subject_print("%s.signal.%s", cell, job);
}

struct subject subject_output(const char *cell, const char *job, const char *node)
{
    return subject_print("%s.output.%s.%s", cell, job, node);
}

struct subject subject_cancel(const char *cell, const char *node)
{
    return subject_print("%s.cancel.%s", cell, node);
}

struct subject subject_event(const char *cell, const char *job, const char *kind)
{
    return subject_print("%s.evt.%s.%s", cell, job, kind);
}

struct subject subject_api(const char *cell, const char *verb)
{
    return subject_print("%s.api.%s", cell, verb);
}

struct subject subject_worker_consumer(const char *node)
{
    return subject_print("worker-%s", node);
}

bool subject_parse(const char *subject, const char *cell, const char *kind, struct name *ret_tokens,
                   size_t count)
{
    size_t cell_len = strlen(cell);
    size_t kind_len = strlen(kind);
    if (strncmp(subject, cell, cell_len) != 0 || subject[cell_len] != '.')
        return false;
    const char *at = subject + cell_len + 1;
    if (strncmp(at, kind, kind_len) != 0)
        return false;
    at += kind_len;
    for (size_t i = 0; i < count; i++) {
        if (*at++ != '.')
            return false;
        size_t len = strcspn(at, ".");
        if (!name_set(&ret_tokens[i], bytes_of(at, len)))
            return false;
        at += len;
    }
    return *at == '\0';
}
