#include "run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "runner/clock.h"
#include "runner/relay.h"
#include "runner/spool.h"
#include "runner/tree.h"
#include "runner/verdict.h"

enum {
    RUN_KILL_PAUSE_MS = 2,        /* between two sweeps over the process tree */
    RUN_KILL_PAUSE_MS_MAX = 200,  /* ... of a process stuck in the kernel */
    RUN_PUMP_BYTES = 1024 * 1024, /* from one stream before the others get their turn */
    RUN_TELL_EXIT_MS = 5000,
    RUN_GRACE_MS_MAX = 3600 * 1000,
};

enum run_phase {
    RUN_RUNNING,
    RUN_ENDING,  /* TERM was sent, the grace runs */
    RUN_KILLING, /* whatever is left is frozen and killed, until nothing is */
    RUN_EMPTY
};

struct run {
    const Baton__V1__RunOrder *order;
    struct link *link;
    struct relay relay;
    struct child child;
    struct verdict verdict;
    enum run_phase phase;
    int signals_fd;
    int kill_pause_ms;
    struct instant started, ended;
    struct instant timeout_at, idle_at, kill_at;
    int64_t started_at_ms, ended_at_ms;
    uint64_t spool_told;
};

static void run_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

static void run_free(struct run *run)
{
    if (run == NULL)
        return;
    relay_done(&run->relay);
    run_close(&run->signals_fd);
    run_close(&run->child.report_fd);
    free(run);
}
CLEANUP_FREE(struct run, run_free)

static struct run *run_new(const Baton__V1__RunOrder *order, struct link *link)
{
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL)
        return NULL;
    run->order = order;
    run->link = link;
    run->signals_fd = -1;
    run->child.report_fd = -1;
    run->kill_pause_ms = RUN_KILL_PAUSE_MS;
    run->timeout_at = run->idle_at = run->kill_at = INSTANT_NEVER;
    run->relay.spool_fd = -1;
    run->relay.streams[0] = (struct stream){.fd = -1, .kind = SPOOL_STDOUT};
    run->relay.streams[1] = (struct stream){.fd = -1, .kind = SPOOL_STDERR};
    return run;
}

static void run_terminate(struct run *run, enum verdict_cause cause, uint64_t grace_ms)
{
    CHECK(run->phase == RUN_RUNNING);
    run->phase = RUN_ENDING;
    run->verdict.cause = cause;
    uint64_t bounded = grace_ms > RUN_GRACE_MS_MAX ? RUN_GRACE_MS_MAX : grace_ms;
    run->kill_at = instant_add(clock_instant(), duration_ms(bounded));
    if (kill(-run->child.pid, SIGTERM) != 0)
        (void)kill(run->child.pid, SIGTERM); /* it has not made its session yet */
    (void)kill(-run->child.pid, SIGCONT);    /* a stopped process could not act on the TERM */
}

static void run_reap(struct run *run)
{
    bool ended = false;
    bool empty = tree_reap(run->child.pid, &run->verdict.wait_status, &ended);
    if (ended) {
        run->verdict.has_status = true;
        run->verdict.report = child_read_report(run->child.report_fd);
        run->ended = clock_instant();
        run->ended_at_ms = clock_wall_ms();
        /* A task is its process tree: what it left in the background goes with it. */
        if (run->phase == RUN_RUNNING)
            run->phase = RUN_KILLING;
    }
    if (empty)
        run->phase = RUN_EMPTY;
}

static void run_advance(struct run *run)
{
    uint64_t grace_ms = 0;
    bool kill_asked = link_receive_kill(run->link, &grace_ms);
    run_reap(run);
    struct instant now = clock_instant();
    if (run->phase == RUN_RUNNING && kill_asked)
        run_terminate(run, VERDICT_CANCELLED, grace_ms);
    if (run->phase == RUN_RUNNING && instant_reached(now, run->timeout_at))
        run_terminate(run, VERDICT_TIMEOUT, run->order->grace_ms);
    if (run->phase == RUN_RUNNING && instant_reached(now, run->idle_at))
        run_terminate(run, VERDICT_IDLE, run->order->grace_ms);
    if (run->phase == RUN_ENDING && instant_reached(now, run->kill_at))
        run->phase = RUN_KILLING;
    if (run->phase == RUN_KILLING) {
        struct error err = {0};
        if (tree_kill(&err) != STATUS_OK) {
            (void)fprintf(stderr, "baton-runner: %s, trying again\n", err.text);
            (void)kill(-run->child.pid, SIGKILL);
        }
        run_reap(run);
    }
}

static int run_wait_ms(struct run *run)
{
    if (run->phase == RUN_KILLING) {
        int pause = run->kill_pause_ms;
        run->kill_pause_ms = pause * 2 > RUN_KILL_PAUSE_MS_MAX ? RUN_KILL_PAUSE_MS_MAX : pause * 2;
        return pause;
    }
    struct instant next =
        run->phase == RUN_RUNNING ? instant_min(run->timeout_at, run->idle_at) : run->kill_at;
    if (next.ns == INSTANT_NEVER.ns)
        return -1;
    uint64_t ms = duration_to_ms(instant_since(next, clock_instant())) + 1;
    return ms > 60000 ? 60000 : (int)ms;
}

/* The time of silence begins now. */
static void run_listen(struct run *run)
{
    if (run->order->idle_timeout_ms > 0)
        run->idle_at = instant_add(clock_instant(), duration_ms(run->order->idle_timeout_ms));
}

static void run_wait(struct run *run)
{
    struct pollfd waits[4] = {
        {.fd = run->link->fd, .events = POLLIN},
        {.fd = run->signals_fd, .events = POLLIN},
        {.fd = run->relay.streams[0].fd, .events = POLLIN},
        {.fd = run->relay.streams[1].fd, .events = POLLIN},
    };
    if (run->link->out.len > 0)
        waits[0].events |= POLLOUT;
    int ready = poll(waits, 4, run_wait_ms(run));
    if (ready <= 0)
        return;
    if (waits[1].revents != 0) {
        struct signalfd_siginfo ignored;
        while (read(run->signals_fd, &ignored, sizeof ignored) > 0)
            continue;
    }
    for (int i = 0; i < 2; i++) {
        if (waits[2 + i].revents != 0) {
            (void)relay_pump(&run->relay, &run->relay.streams[i], RUN_PUMP_BYTES);
            run_listen(run);
        }
    }
    link_flush(run->link);
    if (run->relay.spool_bytes > run->spool_told) {
        run->spool_told = run->relay.spool_bytes;
        link_tell_spool(run->link, run->spool_told);
    }
}

static enum status run_start(struct run *run, struct error *err)
{
    sigset_t watched;
    (void)sigemptyset(&watched);
    (void)sigaddset(&watched, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &watched, NULL);
    run->signals_fd = signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC);
    if (run->signals_fd < 0)
        return ERROR(err, STATUS_IO, "signalfd: %s", strerror(errno));
    enum status status = relay_open(&run->relay, run->order->directory, err);
    if (status != STATUS_OK)
        return status;
    run->started = run->ended = clock_instant();
    run->started_at_ms = run->ended_at_ms = clock_wall_ms();
    status = child_start(run->order, &run->child, err);
    if (status != STATUS_OK)
        return status;
    run->relay.streams[0].fd = run->child.stdout_fd;
    run->relay.streams[1].fd = run->child.stderr_fd;
    run->verdict.timeout_ms = run->order->timeout_ms;
    if (run->order->timeout_ms > 0)
        run->timeout_at = instant_add(run->started, duration_ms(run->order->timeout_ms));
    run->verdict.idle_timeout_ms = run->order->idle_timeout_ms;
    run_listen(run);
    return STATUS_OK;
}

static void run_capture(struct capture *capture, Baton__V1__Capture *message)
{
    struct bytes head = capture_head(capture);
    struct bytes tail = capture_tail(capture);
    message->head = (ProtobufCBinaryData){head.len, (uint8_t *)(uintptr_t)head.data};
    message->tail = (ProtobufCBinaryData){tail.len, (uint8_t *)(uintptr_t)tail.data};
    message->total_bytes = capture->total_bytes;
}

/* Record the outcome on disk, then tell it. */
static enum status run_report(struct run *run, Baton__V1__Outcome *outcome, struct error *err)
{
    Baton__V1__Capture captures[2] = {BATON__V1__CAPTURE__INIT, BATON__V1__CAPTURE__INIT};
    run_capture(&run->relay.streams[0].capture, &captures[0]);
    run_capture(&run->relay.streams[1].capture, &captures[1]);
    outcome->stdout = &captures[0];
    outcome->stderr = &captures[1];
    outcome->started_at_ms = run->started_at_ms;
    outcome->finished_at_ms = run->ended_at_ms;
    outcome->duration_ms = duration_to_ms(instant_since(run->ended, run->started));
    outcome->tree_empty = true; /* run_task() comes here only then */
    enum status status = verdict_write(outcome, run->order->directory, err);
    link_tell_exit(run->link, outcome, RUN_TELL_EXIT_MS);
    return status;
}

enum status run_task(const Baton__V1__RunOrder *order, struct link *link, struct error *err)
{
    AUTO_PTR(run_free) struct run *run = run_new(order, link);
    if (run == NULL)
        return ERROR(err, STATUS_NOMEM, "the task");
    char text[512];
    Baton__V1__Outcome outcome = BATON__V1__OUTCOME__INIT;
    struct error why = {0};
    if (run_start(run, &why) != STATUS_OK) {
        (void)snprintf(text, sizeof text, "%.500s", why.text);
        outcome.state = BATON__V1__ATTEMPT_STATE__ATTEMPT_FAILED;
        outcome.code = (char[]){"INTERNAL"};
        outcome.error = text;
        return run_report(run, &outcome, err);
    }
    /* Before the first wait: a kill may have come in one piece with the order. */
    run_advance(run);
    while (run->phase != RUN_EMPTY) {
        run_wait(run);
        run_advance(run);
    }
    /* Nobody writes any more: what is in the pipes is the rest. A stranger who was handed a pipe
     * could keep it open, so the end is not waited for. */
    for (int i = 0; i < 2; i++) {
        while (relay_pump(&run->relay, &run->relay.streams[i], RUN_PUMP_BYTES))
            continue;
    }
    verdict_fill(&run->verdict, &outcome, text, sizeof text);
    return run_report(run, &outcome, err);
}
