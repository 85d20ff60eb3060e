/* plan.c - a stored spec message to a plan; trusts nothing, for bytes from a log are input too. */
#include "spec/plan.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/name.h"
#include "spec/retry_code.h"
#include "spec/share.h"
#include "spec/spec.h"

struct plan_build {
    struct plan *plan;
    uint32_t next_item;
    uint32_t next_step;
    struct error *err;
};

void plan_free(struct plan *plan)
{
    if (plan != NULL) {
        /* The arena stands in what it does not own: the plan itself. */
        arena_done(&plan->arena);
        free(plan);
    }
}

bool plan_is_last(const struct plan *plan, uint32_t item)
{
    uint32_t parent = plan->items[item].parent;
    return plan->items[item].end ==
           (parent == PLAN_NONE ? plan->item_count : plan->items[parent].end);
}

/* First walk: shape and size, so that the second can fill arrays of the right length. */
static enum status plan_count(size_t count, Baton__V1__Task *const *tasks, unsigned depth,
                              struct plan *plan, struct error *err)
{
    if (depth > PLAN_DEPTH_MAX) {
        return ERROR(err, STATUS_LIMIT, "more than %d levels of tasks", PLAN_DEPTH_MAX);
    }
    if (count == 0) {
        return ERROR(err, STATUS_MALFORMED, "an empty list of tasks");
    }
    for (size_t i = 0; i < count; i++) {
        const Baton__V1__Task *task = tasks[i];
        plan->item_count++;
        bool names = task->backend[0] != '\0' && task->action[0] != '\0';
        if (task->n_tasks == 0 && !names) {
            return ERROR(err, STATUS_MALFORMED, "a step without backend or action");
        }
        if (task->n_tasks > 0 && (task->backend[0] != '\0' || task->action[0] != '\0')) {
            return ERROR(err, STATUS_MALFORMED, "an item which is both step and pipeline");
        }
        if (task->n_tasks == 0 && ++plan->step_count > PLAN_ITEMS_MAX) {
            return ERROR(err, STATUS_LIMIT, "more than %d steps", PLAN_ITEMS_MAX);
        }
        if (task->n_tasks > 0) {
            enum status status = plan_count(task->n_tasks, task->tasks, depth + 1, plan, err);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return STATUS_OK;
}

static const char *plan_text(struct plan_build *build, const char *text)
{
    return text == NULL || text[0] == '\0' ? ""
                                           : arena_text(&build->plan->arena, bytes_of_text(text));
}

static const char *plan_path(struct plan_build *build, uint32_t parent, size_t index)
{
    char text[256];
    int len = parent == PLAN_NONE
                  ? snprintf(text, sizeof text, "%zu", index)
                  : snprintf(text, sizeof text, "%s.%zu", build->plan->items[parent].path, index);
    CHECK(len > 0 && (size_t)len < sizeof text);
    return arena_text(&build->plan->arena, bytes_of_text(text));
}

static enum status plan_condition(struct plan_build *build, const Baton__V1__Task *task,
                                  enum plan_condition *ret)
{
    static const enum plan_condition CONDITIONS[] = {
        [BATON__V1__CONDITION__CONDITION_UNSET] = PLAN_UNLESS_STOPPED,
        [BATON__V1__CONDITION__CONDITION_ALWAYS] = PLAN_ALWAYS,
        [BATON__V1__CONDITION__CONDITION_ON_SUCCESS] = PLAN_ON_SUCCESS,
        [BATON__V1__CONDITION__CONDITION_ON_FAILURE] = PLAN_ON_FAILURE,
    };
    int condition = (int)task->condition;
    if (condition < 0 || (size_t)condition >= sizeof CONDITIONS / sizeof CONDITIONS[0]) {
        return ERROR(build->err, STATUS_MALFORMED, "unknown condition %d", condition);
    }
    *ret = CONDITIONS[condition];
    return STATUS_OK;
}

/* A phase is a barrier unless it says otherwise; inside of a pipeline each node goes its own pace.
 */
static enum status plan_sync(struct plan_build *build, const Baton__V1__Task *task, uint32_t parent,
                             enum plan_sync *ret)
{
    switch ((int)task->sync) {
    case BATON__V1__SYNC__SYNC_UNSET:
        *ret = parent == PLAN_NONE ? PLAN_SYNC_ALL : PLAN_SYNC_NONE;
        return STATUS_OK;
    case BATON__V1__SYNC__SYNC_ALL:
        *ret = PLAN_SYNC_ALL;
        return STATUS_OK;
    case BATON__V1__SYNC__SYNC_GROUP:
        *ret = PLAN_SYNC_GROUP;
        return STATUS_OK;
    case BATON__V1__SYNC__SYNC_NONE:
        *ret = PLAN_SYNC_NONE;
        return STATUS_OK;
    default:
        return ERROR(build->err, STATUS_MALFORMED, "unknown sync %d", (int)task->sync);
    }
}

static enum status plan_retry(struct plan_build *build, const Baton__V1__Task *task,
                              struct plan_retry *ret)
{
    *ret = (struct plan_retry){.max = task->max_retries,
                               .initial = duration_ms(PLAN_RETRY_INITIAL_MS),
                               .factor = PLAN_RETRY_FACTOR,
                               .cap = duration_ms(PLAN_RETRY_CAP_MS)};
    const Baton__V1__Retry *retry = task->retry;
    if (retry == NULL) {
        return STATUS_OK;
    }
    ret->max = retry->max;
    ret->jitter = retry->jitter;
    ret->initial = retry->initial != NULL ? duration_ms(retry->initial->ms) : ret->initial;
    ret->cap = retry->cap != NULL ? duration_ms(retry->cap->ms) : ret->cap;
    ret->factor = retry->factor < 0 || retry->factor > 0 ? retry->factor : ret->factor;
    /* Written so that NaN fails as well. */
    if (!(ret->factor >= 1) || !(ret->jitter >= 0 && ret->jitter <= 1) || ret->cap.ns == 0) {
        return ERROR(build->err, STATUS_MALFORMED, "retry out of range");
    }
    return STATUS_OK;
}

static enum status plan_retry_on(struct plan_build *build, const Baton__V1__Retry *retry,
                                 struct plan_item *item)
{
    size_t count = retry != NULL ? retry->n_on : 0;
    if (count == 0) {
        return STATUS_OK;
    }
    const char **codes = arena_take_array(&build->plan->arena, count, sizeof *codes);
    for (size_t i = 0; i < count && codes != NULL; i++) {
        if (!retry_code_valid(bytes_of_text(retry->on[i]))) {
            return ERROR(build->err, STATUS_MALFORMED, "retry.on names no code");
        }
        codes[i] = plan_text(build, retry->on[i]);
        if (codes[i] == NULL) {
            return STATUS_NOMEM;
        }
    }
    item->retry_on = codes;
    item->retry_on_count = (uint32_t)count;
    return codes == NULL ? STATUS_NOMEM : STATUS_OK;
}

static enum status plan_leaf(struct plan_build *build, const Baton__V1__Task *task,
                             struct plan_item *item)
{
    if (!name_valid(bytes_of_text(task->backend)) || !name_valid(bytes_of_text(task->action))) {
        return ERROR(build->err, STATUS_MALFORMED, "backend or action is not a name");
    }
    item->leaf = true;
    item->backend = plan_text(build, task->backend);
    item->action = plan_text(build, task->action);
    item->params = task->params != NULL && task->params->text[0] != '\0'
                       ? plan_text(build, task->params->text)
                       : "{}";
    item->timeout = duration_ms(task->timeout != NULL ? task->timeout->ms : PLAN_TIMEOUT_MS);
    item->idle_timeout = duration_ms(task->idle_timeout != NULL ? task->idle_timeout->ms : 0);
    item->idempotent =
        task->idempotent_choice_case == BATON__V1__TASK__IDEMPOTENT_CHOICE_IDEMPOTENT &&
        task->idempotent;
    if (item->backend == NULL || item->action == NULL || item->params == NULL) {
        return STATUS_NOMEM;
    }
    if (item->timeout.ns == 0) {
        return ERROR(build->err, STATUS_MALFORMED, "a timeout of 0");
    }
    enum status status = plan_retry(build, task, &item->retry);
    return status == STATUS_OK ? plan_retry_on(build, task->retry, item) : status;
}

static enum status plan_waves(struct plan_build *build, const Baton__V1__Task *task,
                              struct plan_item *item)
{
    if (task->n_serial == 0 && task->max_fail[0] == '\0') {
        return STATUS_OK;
    }
    struct plan_share *serial =
        arena_take_array(&build->plan->arena, task->n_serial + 1, sizeof *serial);
    if (serial == NULL) {
        return STATUS_NOMEM;
    }
    bool good = item->parent == PLAN_NONE && !(task->n_serial > 0 && task->run_once);
    for (size_t i = 0; i < task->n_serial && good; i++) {
        good = share_parse(bytes_of_text(task->serial[i]), &serial[i]) && serial[i].number > 0;
    }
    item->has_max_fail = task->max_fail[0] != '\0';
    good = good &&
           (!item->has_max_fail || share_parse(bytes_of_text(task->max_fail), &item->max_fail));
    if (!good) {
        return ERROR(build->err, STATUS_MALFORMED, "serial or max_fail that can't be");
    }
    item->serial = serial;
    item->serial_count = (uint32_t)task->n_serial;
    return STATUS_OK;
}

static enum status plan_fill(struct plan_build *build, size_t count, Baton__V1__Task *const *tasks,
                             uint32_t parent)
{
    for (size_t i = 0; i < count; i++) {
        const Baton__V1__Task *task = tasks[i];
        CHECK(build->next_item < build->plan->item_count);
        uint32_t index = build->next_item++;
        struct plan_item *item = &build->plan->items[index];
        item->parent = parent;
        item->step = build->next_step;
        item->run_once = task->run_once;
        item->name = plan_text(build, task->name);
        item->path = plan_path(build, parent, i);
        if (item->name == NULL || item->path == NULL) {
            return STATUS_NOMEM;
        }
        enum status status = plan_condition(build, task, &item->condition);
        if (status == STATUS_OK) {
            status = plan_sync(build, task, parent, &item->sync);
        }
        if (status == STATUS_OK) {
            status = plan_waves(build, task, item);
        }
        if (status == STATUS_OK && task->n_tasks > 0) {
            item->backend = item->action = "";
            item->params = "{}";
            status = plan_fill(build, task->n_tasks, task->tasks, index);
        } else if (status == STATUS_OK) {
            build->plan->step_items[build->next_step++] = index;
            status = plan_leaf(build, task, item);
        }
        if (status != STATUS_OK) {
            return status;
        }
        item->end = build->next_item;
    }
    return STATUS_OK;
}

/* Whether what comes behind an item waits for all nodes, or nothing comes. */
static bool plan_all_behind(const struct plan *plan, uint32_t item)
{
    while (plan_is_last(plan, item)) {
        if (plan->items[item].parent == PLAN_NONE) {
            return true;
        }
        item = plan->items[item].parent;
    }
    return plan->items[item].sync == PLAN_SYNC_ALL;
}

/* Where not all nodes are let in, none can wait for all. */
static enum status plan_check_waits(const struct plan_build *build)
{
    const struct plan *plan = build->plan;
    for (uint32_t item = 0; item < plan->item_count; item++) {
        if (!plan->items[item].run_once && plan->items[item].serial_count == 0) {
            continue;
        }
        bool good = !plan->items[item].run_once || plan_all_behind(plan, item);
        for (uint32_t in = item + 1; in < plan->items[item].end; in++) {
            good = good && !plan->items[in].run_once && plan->items[in].sync == PLAN_SYNC_NONE;
        }
        if (!good) {
            return ERROR(build->err, STATUS_MALFORMED, "run_once or serial where nodes can't wait");
        }
    }
    return STATUS_OK;
}

static enum status plan_target(struct plan_build *build, const Baton__V1__Target *target)
{
    struct plan *plan = build->plan;
    if (target == NULL) {
        return ERROR(build->err, STATUS_MALFORMED, "no target");
    }
    switch ((int)target->scope) {
    case BATON__V1__SCOPE__SCOPE_ALL:
        plan->scope = PLAN_SCOPE_ALL;
        break;
    case BATON__V1__SCOPE__SCOPE_GROUP:
        plan->scope = PLAN_SCOPE_GROUP;
        break;
    case BATON__V1__SCOPE__SCOPE_NODE:
        plan->scope = PLAN_SCOPE_NODE;
        break;
    default:
        return ERROR(build->err, STATUS_MALFORMED, "unknown scope %d", (int)target->scope);
    }
    if ((plan->scope == PLAN_SCOPE_ALL) != (target->n_value == 0) || target->n_value > UINT32_MAX) {
        return ERROR(build->err, STATUS_MALFORMED, "%zu names do not fit the scope",
                     target->n_value);
    }
    const char **names = arena_take_array(&plan->arena, target->n_value + 1, sizeof *names);
    for (size_t i = 0; i < target->n_value && names != NULL; i++) {
        if (!name_valid(bytes_of_text(target->value[i]))) {
            return ERROR(build->err, STATUS_MALFORMED, "a target is not a name");
        }
        names[i] = plan_text(build, target->value[i]);
        if (names[i] == NULL) {
            return STATUS_NOMEM;
        }
    }
    plan->targets = names;
    plan->target_count = (uint32_t)target->n_value;
    return names == NULL ? STATUS_NOMEM : STATUS_OK;
}

static enum status plan_strategy(struct plan_build *build, const Baton__V1__Spec *message)
{
    switch ((int)message->strategy) {
    case BATON__V1__STRATEGY__STRATEGY_UNSET:
    case BATON__V1__STRATEGY__STRATEGY_FAIL_FAST:
        build->plan->strategy = PLAN_FAIL_FAST;
        return STATUS_OK;
    case BATON__V1__STRATEGY__STRATEGY_CONTINUE:
        build->plan->strategy = PLAN_CONTINUE;
        return STATUS_OK;
    default:
        return ERROR(build->err, STATUS_MALFORMED, "unknown strategy %d", (int)message->strategy);
    }
}

static enum status plan_build(struct plan_build *build, const Baton__V1__Spec *message)
{
    struct plan *plan = build->plan;
    enum status status = plan_strategy(build, message);
    if (status == STATUS_OK) {
        status = plan_target(build, message->target);
    }
    if (status == STATUS_OK) {
        status = plan_count(message->n_tasks, message->tasks, 1, plan, build->err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    plan->name = plan_text(build, message->name);
    plan->timeout = duration_ms(message->timeout != NULL ? message->timeout->ms : 0);
    plan->items = arena_take_array(&plan->arena, plan->item_count, sizeof *plan->items);
    plan->step_items = arena_take_array(&plan->arena, plan->step_count, sizeof *plan->step_items);
    if (plan->name == NULL || plan->items == NULL || plan->step_items == NULL) {
        return STATUS_NOMEM;
    }
    status = plan_fill(build, message->n_tasks, message->tasks, PLAN_NONE);
    return status == STATUS_OK ? plan_check_waits(build) : status;
}

enum status plan_from_spec(const Baton__V1__Spec *message, struct plan **ret_plan,
                           struct error *err)
{
    AUTO_PTR(plan_free) struct plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        return ERROR(err, STATUS_NOMEM, "no memory for a plan");
    }
    struct plan_build build = {.plan = plan, .err = err};
    enum status status = plan_build(&build, message);
    if (status == STATUS_NOMEM) {
        return ERROR(err, STATUS_NOMEM, "no memory for a plan");
    }
    if (status == STATUS_OK) {
        CHECK(build.next_item == plan->item_count && build.next_step == plan->step_count);
        *ret_plan = STEAL(plan);
    }
    return status;
}
