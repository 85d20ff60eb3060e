/* spec.c - see spec.h: the way from text to message and plan. */
#include "spec/spec.h"

#include <stdlib.h>

#include "base/check.h"
#include "spec/backends.h"
#include "spec/mapper.h"
#include "spec/spec_check.h"

/* --- presets: what a key means when it is absent is decided here, once --- */

static bool spec_preset_duration(struct arena *arena, Baton__V1__Duration **slot, uint64_t ms)
{
    if (*slot == NULL) {
        *slot = arena_take(arena, sizeof **slot);
        if (*slot == NULL) {
            return false;
        }
        baton__v1__duration__init(*slot);
        (*slot)->ms = ms;
    }
    return true;
}

static bool spec_preset_retry(struct arena *arena, Baton__V1__Task *task)
{
    if (task->max_retries > 0) {
        task->retry = arena_take(arena, sizeof *task->retry);
        if (task->retry == NULL) {
            return false;
        }
        baton__v1__retry__init(task->retry);
        task->retry->max = task->max_retries;
        task->max_retries = 0;
    }
    if (task->retry == NULL) {
        return true;
    }
    if (!(task->retry->factor > 0)) {
        task->retry->factor = PLAN_RETRY_FACTOR;
    }
    return spec_preset_duration(arena, &task->retry->initial, PLAN_RETRY_INITIAL_MS) &&
           spec_preset_duration(arena, &task->retry->cap, PLAN_RETRY_CAP_MS);
}

static bool spec_preset_task(struct arena *arena, Baton__V1__Task *task, Baton__V1__Sync sync)
{
    if (task->sync == BATON__V1__SYNC__SYNC_UNSET) {
        task->sync = sync;
    }
    if (task->n_tasks > 0) {
        for (size_t i = 0; i < task->n_tasks; i++) {
            if (!spec_preset_task(arena, task->tasks[i], BATON__V1__SYNC__SYNC_NONE)) {
                return false;
            }
        }
        return true;
    }
    const struct backend_action *action = backends_find(task->backend, task->action);
    if (task->idempotent_choice_case == BATON__V1__TASK__IDEMPOTENT_CHOICE__NOT_SET &&
        action != NULL) {
        task->idempotent_choice_case = BATON__V1__TASK__IDEMPOTENT_CHOICE_IDEMPOTENT;
        task->idempotent = action->idempotent;
    }
    return spec_preset_duration(arena, &task->timeout, PLAN_TIMEOUT_MS) &&
           spec_preset_retry(arena, task);
}

static bool spec_preset(struct spec *spec)
{
    if (spec->message->strategy == BATON__V1__STRATEGY__STRATEGY_UNSET) {
        spec->message->strategy = BATON__V1__STRATEGY__STRATEGY_FAIL_FAST;
    }
    for (size_t i = 0; i < spec->message->n_tasks; i++) {
        if (!spec_preset_task(&spec->arena, spec->message->tasks[i], BATON__V1__SYNC__SYNC_ALL)) {
            return false;
        }
    }
    return true;
}

/* --- places: items of the plan stand in the order of the document --- */

static void spec_place_tasks(struct plan *plan, const struct doc_node *mapping, uint32_t *next)
{
    const struct doc_node *list = doc_get(mapping, "tasks");
    for (const struct doc_node *item = list == NULL ? NULL : list->first; item != NULL;
         item = item->next) {
        CHECK(*next < plan->item_count);
        struct plan_item *placed = &plan->items[(*next)++];
        const struct doc_node *backend = doc_get(item, "backend");
        struct doc_mark mark = backend != NULL ? backend->mark : item->mark;
        placed->line = mark.line;
        placed->column = mark.column;
        spec_place_tasks(plan, item, next);
    }
}

static enum status spec_read(struct bytes text, struct spec *spec, struct arena *doc_arena,
                             struct problems *problems)
{
    const struct doc_node *root = NULL;
    enum status status = doc_parse(text, doc_arena, &root, problems);
    if (status != STATUS_OK) {
        return status;
    }
    ProtobufCMessage *message = NULL;
    status = mapper_read(root, &baton__v1__spec__descriptor, &spec->arena, &message, problems);
    if (status != STATUS_OK) {
        return status;
    }
    spec->message = (Baton__V1__Spec *)message;
    spec_check(root, spec->message, problems);
    if (problems->count > 0) {
        return STATUS_MALFORMED;
    }
    if (!spec_preset(spec)) {
        return STATUS_NOMEM;
    }
    size_t stored = baton__v1__spec__get_packed_size(spec->message);
    if (stored > PLAN_STORED_BYTES_MAX) {
        problems_add(problems, root->mark, "",
                     "the job takes %zu bytes to store; at most %d (896 KiB) fit", stored,
                     PLAN_STORED_BYTES_MAX);
        return STATUS_LIMIT;
    }
    struct error err = {0};
    status = plan_from_spec(spec->message, &spec->plan, &err);
    if (status == STATUS_NOMEM) {
        return status;
    }
    /* Whatever the checks let through has a plan. */
    CHECK(status == STATUS_OK);
    uint32_t next = 0;
    spec_place_tasks(spec->plan, root, &next);
    return STATUS_OK;
}

enum status spec_parse(struct bytes text, struct spec **ret_spec, struct problems *problems)
{
    AUTO_PTR(spec_free) struct spec *spec = calloc(1, sizeof *spec);
    if (spec == NULL) {
        return STATUS_NOMEM;
    }
    AUTO(arena_done) struct arena doc_arena = {0};
    enum status status = spec_read(text, spec, &doc_arena, problems);
    problems_sort(problems);
    if (status == STATUS_OK) {
        *ret_spec = STEAL(spec);
    }
    return status;
}

void spec_free(struct spec *spec)
{
    if (spec != NULL) {
        plan_free(spec->plan);
        arena_done(&spec->arena);
        free(spec);
    }
}
