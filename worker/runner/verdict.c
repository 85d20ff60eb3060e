#include "verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "runner/line.h"

static void verdict_set(Baton__V1__Outcome *outcome, Baton__V1__AttemptState state,
                        const char *code)
{
    outcome->state = state;
    outcome->code = (char *)(uintptr_t)code; /* protobuf-c has no const; packing only reads */
}

static const char *verdict_report_code(enum child_word word)
{
    static const char *const codes[] = {
        [CHILD_SILENT] = "INTERNAL",      [CHILD_NOT_FOUND] = "NOT_FOUND",
        [CHILD_DENIED] = "DENIED",        [CHILD_BAD_PARAMS] = "BAD_PARAMS",
        [CHILD_ACTION_FAILED] = "FAILED", [CHILD_BROKEN] = "INTERNAL",
    };
    CHECK(word <= CHILD_BROKEN);
    return codes[word];
}

static void verdict_fill_end(const struct verdict *verdict, Baton__V1__Outcome *outcome,
                             char *error_text, size_t error_size)
{
    int status = verdict->wait_status;
    if (verdict->report.word != CHILD_SILENT) {
        verdict_set(outcome, BATON__V1__ATTEMPT_STATE__ATTEMPT_FAILED,
                    verdict_report_code(verdict->report.word));
        (void)snprintf(error_text, error_size, "%s", verdict->report.text);
    } else if (!verdict->has_status) {
        verdict_set(outcome, BATON__V1__ATTEMPT_STATE__ATTEMPT_FAILED, "INTERNAL");
        (void)snprintf(error_text, error_size, "the end of the process was not seen");
    } else if (WIFSIGNALED(status)) {
        verdict_set(outcome, BATON__V1__ATTEMPT_STATE__ATTEMPT_FAILED, "SIGNAL");
        (void)snprintf(error_text, error_size, "killed by signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) != 0) {
        verdict_set(outcome, BATON__V1__ATTEMPT_STATE__ATTEMPT_FAILED, "EXIT");
        (void)snprintf(error_text, error_size, "exit status %d", WEXITSTATUS(status));
    } else {
        verdict_set(outcome, BATON__V1__ATTEMPT_STATE__ATTEMPT_SUCCEEDED, "OK");
    }
}

void verdict_fill(const struct verdict *verdict, Baton__V1__Outcome *outcome, char *error_text,
                  size_t error_size)
{
    error_text[0] = '\0';
    outcome->error = error_text;
    if (verdict->has_status && WIFEXITED(verdict->wait_status)) {
        outcome->has_exit_code = true;
        outcome->exit_code = WEXITSTATUS(verdict->wait_status);
    }
    if (verdict->has_status && WIFSIGNALED(verdict->wait_status))
        outcome->signal = WTERMSIG(verdict->wait_status);
    switch (verdict->cause) {
    case VERDICT_BY_ITSELF:
        verdict_fill_end(verdict, outcome, error_text, error_size);
        line_clean(error_text);
        return;
    case VERDICT_TIMEOUT:
        verdict_set(outcome, BATON__V1__ATTEMPT_STATE__ATTEMPT_TIMED_OUT, "TIMEOUT");
        (void)snprintf(error_text, error_size, "still running after %g s",
                       (double)verdict->timeout_ms / 1000.0);
        return;
    case VERDICT_IDLE:
        verdict_set(outcome, BATON__V1__ATTEMPT_STATE__ATTEMPT_TIMED_OUT, "IDLE_TIMEOUT");
        (void)snprintf(error_text, error_size, "no output for %g s",
                       (double)verdict->idle_timeout_ms / 1000.0);
        return;
    case VERDICT_CANCELLED:
        verdict_set(outcome, BATON__V1__ATTEMPT_STATE__ATTEMPT_CANCELLED, "CANCELLED");
        (void)snprintf(error_text, error_size, "cancelled while running");
        return;
    }
    UNREACHABLE();
}

static enum status verdict_write_file(int directory, struct bytes bytes, struct error *err)
{
    int fd =
        openat(directory, "exit.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return ERROR(err, STATUS_IO, "create exit.new: %s", strerror(errno));
    size_t done = 0;
    bool failed = false;
    while (!failed && done < bytes.len) {
        ssize_t wrote = write(fd, bytes.data + done, bytes.len - done);
        failed = wrote < 0 && errno != EINTR;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    failed = failed || fsync(fd) != 0;
    if (failed)
        (void)ERROR(err, STATUS_IO, "write exit.new: %s", strerror(errno));
    (void)close(fd);
    return failed ? STATUS_IO : STATUS_OK;
}

enum status verdict_write(const Baton__V1__Outcome *outcome, const char *directory,
                          struct error *err)
{
    size_t len = baton__v1__outcome__get_packed_size(outcome);
    AUTO_HEAP uint8_t *packed = malloc(len > 0 ? len : 1);
    if (packed == NULL)
        return ERROR(err, STATUS_NOMEM, "the exit record");
    (void)baton__v1__outcome__pack(outcome, packed);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ERROR(err, STATUS_IO, "open %.300s: %s", directory, strerror(errno));
    enum status status = verdict_write_file(fd, bytes_of(packed, len), err);
    if (status == STATUS_OK && (renameat(fd, "exit.new", fd, "exit") != 0 || fsync(fd) != 0))
        status = ERROR(err, STATUS_IO, "rename the exit record: %s", strerror(errno));
    (void)close(fd);
    return status;
}
