#include "shell/cell.h"

#include <stdlib.h>

#include "base/check.h"
#include "wire/subject.h"

/* Byte limits keep a full stream from becoming a full disk, which some servers don't survive. */
#define MIB (UINT64_C(1024) * 1024)
enum {
    CELL_ASKS = (int)CELL_STREAM_COUNT + (int)CELL_BUCKET_COUNT,
    CELL_TRIES_MAX = 40, /* of one of them */
    CELL_TRY_AGAIN_MS = 250,
};

struct cell_ensuring {
    struct cell cell;
    cell_ready_fn done;
    void *ctx;
    int next;  /* streams first, then buckets: one after the other, so that trouble has one name */
    int tries; /* of that one */
    struct subject asked;
    uv_timer_t *again;
};

struct cell_stream_wish {
    enum bus_retention retention;
    uint64_t bytes_max;
    bool discard_new; /* refuse when full rather than forget what was acknowledged */
};

static const struct cell_stream_wish wishes[CELL_STREAM_COUNT] = {
    [CELL_SUBMIT] = {BUS_WORK_QUEUE, 256 * MIB, true},
    [CELL_LOG] = {BUS_LIMITS, 1024 * MIB, true},
    [CELL_TASKS] = {BUS_WORK_QUEUE, 512 * MIB, true},
    [CELL_RESULTS] = {BUS_LIMITS, 1024 * MIB, true},
    [CELL_OUTPUT] = {BUS_LIMITS, 1024 * MIB, false},
};
enum { CELL_BUCKET_MIB = 256 };

static void cell_ask(struct cell_ensuring *ensuring);

static void cell_ask_again(uv_timer_t *timer)
{
    cell_ask(timer->data);
}

static void cell_answered(void *ctx, const struct bus_answer *answer)
{
    struct cell_ensuring *ensuring = ctx;
    struct error err;
    if (answer->outcome == BUS_LOST)
        return; /* the owner of the session is told, too, and begins again */
    if (answer->outcome == BUS_OK) {
        ensuring->next++;
        ensuring->tries = 0;
        cell_ask(ensuring);
        return;
    }
    (void)ERROR(&err, STATUS_UNAVAILABLE, "%s: %s: %s", ensuring->asked.text,
                bus_outcome_text(answer->outcome), answer->text);
    if (answer->outcome == BUS_MISMATCH || ++ensuring->tries == CELL_TRIES_MAX) {
        ensuring->done(ensuring->ctx, &err);
        return;
    }
    log_event(ensuring->cell.log, LOG_WARN, "cell.not_ready", LOG_ERR(&err));
    uv_timer_start(ensuring->again, cell_ask_again, CELL_TRY_AGAIN_MS, 0);
}

static void cell_ask_stream(struct cell_ensuring *ensuring, enum cell_stream stream)
{
    const char *cell = ensuring->cell.name;
    struct subject first;
    struct subject second;
    const char *subjects[3] = {first.text, NULL, NULL};
    switch (stream) {
    case CELL_SUBMIT:
        first = subject_submit(cell);
        break;
    case CELL_LOG:
        first = subject_log(cell, "*");
        break;
    case CELL_TASKS:
        first = subject_task(cell, "*");
        break;
    case CELL_RESULTS:
        first = subject_result(cell, "*", "*");
        second = subject_signal(cell, "*");
        subjects[1] = second.text;
        break;
    case CELL_OUTPUT:
        first = subject_output(cell, "*", "*");
        break;
    case CELL_STREAM_COUNT:
        UNREACHABLE();
    }
    ensuring->asked = subject_stream(cell, stream);
    struct bus_stream wanted = {
        .name = ensuring->asked.text,
        .subjects = subjects,
        .retention = wishes[stream].retention,
        .bytes_max = wishes[stream].bytes_max,
        .discard_new = wishes[stream].discard_new,
        .replicas = ensuring->cell.replicas,
    };
    bus_stream_ensure(ensuring->cell.bus, &wanted, cell_answered, ensuring);
}

static void cell_ask(struct cell_ensuring *ensuring)
{
    if (ensuring->next == CELL_ASKS) {
        ensuring->done(ensuring->ctx, NULL);
        return;
    }
    if (ensuring->next < (int)CELL_STREAM_COUNT) {
        cell_ask_stream(ensuring, (enum cell_stream)ensuring->next);
        return;
    }
    ensuring->asked = subject_bucket(ensuring->cell.name,
                                     (enum cell_bucket)(ensuring->next - (int)CELL_STREAM_COUNT));
    bus_kv_ensure(ensuring->cell.bus, ensuring->asked.text, ensuring->cell.replicas,
                  CELL_BUCKET_MIB * MIB, cell_answered, ensuring);
}

struct cell_ensuring *cell_ensure(const struct cell *cell, cell_ready_fn done, void *ctx)
{
    struct cell_ensuring *ensuring = calloc(1, sizeof *ensuring);
    uv_timer_t *again = calloc(1, sizeof *again);
    CHECK(ensuring != NULL);
    CHECK(again != NULL);
    *ensuring = (struct cell_ensuring){.cell = *cell, .done = done, .ctx = ctx, .again = again};
    uv_timer_init(cell->loop, again);
    again->data = ensuring;
    cell_ask(ensuring);
    return ensuring;
}

void cell_ensuring_free(struct cell_ensuring *ensuring)
{
    if (ensuring == NULL)
        return;
    uv_close((uv_handle_t *)ensuring->again, (uv_close_cb)free);
    free(ensuring);
}
