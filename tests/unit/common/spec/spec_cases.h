/* spec_cases.h - what the tests of common/spec share: texts in, lines of problems out. */
#ifndef BATON_SPEC_CASES_H
#define BATON_SPEC_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "spec/spec.h"

static inline __attribute__((unused)) void case_close(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

/* Append a whole file. */
static inline __attribute__((unused)) void case_read(const char *path, struct buffer *out)
{
    char part[4096];
    size_t got = 0;
    AUTO(case_close) FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot open %s", path);
        return;
    }
    while ((got = fread(part, 1, sizeof part, file)) > 0) {
        assert_int_equal(buffer_append(out, bytes_of(part, got)), STATUS_OK);
    }
}

/* Problems as lines, with `f` as the name of the file. */
static inline __attribute__((unused)) void case_problems_equal(const struct problems *problems,
                                                               const char *wanted)
{
    AUTO(buffer_done) struct buffer out = {0};
    assert_int_equal(problems_print(problems, "f", &out), STATUS_OK);
    assert_string_equal(buffer_text(&out), wanted);
}

/* A spec that has to be right; the caller frees it. */
static inline __attribute__((unused)) struct spec *case_spec(const char *text)
{
    static struct problems problems;
    problems = (struct problems){0};
    struct spec *spec = NULL;
    enum status status = spec_parse(bytes_of_text(text), &spec, &problems);
    case_problems_equal(&problems, "");
    assert_int_equal(status, STATUS_OK);
    return spec;
}

/* A spec that has to be refused with exactly these lines. */
static inline __attribute__((unused)) void case_refused(const char *text, const char *wanted)
{
    struct problems problems = {0};
    struct spec *spec = NULL;
    enum status status = spec_parse(bytes_of_text(text), &spec, &problems);
    case_problems_equal(&problems, wanted);
    assert_int_not_equal(status, STATUS_OK);
    assert_null(spec);
}

#define CASE_TARGET "target: {scope: all}\n"
#define CASE_PING "{backend: ping, action: hostname}"

#endif
