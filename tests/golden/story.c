#include "story.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"

enum { LINE_MAX_BYTES = 1024 };

void story_done(struct story *story)
{
    buffer_done(&story->text);
    buffer_done(&story->tells);
}

#define PRINT(...) CHECK(buffer_print(__VA_ARGS__) == STATUS_OK)

static void story_begin(struct story *story)
{
    PRINT(&story->text, "[%4llu.%03u] ", (unsigned long long)(story->now_ms / 1000),
          (unsigned)(story->now_ms % 1000));
}

void story_say(struct story *story, const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    CHECK(len > 0 && len < LINE_MAX_BYTES);
    story_begin(story);
    PRINT(&story->text, "%s\n", line);
}

const char *story_path(const struct story *story, uint32_t step)
{
    CHECK(step < story->plan->step_count);
    return story->plan->items[story->plan->step_items[step]].path;
}

static const char *story_node(const struct story *story, uint32_t node)
{
    return story->nodes[node].name;
}

static void story_nodes(struct story *story, const struct entry *entry)
{
    for (uint32_t i = 0; i < entry->wave.node_count; i++)
        PRINT(&story->text, " %s", story_node(story, entry->wave.nodes[i]));
}

static const char *story_skip_reason(enum skip_reason reason)
{
    static const char *const texts[] = {
        [SKIP_NONE] = "?",
        [SKIP_CONDITION] = "condition",
        [SKIP_STOPPED] = "stopped",
        [SKIP_EXCLUDED] = "excluded",
        [SKIP_RUN_ONCE] = "run_once",
    };
    return texts[reason];
}

static const char *story_stop_reason(enum stop_reason reason)
{
    static const char *const texts[] = {
        [STOP_NONE] = "?",
        [STOP_FAILURE] = "failure",
        [STOP_TIMEOUT] = "timeout",
        [STOP_CANCEL] = "cancel",
    };
    return texts[reason];
}

static void story_ended(struct story *story, const struct entry *entry)
{
    struct buffer *out = &story->text;
    const struct outcome *outcome = &entry->ended.outcome;
    PRINT(out, "ended %s #%u on %s: %s %s", story_path(story, entry->ended.step),
          entry->ended.attempt, story_node(story, entry->ended.node),
          attempt_state_text(outcome->state), outcome->code);
    if (outcome->has_exit_code)
        PRINT(out, " %d", outcome->exit_code);
    if (entry->ended.retry) {
        uint64_t ms = duration_to_ms(entry->ended.retry_after);
        PRINT(out, ", again after %llu.%03us", (unsigned long long)(ms / 1000),
              (unsigned)(ms % 1000));
    }
}

static void story_entry(struct story *story, const struct entry *entry)
{
    struct buffer *out = &story->text;
    switch (entry->kind) {
    case ENTRY_CREATED:
        PRINT(out, "created for");
        for (uint32_t i = 0; i < entry->created.expected_count; i++)
            PRINT(out, " %s", entry->created.expected[i].name);
        if (entry->created.refusal[0] != '\0')
            PRINT(out, " (refused: %s)", entry->created.refusal);
        return;
    case ENTRY_CLAIMED:
        PRINT(out, "claimed from %s", entry->claimed.from_owner);
        return;
    case ENTRY_SCHEDULED:
        PRINT(out, "scheduled %s #%u on", story_path(story, entry->wave.step), entry->wave.attempt);
        story_nodes(story, entry);
        return;
    case ENTRY_ENDED:
        story_ended(story, entry);
        return;
    case ENTRY_SKIPPED:
        PRINT(out, "skipped %s (%s) on", story_path(story, entry->wave.step),
              story_skip_reason(entry->wave.reason));
        story_nodes(story, entry);
        return;
    case ENTRY_STOPPING:
        PRINT(out, "stopping (%s: %s)", story_stop_reason(entry->stopping.reason),
              entry->stopping.text);
        return;
    case ENTRY_FINISHED:
        PRINT(out, "finished %s%s", job_state_text(entry->finished.state),
              entry->finished.partial ? " partial" : "");
        return;
    case ENTRY_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

void story_append(struct story *story, const struct record *record)
{
    story_begin(story);
    PRINT(&story->text, "append #%llu: ", (unsigned long long)record->index);
    for (uint32_t i = 0; i < record->entry_count; i++) {
        if (i > 0)
            PRINT(&story->text, "; ");
        story_entry(story, &record->entries[i]);
    }
    PRINT(&story->text, "\n");
}

static void story_tell(struct story *story, const struct effect *effect)
{
    struct buffer *out = &story->tells;
    PRINT(out, "%s%s", out->len > 0 ? ", " : "", effect->tell.kind);
    if (effect->tell.step != PLAN_NONE)
        PRINT(out, " %s", story_path(story, effect->tell.step));
    if (effect->tell.attempt != 0)
        PRINT(out, " #%u", effect->tell.attempt);
    if (effect->tell.node != PLAN_NONE)
        PRINT(out, " %s", story_node(story, effect->tell.node));
    PRINT(out, " %s", effect->tell.state);
}

void story_effect(struct story *story, const struct effect *effect)
{
    const char *path = "";
    const char *node = "";
    if (effect->kind == EFFECT_DISPATCH || effect->kind == EFFECT_REVOKE ||
        effect->kind == EFFECT_CANCEL) {
        path = story_path(story, effect->task.step);
        node = story_node(story, effect->task.node);
    }
    switch (effect->kind) {
    case EFFECT_APPEND:
        story_append(story, effect->append);
        return;
    case EFFECT_DISPATCH:
        story_say(story, "dispatch %s #%u to %s (after %llu)", path, effect->task.attempt, node,
                  (unsigned long long)effect->task.expected_seq);
        return;
    case EFFECT_REVOKE:
        story_say(story, "revoke %s #%u on %s as %s %s (after %llu): %s", path,
                  effect->task.attempt, node, attempt_state_text(effect->task.state),
                  effect->task.code, (unsigned long long)effect->task.expected_seq,
                  effect->task.text);
        return;
    case EFFECT_CANCEL:
        story_say(story, "cancel %s #%u on %s: %s", path, effect->task.attempt, node,
                  effect->task.text);
        return;
    case EFFECT_SAVE:
        story_say(story, "save %s%s%s%s", job_state_text(effect->save.state),
                  effect->save.partial ? " partial" : "", effect->save.error == NULL ? "" : ": ",
                  effect->save.error == NULL ? "" : effect->save.error);
        return;
    case EFFECT_TELL:
        story_tell(story, effect);
        return;
    case EFFECT_DONE:
        story_say(story, "done");
        return;
    case EFFECT_DEPOSED:
        story_say(story, "deposed");
        return;
    case EFFECT_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

void story_flush_tells(struct story *story)
{
    if (story->tells.len == 0)
        return;
    story_begin(story);
    PRINT(&story->text, "tell %s\n", buffer_text(&story->tells));
    buffer_clear(&story->tells);
}

void story_rows(struct story *story, const struct job *job)
{
    struct buffer *out = &story->text;
    PRINT(out, "\n%s%s\n", job_state_text(job->state), job->partial ? " partial" : "");
    for (uint32_t step = 0; job->plan != NULL && step < job->plan->step_count; step++) {
        for (uint32_t node = 0; node < job->node_count; node++) {
            const struct row *row = job_row(job, step, node);
            PRINT(out, "%-8s %-8s %-10s %u", story_path(story, step), story_node(story, node),
                  attempt_state_text(row_state(row)), (unsigned)row->attempts);
            if (row->code != NULL)
                PRINT(out, " %s", row->code);
            if (row->has_exit_code)
                PRINT(out, " %d", row->exit_code);
            PRINT(out, "\n");
        }
    }
}
