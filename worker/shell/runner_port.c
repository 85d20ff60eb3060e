#include "shell/runner_port.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "runner/frame.h"

enum {
    RUNNER_SOCKET_FD = 3,
    RUNNER_RECORD_BYTES_MAX = 1024 * 1024, /* captures are 256 KiB at most */
};

extern char **environ;

struct runner {
    uv_pipe_t pipe;
    uv_poll_t process; /* on a pidfd: readable when the runner has ended */
    int process_fd;
    pid_t pid;
    unsigned open_handles;
    bool reaped, hung_up; /* the process is gone; the socket is at its end */
    bool told;            /* the exited event was sent, or is not wanted any more */
    bool freed;           /* by its owner: goes away with its handles */
    struct buffer received;
    struct runner_events events;
    char record[PATH_MAX]; /* path of the exit record */
};

static void runner_release(struct runner *runner)
{
    if (!runner->freed || runner->open_handles > 0 || !runner->reaped)
        return;
    buffer_done(&runner->received);
    free(runner);
}

static void runner_pipe_closed(uv_handle_t *handle)
{
    struct runner *runner = handle->data;
    runner->open_handles--;
    runner_release(runner);
}

static void runner_process_closed(uv_handle_t *handle)
{
    struct runner *runner = handle->data;
    (void)close(runner->process_fd);
    runner->open_handles--;
    runner_release(runner);
}

static void runner_close_pipe(struct runner *runner)
{
    if (!uv_is_closing((uv_handle_t *)&runner->pipe))
        uv_close((uv_handle_t *)&runner->pipe, runner_pipe_closed);
}

static void runner_tell(struct runner *runner, Baton__V1__Outcome *take_outcome)
{
    if (runner->told) {
        if (take_outcome != NULL)
            baton__v1__outcome__free_unpacked(take_outcome, NULL);
        return;
    }
    runner->told = true;
    runner->events.exited(runner->events.ctx, take_outcome);
}

static Baton__V1__Outcome *runner_read_record(const struct runner *runner)
{
    int fd = open(runner->record, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return NULL;
    Baton__V1__Outcome *outcome = NULL;
    uint8_t *bytes = malloc(RUNNER_RECORD_BYTES_MAX);
    ssize_t got = bytes != NULL ? read(fd, bytes, RUNNER_RECORD_BYTES_MAX) : -1;
    if (got >= 0)
        outcome = baton__v1__outcome__unpack(NULL, (size_t)got, bytes);
    free(bytes);
    (void)close(fd);
    return outcome;
}

/* Both gone without a notice: what the runner left on disk counts. */
static void runner_conclude(struct runner *runner)
{
    if (runner->reaped && runner->hung_up && !runner->told)
        runner_tell(runner, runner_read_record(runner));
}

static void runner_process_event(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct runner *runner = poll->data;
    int wait_status = 0;
    pid_t pid = waitpid(runner->pid, &wait_status, WNOHANG);
    if (pid == 0 || (pid < 0 && errno == EINTR))
        return;
    runner->reaped = true;
    uv_close((uv_handle_t *)&runner->process, runner_process_closed);
    runner_conclude(runner);
}

static void runner_notice(struct runner *runner, struct bytes message)
{
    Baton__V1__RunnerNotice *notice =
        baton__v1__runner_notice__unpack(NULL, message.len, message.data);
    if (notice == NULL)
        return;
    if (notice->kind_case == BATON__V1__RUNNER_NOTICE__KIND_EXITED) {
        Baton__V1__Outcome *outcome = STEAL(notice->exited);
        notice->kind_case = BATON__V1__RUNNER_NOTICE__KIND__NOT_SET;
        runner_tell(runner, outcome);
    } else if (notice->kind_case == BATON__V1__RUNNER_NOTICE__KIND_SPOOL && !runner->told) {
        runner->events.grown(runner->events.ctx);
    }
    baton__v1__runner_notice__free_unpacked(notice, NULL);
}

static void runner_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_room)
{
    struct runner *runner = handle->data;
    *ret_room = uv_buf_init(NULL, 0);
    if (buffer_reserve(&runner->received, suggested) == STATUS_OK)
        *ret_room = uv_buf_init(runner->received.data + runner->received.len, (unsigned)suggested);
}

static void runner_readable(uv_stream_t *stream, ssize_t got, const uv_buf_t *room)
{
    (void)room;
    struct runner *runner = stream->data;
    if (got == 0)
        return;
    bool broken = got < 0;
    if (got > 0)
        runner->received.len += (size_t)got;
    size_t done = 0;
    while (!broken) {
        struct bytes message = {0};
        size_t used = 0;
        struct bytes rest = bytes_of(runner->received.data + done, runner->received.len - done);
        broken = frame_take(rest, &message, &used) != STATUS_OK;
        if (used == 0)
            break;
        done += used;
        runner_notice(runner, message);
    }
    if (done > 0) {
        memmove(runner->received.data, runner->received.data + done, runner->received.len - done);
        runner->received.len -= done;
    }
    if (broken) {
        runner->hung_up = true;
        runner_close_pipe(runner);
        runner_conclude(runner);
    }
}

struct runner_write {
    uv_write_t request;
    struct buffer bytes;
};

static void runner_written(uv_write_t *request, int status)
{
    (void)status; /* a broken pipe shows on the reading side */
    struct runner_write *written = request->data;
    buffer_done(&written->bytes);
    free(written);
}

static enum status runner_send(struct runner *runner, struct bytes message)
{
    struct runner_write *write = calloc(1, sizeof *write);
    if (write == NULL)
        return STATUS_NOMEM;
    write->request.data = write;
    enum status status = frame_put(&write->bytes, message);
    if (status == STATUS_OK) {
        uv_buf_t bytes = uv_buf_init(write->bytes.data, (unsigned)write->bytes.len);
        if (uv_write(&write->request, (uv_stream_t *)&runner->pipe, &bytes, 1, runner_written) == 0)
            return STATUS_OK;
        status = STATUS_IO;
    }
    buffer_done(&write->bytes);
    free(write);
    return status;
}

static enum status runner_send_order(struct runner *runner, const Baton__V1__RunOrder *order)
{
    size_t len = baton__v1__run_order__get_packed_size(order);
    AUTO_HEAP uint8_t *packed = malloc(len > 0 ? len : 1);
    if (packed == NULL)
        return STATUS_NOMEM;
    (void)baton__v1__run_order__pack(order, packed);
    return runner_send(runner, bytes_of(packed, len));
}

void runner_kill(struct runner *runner, const char *reason, uint64_t grace_ms)
{
    Baton__V1__KillCommand kill_command = BATON__V1__KILL_COMMAND__INIT;
    kill_command.reason = (char *)(uintptr_t)reason;
    kill_command.grace_ms = grace_ms;
    Baton__V1__RunnerCommand command = BATON__V1__RUNNER_COMMAND__INIT;
    command.kind_case = BATON__V1__RUNNER_COMMAND__KIND_KILL;
    command.kill = &kill_command;
    uint8_t packed[1024];
    if (uv_is_closing((uv_handle_t *)&runner->pipe) ||
        baton__v1__runner_command__get_packed_size(&command) > sizeof packed)
        return;
    size_t len = baton__v1__runner_command__pack(&command, packed);
    (void)runner_send(runner, bytes_of(packed, len));
}

/* The worker's own signals and descriptors are not the runner's. */
static int runner_spawn(const char *program, int socket_fd, pid_t *ret_pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&files, socket_fd, RUNNER_SOCKET_FD);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &all);
    char *const argv[] = {(char[]){"baton-runner"}, NULL};
    int failed = posix_spawn(ret_pid, program, &files, &attributes, argv, environ);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&attributes);
    return failed;
}

static enum status runner_connect(uv_loop_t *loop, const char *program, struct runner *runner,
                                  struct error *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return ERROR(err, STATUS_IO, "socketpair: %s", strerror(errno));
    /* dup2 onto itself would keep close-on-exec: keep the runner's end away from 3. */
    int theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, RUNNER_SOCKET_FD + 1);
    (void)close(pair[1]);
    int failed = theirs < 0 ? errno : runner_spawn(program, theirs, &runner->pid);
    if (theirs >= 0)
        (void)close(theirs);
    if (failed != 0) {
        (void)close(pair[0]);
        return ERROR(err, STATUS_IO, "start %.300s: %s", program, strerror(failed));
    }
    CHECK(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
    runner->process_fd = (int)syscall(SYS_pidfd_open, runner->pid, 0);
    CHECK(runner->process_fd >= 0);
    runner->pipe.data = runner->process.data = runner;
    CHECK(uv_pipe_init(loop, &runner->pipe, 0) == 0);
    CHECK(uv_pipe_open(&runner->pipe, pair[0]) == 0);
    CHECK(uv_poll_init(loop, &runner->process, runner->process_fd) == 0);
    runner->open_handles = 2;
    CHECK(uv_read_start((uv_stream_t *)&runner->pipe, runner_room, runner_readable) == 0);
    CHECK(uv_poll_start(&runner->process, UV_READABLE, runner_process_event) == 0);
    return STATUS_OK;
}

enum status runner_start(uv_loop_t *loop, const char *program, const Baton__V1__RunOrder *order,
                         const struct runner_events *events, struct runner **ret, struct error *err)
{
    struct runner *runner = calloc(1, sizeof *runner);
    if (runner == NULL)
        return ERROR(err, STATUS_NOMEM, "the runner");
    runner->events = *events;
    int len = snprintf(runner->record, sizeof runner->record, "%s/exit", order->directory);
    enum status status = STATUS_LIMIT;
    if (len < 0 || (size_t)len >= sizeof runner->record)
        status = ERROR(err, STATUS_LIMIT, "the attempt's directory: its name is too long");
    else
        status = runner_connect(loop, program, runner, err);
    if (status != STATUS_OK) {
        free(runner);
        return status;
    }
    status = runner_send_order(runner, order);
    if (status != STATUS_OK) {
        (void)ERROR(err, status, "the order to the runner: %s", status_text(status));
        runner->told = true; /* a socket that ends without an order makes it exit */
        runner_free(runner);
        return status;
    }
    *ret = runner;
    return STATUS_OK;
}

void runner_free(struct runner *runner)
{
    if (runner == NULL)
        return;
    CHECK(!runner->freed);
    bool ended = runner->told;
    runner->told = true;
    runner->freed = true;
    runner_close_pipe(runner);
    /* One that has told its end is gone in a moment, and reaped. One that is left to itself
     * outlives this worker, which is about to end: nobody waits for it. */
    if (!ended && !runner->reaped) {
        runner->reaped = true;
        uv_close((uv_handle_t *)&runner->process, runner_process_closed);
    }
    runner_release(runner);
}

static bool runner_try(char *ret_path, size_t size, const char *directory, const char *name)
{
    int len = snprintf(ret_path, size, "%s/%s", directory, name);
    return len > 0 && (size_t)len < size && access(ret_path, X_OK) == 0;
}

enum status runner_find(char *ret_path, size_t size, struct error *err)
{
    const char *named = getenv("BATON_RUNNER");
    if (named != NULL && named[0] != '\0') {
        int len = snprintf(ret_path, size, "%s", named);
        if (len > 0 && (size_t)len < size && access(ret_path, X_OK) == 0)
            return STATUS_OK;
        return ERROR(err, STATUS_NOT_FOUND, "BATON_RUNNER=%.300s: %s", named, strerror(errno));
    }
    char self[PATH_MAX];
    size_t len = sizeof self - 1;
    if (uv_exepath(self, &len) != 0)
        return ERROR(err, STATUS_NOT_FOUND, "this program's own path is not known");
    self[len] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL)
        *slash = '\0';
    /* Next to this program is also where the build tree has it. */
    if (runner_try(ret_path, size, self, "baton-runner") ||
        runner_try(ret_path, size, self, "../libexec/baton/baton-runner") ||
        runner_try(ret_path, size, self, "../worker/baton-runner"))
        return STATUS_OK;
    return ERROR(err, STATUS_NOT_FOUND, "baton-runner is neither in %.200s nor in its %s", self,
                 "../libexec/baton; set BATON_RUNNER");
}
