#include "watch.h"

#include <string.h>
#include <unistd.h>

#include "api.h"
#include "base/check.h"
#include "job.h"
#include "sys/clock.h"
#include "wire/subject.h"

enum {
    WATCH_REOPEN_MS = 60000, /* for how long a lost bus is looked for */
    WATCH_DRAIN_MS = 30000,  /* for the output that is stored already */
};

static void watch_state(void *ctx, enum kv_change change, const char *key, struct bytes value,
                        uint64_t revision)
{
    struct watch *watch = ctx;
    (void)key;
    (void)revision;
    if (change != KV_PUT)
        return;
    json_auto_t *job = json_loadb((const char *)value.data, value.len, 0, NULL);
    const char *state = out_text(job, "state", NULL);
    if (state == NULL)
        return;
    (void)snprintf(watch->state, sizeof watch->state, "%s", state);
    watch->partial = json_is_true(json_object_get(job, "partial"));
    watch->ended = job_ended(watch->state);
}

static void watch_output(void *ctx, const struct bus_message *message)
{
    struct watch *watch = ctx;
    if (message->stream_seq <= watch->output_seq)
        return;
    watch->output_seq = message->stream_seq;
    progress_clear(&watch->progress);
    (void)lines_take(&watch->lines, message->body);
    progress_draw(&watch->progress);
}

static void watch_event(void *ctx, const struct bus_message *message)
{
    struct watch *watch = ctx;
    json_auto_t *event = json_loadb((const char *)message->body.data, message->body.len, 0, NULL);
    progress_event(&watch->progress, event);
}

static void watch_caught_up(void *ctx)
{
    struct watch *watch = ctx;
    watch->caught_up = true;
}

static void watch_follow_output(struct watch *watch)
{
    const char *cell = watch->session->cli->cell;
    const char *node = watch->options.node == NULL ? "*" : watch->options.node;
    struct subject stream = subject_stream(cell, CELL_OUTPUT);
    struct subject subject = subject_output(cell, watch->id.text, node);
    const struct bus_follow_options options = {
        .stream = stream.text, .subject = subject.text, .from_seq = watch->output_seq + 1};
    bus_follow_stop(watch->output_follow);
    watch->caught_up = false;
    watch->output_follow =
        bus_follow(watch->session->bus, &options, watch_output, watch_caught_up, watch);
}

static void watch_listen(struct watch *watch)
{
    struct session *session = watch->session;
    struct subject events = subject_event(session->cli->cell, watch->id.text, "*");
    struct subject bucket = subject_bucket(session->cli->cell, CELL_JOBS);
    if (watch->options.progress)
        watch->events = bus_subscribe(session->bus, events.text, NULL, watch_event, watch);
    if (watch->options.output)
        watch_follow_output(watch);
    watch->state_watch =
        bus_kv_watch(session->bus, bucket.text, watch->id.text, watch_state, NULL, watch);
}

static void watch_stop(struct watch *watch)
{
    bus_unsubscribe(watch->events);
    bus_follow_stop(watch->output_follow);
    bus_kv_watch_stop(watch->state_watch);
    watch->events = NULL;
    watch->output_follow = NULL;
    watch->state_watch = NULL;
}

static void watch_init(struct watch *watch, struct session *session, const char *id,
                       const struct watch_options *options)
{
    const struct cli *cli = session->cli;
    FILE *file = options->lines == NULL ? cli->out : options->lines;
    *watch = (struct watch){.session = session, .options = *options, .started = true};
    CHECK(name_set(&watch->id, bytes_of_text(id)));
    watch->lines = (struct lines){
        .file = file,
        .raw = options->raw,
        .colour = cli_colour(cli, file),
        .steps = options->steps,
        .step_count = options->step_count,
    };
    progress_init(&watch->progress, cli->err, isatty(fileno(cli->err)) == 1,
                  cli_colour(cli, cli->err));
    watch->deadline =
        options->timeout.ns == 0 ? INSTANT_NEVER : instant_add(clock_now(), options->timeout);
}

void watch_start(struct watch *watch, struct session *session, const char *id,
                 const struct watch_options *options)
{
    watch_init(watch, session, id, options);
    watch_listen(watch);
}

void watch_done(struct watch *watch)
{
    if (!watch->started)
        return;
    watch_stop(watch);
    progress_clear(&watch->progress);
    lines_done(&watch->lines);
    progress_done(&watch->progress);
    watch->started = false;
}

/* The shape of the job, and what its volatile events did not tell. */
static void watch_load(struct watch *watch)
{
    json_t *job = NULL;
    if (!watch->options.progress)
        return;
    if (api_try(watch->session, "job.get", json_pack("{s:s,s:i}", "id", watch->id.text, "page", 0),
                &job))
        progress_load(&watch->progress, job);
    json_decref(job);
}

/* Everything stored: all chunks of an attempt are, before its end is. */
static enum pump watch_drain(struct watch *watch)
{
    watch_follow_output(watch);
    return session_pump(watch->session, &watch->caught_up,
                        instant_add(clock_now(), DURATION_MS(WATCH_DRAIN_MS)));
}

static int watch_left(const struct watch *watch, enum pump pump)
{
    const struct cli *cli = watch->session->cli;
    const char *then = watch->options.mortal ? "ends with the cell" : "goes on";
    switch (pump) {
    case PUMP_INTERRUPTED:
        return cli_fail(cli, EXIT_INTERRUPTED, "interrupted; job %s %s", watch->id.text, then);
    case PUMP_LATE:
        return cli_fail(cli, EXIT_TIMEOUT, "--timeout passed; job %s %s", watch->id.text, then);
    case PUMP_LOST:
        return cli_fail(cli, EXIT_UNAVAILABLE, "the bus is gone: %s; job %s %s",
                        watch->session->why, watch->id.text, then);
    case PUMP_DONE:
        break;
    }
    UNREACHABLE();
}

/* @return CLI_GO to listen on, or the exit code. */
static int watch_reopen(struct watch *watch)
{
    struct instant until = instant_add(clock_now(), DURATION_MS(WATCH_REOPEN_MS));
    watch_stop(watch);
    progress_clear(&watch->progress);
    int code = session_reopen(watch->session, instant_min(until, watch->deadline));
    if (code == EXIT_UNAVAILABLE && instant_reached(clock_now(), watch->deadline))
        return watch_left(watch, PUMP_LATE);
    if (code == EXIT_INTERRUPTED)
        return watch_left(watch, PUMP_INTERRUPTED);
    if (code == CLI_GO)
        watch_listen(watch);
    return code;
}

int watch_run(struct watch *watch)
{
    enum pump pump = PUMP_DONE;
    watch_load(watch);
    while (!watch->ended || pump == PUMP_LOST) {
        pump = session_pump(watch->session, &watch->ended, watch->deadline);
        if (pump == PUMP_DONE && watch->options.output)
            pump = watch_drain(watch);
        if (pump == PUMP_LATE && watch->ended) {
            (void)cli_fail(watch->session->cli, EXIT_ERROR,
                           "the end of the output did not come in time; see baton job logs %s",
                           watch->id.text);
            break;
        }
        if (pump == PUMP_INTERRUPTED || pump == PUMP_LATE) {
            progress_clear(&watch->progress);
            return watch_left(watch, pump);
        }
        if (pump == PUMP_LOST) {
            int code = watch_reopen(watch);
            if (code != CLI_GO)
                return code;
        }
    }
    watch_load(watch);
    progress_finish(&watch->progress);
    return (int)job_exit_code(watch->state, watch->partial);
}

int watch_stored(struct watch *watch)
{
    CHECK(watch->options.output);
    enum pump pump = session_pump(watch->session, &watch->caught_up,
                                  instant_add(clock_now(), DURATION_MS(WATCH_DRAIN_MS)));
    if (pump == PUMP_LATE)
        return cli_fail(watch->session->cli, EXIT_UNAVAILABLE, "the output did not come in time");
    return pump == PUMP_DONE ? (int)EXIT_DONE : watch_left(watch, pump);
}
