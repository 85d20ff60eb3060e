#include "shell/reader.h"

#include <stdlib.h>

#include "base/check.h"
#include "shell/facts.h"
#include "sys/clock.h"
#include "wire/record_wire.h"
#include "wire/subject.h"

enum { READER_FETCHES_MAX = 64 }; /* open attempts asked for at once */

struct reader {
    struct cell cell;
    struct name job;
    struct engine *engine;
    struct effects effects; /* nothing is performed before somebody owns the job */
    struct bus_follow *follow;
    int64_t created_at_ms;
    uint32_t next_node;
    uint32_t fetching;
    bool cancelled;
    bool fetched; /* all open attempts: the signal is next, and last */
    reader_fn done;
    void *ctx;
};

static void reader_release(struct reader *reader)
{
    bus_follow_stop(reader->follow);
    engine_free(reader->engine);
    effects_done(&reader->effects);
    free(reader);
}

void reader_free(struct reader *reader)
{
    if (reader == NULL)
        return;
    bus_follow_stop(reader->follow);
    reader->follow = NULL;
    reader->cancelled = true;
    if (reader->fetching == 0)
        reader_release(reader);
}

static void reader_fail(struct reader *reader, const struct error *err)
{
    reader->done(reader->ctx, &(struct reader_job){.err = err});
    reader_free(reader);
}

static enum status reader_step(struct reader *reader, struct event *event, struct error *err)
{
    event->now = clock_now();
    event->wall_ms = clock_unix_ms();
    effects_clear(&reader->effects);
    return engine_step(reader->engine, event, &reader->effects, err);
}

/* --- open attempts ---------------------------------------------------------------------------- */

/* A cancel that came while nobody drove the job waits on its signal subject. */
static void reader_signal_fetched(void *ctx, const struct bus_answer *answer)
{
    struct reader *reader = ctx;
    reader->fetching--;
    if (reader->cancelled) {
        reader_release(reader);
        return;
    }
    struct error err;
    struct fact signal;
    if (answer->outcome != BUS_OK && answer->outcome != BUS_NOT_FOUND) {
        /* Without it a cancel that was accepted would be forgotten. */
        (void)ERROR(&err, STATUS_UNAVAILABLE, "the signals of job %s: %s", reader->job.text,
                    bus_outcome_text(answer->outcome));
        reader_fail(reader, &err);
        return;
    }
    bool found = answer->outcome == BUS_OK &&
                 fact_read(reader->cell.name, answer->message, &signal, &err) == STATUS_OK;
    const struct reader_job read = {
        .take_engine = STEAL(reader->engine),
        .created_at_ms = reader->created_at_ms,
        .signal = found ? &signal : NULL,
    };
    reader->done(reader->ctx, &read);
    if (found)
        fact_done(&signal);
    reader_release(reader);
}

static void reader_fetch_more(struct reader *reader);

static void reader_fetched(void *ctx, const struct bus_answer *answer)
{
    struct reader *reader = ctx;
    reader->fetching--;
    if (reader->cancelled) {
        if (reader->fetching == 0)
            reader_release(reader);
        return;
    }
    struct error err;
    struct fact fact;
    if (answer->outcome == BUS_OK) {
        if (fact_read(reader->cell.name, answer->message, &fact, &err) == STATUS_OK) {
            enum status status = reader_step(reader, &fact.event, &err);
            fact_done(&fact);
            if (status != STATUS_OK) {
                reader_fail(reader, &err);
                return;
            }
        }
    } else if (answer->outcome != BUS_NOT_FOUND) {
        (void)ERROR(&err, STATUS_UNAVAILABLE, "results of job %s: %s", reader->job.text,
                    bus_outcome_text(answer->outcome));
        reader_fail(reader, &err);
        return;
    }
    reader_fetch_more(reader);
}

static void reader_fetch_more(struct reader *reader)
{
    const struct job *job = engine_job(reader->engine);
    struct subject stream = subject_stream(reader->cell.name, CELL_RESULTS);
    while (reader->next_node < job->node_count && reader->fetching < READER_FETCHES_MAX) {
        const struct job_node *node = &job->nodes[reader->next_node++];
        if (node->open_step == PLAN_NONE)
            continue;
        struct subject subject = subject_result(reader->cell.name, job->id, node->name);
        reader->fetching++;
        bus_fetch(reader->cell.bus, stream.text, 0, subject.text, reader_fetched, reader);
    }
    if (reader->fetching > 0 || reader->fetched)
        return;
    reader->fetched = true;
    reader->fetching++;
    struct subject subject = subject_signal(reader->cell.name, job->id);
    bus_fetch(reader->cell.bus, stream.text, 0, subject.text, reader_signal_fetched, reader);
}

/* --- the log ---------------------------------------------------------------------------------- */

static void reader_each(void *ctx, const struct bus_message *message)
{
    struct reader *reader = ctx;
    struct error err;
    struct record_read *read = NULL;
    enum status status = record_wire_unpack(message->body, &read, &err);
    if (status == STATUS_OK) {
        if (reader->created_at_ms == 0)
            reader->created_at_ms = message->stored_at_ms;
        struct event event = {.kind = EVENT_REPLAY};
        event.replay.record = &read->record;
        event.replay.take_plan = STEAL(read->plan);
        event.replay.seq = message->stream_seq;
        status = reader_step(reader, &event, &err);
        record_read_free(read);
    }
    if (status != STATUS_OK)
        reader_fail(reader, &err);
}

static void reader_caught_up(void *ctx)
{
    struct reader *reader = ctx;
    bus_follow_stop(reader->follow);
    reader->follow = NULL;
    if (engine_job(reader->engine) == NULL) {
        struct error err;
        (void)ERROR(&err, STATUS_NOT_FOUND, "job %s has no log", reader->job.text);
        reader_fail(reader, &err);
        return;
    }
    reader_fetch_more(reader);
}

struct reader *reader_new(const struct cell *cell, const char *job, reader_fn done, void *ctx)
{
    struct reader *reader = calloc(1, sizeof *reader);
    CHECK(reader != NULL);
    *reader = (struct reader){.cell = *cell, .done = done, .ctx = ctx};
    reader->engine = engine_new();
    CHECK(reader->engine != NULL);
    CHECK(name_set(&reader->job, bytes_of_text(job)));
    struct subject stream = subject_stream(cell->name, CELL_LOG);
    struct subject subject = subject_log(cell->name, job);
    const struct bus_follow_options options = {
        .stream = stream.text, .subject = subject.text, .from_seq = 1};
    reader->follow = bus_follow(cell->bus, &options, reader_each, reader_caught_up, reader);
    return reader;
}
