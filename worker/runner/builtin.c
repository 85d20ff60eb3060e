#include "builtin.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "runner/child.h"
#include "runner/params.h"

enum { BUILTIN_OUTPUT_LINE_BYTES = 64 }; /* of `test output bytes`, with the newline */

ATTR_NORETURN static void builtin_finish(void)
{
    _exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void builtin_sleep(const struct params *params)
{
    uint64_t ms = duration_to_ms(params_duration(params, "duration"));
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static void builtin_fail(const struct params *params, int report_fd)
{
    const char *text = params_text(params, "message");
    text = text[0] != '\0' ? text : "failed on purpose";
    (void)fprintf(stderr, "%s\n", text);
    child_say(report_fd, CHILD_ACTION_FAILED, "%s", text);
    _exit(EXIT_FAILURE);
}

static void builtin_flaky(const struct params *params, int report_fd)
{
    int64_t rate = params_whole(params, "rate");
    uint64_t chance = 0;
    CHECK(getrandom(&chance, sizeof chance, 0) == (ssize_t)sizeof chance);
    if ((int64_t)(chance % 100) < rate) { /* the bias is one in 2^57 */
        child_say(report_fd, CHILD_ACTION_FAILED, "failed by chance (%d %%)", (int)rate);
        _exit(EXIT_FAILURE);
    }
}

static void builtin_output(const struct params *params)
{
    int64_t bytes = params_whole(params, "bytes");
    int64_t lines = params_whole(params, "lines");
    for (int64_t i = 1; i <= lines; i++)
        (void)printf("line %" PRId64 "\n", i);
    for (int64_t i = 0; i < bytes; i++) {
        int64_t column = i % BUILTIN_OUTPUT_LINE_BYTES;
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

static void builtin_act(const struct params *params, int report_fd)
{
    const char *message = params_text(params, "message");
    switch (params->action->kind) {
    case BACKEND_PING_ECHO:
        (void)puts(message);
        return;
    case BACKEND_TEST_SUCCEED:
        if (message[0] != '\0')
            (void)puts(message);
        return;
    case BACKEND_PING_HOSTNAME:
        builtin_hostname();
        return;
    case BACKEND_PING_SLEEP:
    case BACKEND_TEST_SLEEP:
        builtin_sleep(params);
        return;
    case BACKEND_TEST_FAIL:
        builtin_fail(params, report_fd);
        return;
    case BACKEND_TEST_FLAKY:
        builtin_flaky(params, report_fd);
        return;
    case BACKEND_TEST_OUTPUT:
        builtin_output(params);
        return;
    case BACKEND_EXEC_RUN: /* is not built in: child.c */
        break;
    }
    UNREACHABLE();
}

void builtin_run(const char *backend, const char *action, const char *text, int report_fd)
{
    struct error err = {0};
    AUTO(arena_done) struct arena arena = {0};
    struct params params = {0};
    enum status status = params_read(backend, action, text, &arena, &params, &err);
    if (status != STATUS_OK || params.action->kind == BACKEND_EXEC_RUN) {
        child_say(report_fd, CHILD_BAD_PARAMS, "%s", err.text);
        _exit(EXIT_FAILURE);
    }
    builtin_act(&params, report_fd);
    builtin_finish();
}
