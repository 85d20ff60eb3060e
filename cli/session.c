#include "session.h"

#include <signal.h>
#include <string.h>

#include "base/check.h"
#include "sys/clock.h"

enum { SESSION_CLOSE_MS = 10000, SESSION_RETRY_MS = 200 };

static void session_signal(uv_signal_t *handle, int number)
{
    (void)number;
    struct session *session = handle->data;
    session->interrupted = true;
}

static void session_late(uv_timer_t *handle)
{
    struct session *session = handle->data;
    session->late = true;
}

static bool session_over(const struct session *session)
{
    return *session->awaited || session->interrupted || session->late || session->lost;
}

/* Timers run before the loop waits for events: what they have settled must not be waited for. */
static void session_before_wait(uv_prepare_t *handle)
{
    const struct session *session = handle->data;
    if (session->awaited != NULL && session_over(session))
        uv_stop(handle->loop);
}

int session_init(struct session *session, const struct cli *cli)
{
    *session = (struct session){.cli = cli, .answered = true};
    if (uv_loop_init(&session->loop) != 0)
        return cli_fail(cli, EXIT_ERROR, "no event loop");
    session->loop_open = true;
    CHECK(uv_signal_init(&session->loop, &session->sigint) == 0);
    CHECK(uv_signal_init(&session->loop, &session->sigterm) == 0);
    CHECK(uv_timer_init(&session->loop, &session->timer) == 0);
    CHECK(uv_prepare_init(&session->loop, &session->before_wait) == 0);
    CHECK(uv_prepare_start(&session->before_wait, session_before_wait) == 0);
    session->before_wait.data = session;
    session->sigint.data = session;
    session->sigterm.data = session;
    session->timer.data = session;
    if (uv_signal_start(&session->sigint, session_signal, SIGINT) != 0 ||
        uv_signal_start(&session->sigterm, session_signal, SIGTERM) != 0)
        return cli_fail(cli, EXIT_ERROR, "cannot watch for signals");
    return CLI_GO;
}

enum pump session_pump(struct session *session, const bool *done, struct instant deadline)
{
    session->late = false;
    struct duration left = instant_since(deadline, clock_now());
    if (deadline.ns != INSTANT_NEVER.ns)
        CHECK(uv_timer_start(&session->timer, session_late, duration_to_ms(left) + 1, 0) == 0);
    session->awaited = done;
    while (!session_over(session))
        (void)uv_run(&session->loop, UV_RUN_ONCE);
    session->awaited = NULL;
    CHECK(uv_timer_stop(&session->timer) == 0);
    if (*done)
        return PUMP_DONE;
    if (session->interrupted)
        return PUMP_INTERRUPTED;
    return session->lost ? PUMP_LOST : PUMP_LATE;
}

enum pump session_pause(struct session *session, struct duration duration)
{
    static const bool never = false;
    return session_pump(session, &never, instant_add(clock_now(), duration));
}

static void session_opened(void *ctx, struct bus *bus, const struct error *err)
{
    struct session *session = ctx;
    session->bus = bus;
    session->answered = true;
    if (bus == NULL)
        (void)snprintf(session->why, sizeof session->why, "%s", err->text);
}

static void session_lost(void *ctx, const char *why)
{
    struct session *session = ctx;
    session->lost = true;
    (void)snprintf(session->why, sizeof session->why, "%s", why);
}

bool session_try(struct session *session, const char *url)
{
    CHECK(session->bus == NULL);
    struct bus_options options = {.name = "baton"};
    struct error err = {.text = ""};
    connect_fill(&session->connect, &options);
    if (url != NULL)
        options.url = url;
    session->answered = false;
    session->lost = false;
    if (bus_open(&session->loop, &options, session_opened, session_lost, session, &err) !=
        STATUS_OK) {
        session->answered = true;
        (void)snprintf(session->why, sizeof session->why, "%s", err.text);
        return false;
    }
    return session_pump(session, &session->answered, INSTANT_NEVER) == PUMP_DONE &&
           session->bus != NULL;
}

int session_connect(struct session *session)
{
    struct error err = {.text = ""};
    const struct cli *cli = session->cli;
    enum status status = connect_resolve(&cli->wish, cli->environment, &session->connect, &err);
    if (status != STATUS_OK)
        return cli_fail(cli, EXIT_USAGE, "%s", err.text);
    if (session_try(session, NULL))
        return CLI_GO;
    if (session->interrupted)
        return EXIT_INTERRUPTED;
    return cli_fail(cli, EXIT_UNAVAILABLE, "no bus: %s", session->why);
}

int session_open(struct session *session, const struct cli *cli)
{
    int code = session_init(session, cli);
    return code == CLI_GO ? session_connect(session) : code;
}

static void session_closed(void *ctx)
{
    struct session *session = ctx;
    session->left = --session->closing == 0;
}

/* Let go of the bus, signals or not. */
static void session_drop(struct session *session)
{
    if (session->bus == NULL)
        return;
    bool interrupted = session->interrupted;
    struct instant deadline = instant_add(clock_now(), DURATION_MS(SESSION_CLOSE_MS));
    session->closing++;
    session->left = false;
    bus_close(session->bus, session_closed, session);
    session->bus = NULL;
    while (!session->left && !instant_reached(clock_now(), deadline)) {
        session->interrupted = false;
        session->lost = false;
        (void)session_pump(session, &session->left, deadline);
        interrupted = interrupted || session->interrupted;
    }
    session->interrupted = interrupted;
    session->lost = false;
}

int session_reopen(struct session *session, struct instant deadline)
{
    session_drop(session);
    while (!session_try(session, NULL)) {
        if (session->interrupted)
            return EXIT_INTERRUPTED;
        if (instant_reached(clock_now(), deadline))
            return cli_fail(session->cli, EXIT_UNAVAILABLE, "the bus is gone: %s", session->why);
        (void)session_pause(session, DURATION_MS(SESSION_RETRY_MS));
    }
    return CLI_GO;
}

void session_done(struct session *session)
{
    if (!session->loop_open)
        return;
    session_drop(session);
    connect_done(&session->connect);
    if (session->closing > 0 || !session->answered)
        return; /* still connecting or leaving, off this thread: the process is about to end */
    uv_close((uv_handle_t *)&session->sigint, NULL);
    uv_close((uv_handle_t *)&session->sigterm, NULL);
    uv_close((uv_handle_t *)&session->timer, NULL);
    uv_close((uv_handle_t *)&session->before_wait, NULL);
    (void)uv_run(&session->loop, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&session->loop) == 0);
    session->loop_open = false;
}
