#include "play.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/check.h"
#include "spec/spec.h"

static void play_nodes(struct play *play, uint32_t count)
{
    CHECK(count <= PLAY_NODES_MAX);
    play->node_count = count;
    play->nodes = calloc(count + 1u, sizeof *play->nodes);
    play->names = calloc(count + 1u, sizeof *play->names);
    CHECK(play->nodes != NULL && play->names != NULL);
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(play->names[i], sizeof play->names[i], "n%u", i % 1000000u);
        play->nodes[i].name = play->names[i];
    }
}

static struct spec *play_spec(const char *yaml)
{
    struct problems *problems = calloc(1, sizeof *problems);
    struct spec *spec = NULL;
    CHECK(problems != NULL);
    AUTO(buffer_done) struct buffer text = {0};
    /* With braces in front it would be taken for JSON. */
    CHECK(buffer_print(&text, "--- %s\n", yaml) == STATUS_OK);
    if (spec_parse(buffer_bytes(&text), &spec, problems) != STATUS_OK)
        fprintf(stderr, "%s\n%s\n", yaml, problems->items[0].text);
    CHECK(spec != NULL);
    free(problems);
    return spec;
}

struct plan *play_plan(const char *yaml)
{
    AUTO_PTR(spec_free) struct spec *spec = play_spec(yaml);
    return STEAL(spec->plan);
}

struct entry play_created(struct play *play, const char *yaml, uint32_t node_count,
                          struct plan **ret_plan)
{
    AUTO_PTR(spec_free) struct spec *spec = play_spec(yaml);
    if (play->nodes == NULL)
        play_nodes(play, node_count);
    buffer_clear(&play->packed);
    CHECK(buffer_reserve(&play->packed, baton__v1__spec__get_packed_size(spec->message)) ==
          STATUS_OK);
    play->packed.len = baton__v1__spec__pack(spec->message, (uint8_t *)play->packed.data);
    *ret_plan = STEAL(spec->plan);
    struct entry entry = {.kind = ENTRY_CREATED};
    entry.created.id = "01job";
    entry.created.plan = *ret_plan;
    entry.created.spec = buffer_bytes(&play->packed);
    entry.created.expected = play->nodes;
    entry.created.expected_count = play->node_count;
    entry.created.submitted_at_ms = 1000;
    entry.created.refusal = "";
    entry.created.spec_sha256 = "00";
    return entry;
}

struct job *play_job(struct play *play, const char *yaml, uint32_t node_count)
{
    struct plan *plan = NULL;
    struct job *job = NULL;
    struct entry created = play_created(play, yaml, node_count, &plan);
    CHECK(fold_created(&created, plan, &job, NULL) == STATUS_OK);
    job_check(job);
    return job;
}

void play_step(struct play *play, struct event event)
{
    event.now = instant_add((struct instant){0}, duration_ms(play->now_ms));
    event.wall_ms = 1000 + (int64_t)play->now_ms;
    effects_clear(&play->effects);
    play->status = engine_step(play->engine, &event, &play->effects, &play->err);
    if (play->status == STATUS_OK)
        engine_check(play->engine);
}

void play_begin(struct play *play, const char *yaml, uint32_t node_count)
{
    struct event event = {.kind = EVENT_CREATE};
    struct entry created = play_created(play, yaml, node_count, &event.create.take_plan);
    event.create.created = &created;
    event.create.owner = "ctl-1";
    play->engine = engine_new();
    CHECK(play->engine != NULL);
    play_step(play, event);
}

void play_done(struct play *play)
{
    engine_free(play->engine);
    effects_done(&play->effects);
    buffer_done(&play->packed);
    free(play->nodes);
    free(play->names);
    *play = (struct play){0};
}

void play_accept(struct play *play)
{
    struct effects kept = {0};
    while (play->status == STATUS_OK && play_find(play, EFFECT_APPEND) != NULL) {
        for (uint32_t i = 0; i < play->effects.count; i++) {
            if (play->effects.items[i].kind != EFFECT_APPEND)
                effects_push(&kept, &play->effects.items[i]);
        }
        struct event event = {.kind = EVENT_APPENDED};
        event.appended.seq = ++play->log_seq;
        play_step(play, event);
    }
    for (uint32_t i = 0; i < play->effects.count; i++)
        effects_push(&kept, &play->effects.items[i]);
    effects_done(&play->effects);
    play->effects = kept;
}

static struct event play_result(struct play *play, enum result_kind kind, uint32_t step,
                                uint32_t node)
{
    struct event event = {.kind = EVENT_RESULT};
    event.result.kind = kind;
    event.result.node = play->names[node];
    event.result.step = step;
    event.result.attempt = job_row(engine_job(play->engine), step, node)->attempts;
    event.result.seq = ++play->seq;
    event.result.outcome = (struct outcome){.code = "", .error = ""};
    return event;
}

void play_started(struct play *play, uint32_t step, uint32_t node)
{
    play_step(play, play_result(play, RESULT_START, step, node));
}

void play_ended(struct play *play, uint32_t step, uint32_t node, enum attempt_state state)
{
    struct event event = play_result(play, RESULT_END, step, node);
    event.result.outcome.state = state;
    event.result.outcome.code = state == ATTEMPT_SUCCEEDED ? "OK" : "EXIT";
    play_step(play, event);
}

void play_tick(struct play *play)
{
    uint64_t ns = engine_deadline(play->engine).ns;
    CHECK(ns != UINT64_MAX);
    uint64_t due_ms = (ns + 999999u) / 1000000u;
    if (due_ms > play->now_ms)
        play->now_ms = due_ms;
    play_step(play, (struct event){.kind = EVENT_TICK});
}

uint32_t play_count(const struct play *play, enum effect_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < play->effects.count; i++)
        count += play->effects.items[i].kind == kind;
    return count;
}

const struct effect *play_find(const struct play *play, enum effect_kind kind)
{
    for (uint32_t i = 0; i < play->effects.count; i++) {
        if (play->effects.items[i].kind == kind)
            return &play->effects.items[i];
    }
    return NULL;
}
