/* fuzz_record.c - any bytes as a job's log: records, each behind two bytes of length, are unpacked
 * and replayed; what can be true is then adopted and driven on by workers that always succeed. */
#include <stdint.h>

#include "base/check.h"
#include "core/engine.h"
#include "fuzz.h"
#include "wire/record_wire.h"

enum { ROWS_DRIVEN_MAX = 2000, TURNS_MAX = 5000 };

struct drive {
    struct engine *engine;
    struct effects effects; /* to be answered */
    uint64_t now_ns;
    uint64_t log_seq;
    uint64_t result_seq;
};

static enum status fuzz_step(struct drive *drive, struct event event, struct effects *out)
{
    struct error err = {0};
    event.now.ns = drive->now_ns;
    event.wall_ms = (int64_t)(drive->now_ns / 1000000);
    enum status status = engine_step(drive->engine, &event, out, &err);
    CHECK((status == STATUS_OK) == (err.text[0] == '\0'));
    if (status == STATUS_OK)
        engine_check(drive->engine);
    return status;
}

static enum status fuzz_replay(struct drive *drive, struct bytes bytes)
{
    AUTO_PTR(record_read_free) struct record_read *read = NULL;
    struct error err = {0};
    if (record_wire_unpack(bytes, &read, &err) != STATUS_OK) {
        CHECK(err.text[0] != '\0');
        return STATUS_MALFORMED;
    }
    struct event event = {.kind = EVENT_REPLAY};
    event.replay.record = &read->record;
    event.replay.take_plan = STEAL(read->plan);
    /* Most inputs would end at a wrong sequence and nothing behind it would be tried. */
    drive->log_seq = engine_job(drive->engine) == NULL ? 0 : engine_job(drive->engine)->last_seq;
    read->record.prev_seq = drive->log_seq;
    event.replay.seq = ++drive->log_seq;
    return fuzz_step(drive, event, &drive->effects);
}

static struct event fuzz_answer(struct drive *drive, const struct effect *effect)
{
    struct event event = {.kind = EVENT_TICK};
    if (effect->kind == EFFECT_APPEND) {
        event.kind = EVENT_APPENDED;
        event.appended.seq = ++drive->log_seq;
    } else if (effect->kind == EFFECT_DISPATCH || effect->kind == EFFECT_REVOKE ||
               effect->kind == EFFECT_CANCEL) {
        event.kind = EVENT_RESULT;
        event.result.kind = RESULT_END;
        event.result.node = engine_job(drive->engine)->nodes[effect->task.node].name;
        event.result.step = effect->task.step;
        event.result.attempt = effect->task.attempt;
        event.result.seq = ++drive->result_seq;
        event.result.outcome =
            (struct outcome){.state = ATTEMPT_SUCCEEDED, .code = "OK", .error = ""};
    }
    return event;
}

/* @return false when the job is done or nothing is left to happen. */
static bool fuzz_turn(struct drive *drive)
{
    AUTO(effects_done) struct effects next = {0};
    for (uint32_t i = 0; i < drive->effects.count; i++) {
        if (drive->effects.items[i].kind == EFFECT_DONE)
            return false;
        CHECK(fuzz_step(drive, fuzz_answer(drive, &drive->effects.items[i]), &next) == STATUS_OK);
    }
    uint64_t deadline = engine_deadline(drive->engine).ns;
    if (drive->effects.count == 0) {
        if (deadline == UINT64_MAX)
            return false;
        drive->now_ns = deadline > drive->now_ns ? deadline : drive->now_ns;
        CHECK(fuzz_step(drive, (struct event){.kind = EVENT_TICK}, &next) == STATUS_OK);
    }
    struct effects answered = drive->effects;
    drive->effects = next;
    next = answered;
    return true;
}

static void fuzz_drive(struct drive *drive)
{
    const struct job *job = engine_job(drive->engine);
    size_t rows = job->plan == NULL ? 0 : (size_t)job->plan->step_count * job->node_count;
    for (uint32_t node = 0; node < job->node_count; node++) {
        if (drive->result_seq < job->nodes[node].result_seq)
            drive->result_seq = job->nodes[node].result_seq;
    }
    if (rows > ROWS_DRIVEN_MAX || drive->result_seq > UINT64_MAX / 2)
        return;
    struct event event = {.kind = EVENT_ADOPT};
    event.adopt.owner = "ctl-9";
    event.adopt.epoch = 9;
    CHECK(fuzz_step(drive, event, &drive->effects) == STATUS_OK);
    uint32_t turns = 0;
    while (fuzz_turn(drive))
        CHECK(++turns < TURNS_MAX);
    CHECK(job_ended(job));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct drive drive = {.engine = engine_new()};
    CHECK(drive.engine != NULL);
    enum status status = STATUS_OK;
    for (size_t at = 0; at + 2 <= size && status == STATUS_OK;) {
        size_t len = (size_t)data[at] << 8 | data[at + 1];
        at += 2;
        if (len > size - at)
            len = size - at;
        status = fuzz_replay(&drive, bytes_of(data + at, len));
        at += len;
    }
    CHECK(drive.effects.count == 0);
    if (status == STATUS_OK && engine_job(drive.engine) != NULL)
        fuzz_drive(&drive);
    effects_done(&drive.effects);
    engine_free(drive.engine);
    return 0;
}
