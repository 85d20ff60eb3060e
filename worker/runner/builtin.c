#include "builtin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "catalogue/catalogue.h"
#include "runner/child.h"

enum { BUILTIN_OUTPUT_LINE_BYTES = 64 }; /* of `test output bytes`, with the newline */

ATTR_NORETURN static void builtin_finish(void)
{
    _exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* The parameter as text, or "" when it is not there. */
static void builtin_text(const json_t *params, const char *key, struct buffer *text)
{
    const json_t *value = json_object_get(params, key);
    if (value != NULL)
        CHECK(catalogue_scalar(value, text) == STATUS_OK);
}

static void builtin_print(const struct buffer *text, FILE *to)
{
    (void)fwrite(text->data, 1, text->len, to);
    (void)fputc('\n', to);
}

static void builtin_sleep(const json_t *params)
{
    uint64_t ms = 0;
    CHECK(catalogue_duration(json_string_value(json_object_get(params, "duration")), &ms));
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static void builtin_fail(const json_t *params, int report_fd)
{
    AUTO(buffer_done) struct buffer text = {0};
    builtin_text(params, "message", &text);
    if (text.len == 0)
        CHECK(buffer_print(&text, "failed on purpose") == STATUS_OK);
    builtin_print(&text, stderr);
    child_say(report_fd, CHILD_ACTION_FAILED, "%s", buffer_text(&text));
    _exit(EXIT_FAILURE);
}

static void builtin_flaky(const json_t *params, int report_fd)
{
    double rate = json_number_value(json_object_get(params, "rate"));
    uint64_t chance = 0;
    CHECK(getrandom(&chance, sizeof chance, 0) == (ssize_t)sizeof chance);
    double percent = (double)(chance >> 11) / 9007199254740992.0 * 100.0; /* 53 bits: [0, 100) */
    if (percent < rate) {
        child_say(report_fd, CHILD_ACTION_FAILED, "failed by chance (%g %%)", rate);
        _exit(EXIT_FAILURE);
    }
}

static void builtin_output(const json_t *params)
{
    json_int_t bytes = json_integer_value(json_object_get(params, "bytes"));
    json_int_t lines = json_integer_value(json_object_get(params, "lines"));
    for (json_int_t i = 1; i <= lines; i++)
        (void)printf("line %" JSON_INTEGER_FORMAT "\n", i);
    for (json_int_t i = 0; i < bytes; i++) {
        json_int_t column = i % BUILTIN_OUTPUT_LINE_BYTES;
        bool last = column == BUILTIN_OUTPUT_LINE_BYTES - 1;
        (void)putchar_unlocked(last ? '\n' : 'a' + (int)(column % 26));
    }
}

static void builtin_hostname(void)
{
    char name[256] = "";
    (void)gethostname(name, sizeof name - 1);
    (void)puts(name);
}

static void builtin_act(enum action_kind kind, const json_t *params, int report_fd)
{
    AUTO(buffer_done) struct buffer text = {0};
    switch (kind) {
    case ACTION_PING_ECHO:
        builtin_text(params, "message", &text);
        builtin_print(&text, stdout);
        return;
    case ACTION_TEST_SUCCEED:
        builtin_text(params, "message", &text);
        if (text.len > 0)
            builtin_print(&text, stdout);
        return;
    case ACTION_PING_HOSTNAME:
        builtin_hostname();
        return;
    case ACTION_PING_SLEEP:
    case ACTION_TEST_SLEEP:
        builtin_sleep(params);
        return;
    case ACTION_TEST_FAIL:
        builtin_fail(params, report_fd);
        return;
    case ACTION_TEST_FLAKY:
        builtin_flaky(params, report_fd);
        return;
    case ACTION_TEST_OUTPUT:
        builtin_output(params);
        return;
    case ACTION_EXEC_RUN: /* is not built in: child.c */
    case ACTION_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

void builtin_run(const char *backend, const char *action, const char *params, int report_fd)
{
    struct error err = {0};
    enum action_kind kind = ACTION_KIND_COUNT;
    json_t *checked = NULL;
    if (catalogue_find(backend, action, &kind, &err) != STATUS_OK ||
        catalogue_params(kind, params, &checked, &err) != STATUS_OK || kind == ACTION_EXEC_RUN) {
        child_say(report_fd, CHILD_BAD_PARAMS, "%s", err.text);
        _exit(EXIT_FAILURE);
    }
    builtin_act(kind, checked, report_fd);
    json_decref(checked);
    builtin_finish();
}
