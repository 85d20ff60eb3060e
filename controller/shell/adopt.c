#include "shell/adopt.h"

#include <stdlib.h>

#include "base/check.h"
#include "shell/reader.h"
#include "wire/subject.h"

struct adopt {
    struct cell cell;
    struct name job;
    uint64_t epoch;
    uint64_t revision;
    int64_t claimed_at_ms; /* the server's clock */
    struct reader *reader;
    bool asking; /* an answer of the bus is awaited */
    bool cancelled;
    adopt_fn done;
    void *ctx;
};

void adopt_free(struct adopt *adopt)
{
    if (adopt == NULL)
        return;
    reader_free(adopt->reader);
    adopt->reader = NULL;
    adopt->cancelled = true;
    if (!adopt->asking)
        free(adopt);
}

static void adopt_end(struct adopt *adopt, struct adopted *adopted)
{
    adopted->epoch = adopt->epoch;
    adopted->revision = adopt->revision;
    struct name job = adopt->job;
    adopt_fn done = adopt->done;
    void *ctx = adopt->ctx;
    free(adopt);
    done(ctx, job.text, adopted);
}

static void adopt_read(void *ctx, const struct reader_job *read)
{
    struct adopt *adopt = ctx;
    adopt->reader = NULL;
    int64_t age_ms = adopt->claimed_at_ms - read->created_at_ms;
    struct adopted adopted = {
        .take_engine = read->take_engine, .signal = read->signal, .err = read->err};
    adopted.age = duration_ms(age_ms > 0 && read->created_at_ms != 0 ? (uint64_t)age_ms : 0);
    adopt_end(adopt, &adopted);
}

/* @return whether to go on; otherwise the adopt is gone. */
static bool adopt_answered(struct adopt *adopt, const struct bus_answer *answer)
{
    adopt->asking = false;
    if (adopt->cancelled) {
        free(adopt);
        return false;
    }
    if (answer->outcome == BUS_OK)
        return true;
    struct error err;
    (void)ERROR(&err, answer->outcome == BUS_CONFLICT ? STATUS_CONFLICT : STATUS_UNAVAILABLE,
                "claim of job %s: %s %s", adopt->job.text, bus_outcome_text(answer->outcome),
                answer->text);
    adopt_end(adopt, &(struct adopted){.err = &err});
    return false;
}

static void adopt_dated(void *ctx, const struct bus_answer *answer)
{
    struct adopt *adopt = ctx;
    if (!adopt_answered(adopt, answer))
        return;
    if (answer->seq != adopt->revision) {
        struct error err;
        (void)ERROR(&err, STATUS_CONFLICT, "job %s was claimed again at once", adopt->job.text);
        adopt_end(adopt, &(struct adopted){.err = &err});
        return;
    }
    adopt->claimed_at_ms = answer->message->stored_at_ms;
    adopt->reader = reader_new(&adopt->cell, adopt->job.text, adopt_read, adopt);
}

static void adopt_claimed(void *ctx, const struct bus_answer *answer)
{
    struct adopt *adopt = ctx;
    if (!adopt_answered(adopt, answer))
        return;
    adopt->revision = answer->seq;
    /* Read it back for the server's time of the claim: how old the job is must not be told from a
     * machine's own clock. */
    adopt->asking = true;
    struct subject bucket = subject_bucket(adopt->cell.name, CELL_JOBS);
    bus_kv_get(adopt->cell.bus, bucket.text, adopt->job.text, adopt_dated, adopt);
}

/* The record with a new owner; else as it was. A job without one gets the least that is true. */
static char *adopt_render(const struct adopt *adopt, const json_t *value)
{
    json_t *claimed = value != NULL
                          ? json_copy((json_t *)value)
                          : json_pack("{s:s, s:s, s:s, s:b, s:[], s:n, s:n, s:n}", "id",
                                      adopt->job.text, "name", "", "state", "pending", "partial", 0,
                                      "expected", "created_at", "started_at", "finished_at");
    json_object_set_new(claimed, "owner", json_string(adopt->cell.controller));
    json_object_set_new(claimed, "epoch", json_integer((json_int_t)adopt->epoch));
    char *text = json_dumps(claimed, JSON_COMPACT);
    json_decref(claimed);
    return text;
}

struct adopt *adopt_new(const struct cell *cell, const char *job, const json_t *value,
                        uint64_t revision, adopt_fn done, void *ctx)
{
    struct adopt *adopt = calloc(1, sizeof *adopt);
    CHECK(adopt != NULL);
    *adopt = (struct adopt){.cell = *cell, .asking = true, .done = done, .ctx = ctx};
    CHECK(name_set(&adopt->job, bytes_of_text(job)));
    /* A job without a record was created by its first owner, in epoch 1: this is another one. */
    json_int_t epoch = value == NULL ? 1 : json_integer_value(json_object_get(value, "epoch"));
    adopt->epoch = (uint64_t)epoch + 1;
    char *claimed = adopt_render(adopt, value);
    CHECK(claimed != NULL);
    struct subject bucket = subject_bucket(cell->name, CELL_JOBS);
    bus_kv_update(cell->bus, bucket.text, job, bytes_of_text(claimed), revision, adopt_claimed,
                  adopt);
    free(claimed);
    return adopt;
}
