#include "shell/intake.h"

#include "base/cleanup.h"
#include "result.pb-c.h"
#include "runner/params.h"
#include "shell/run_order.h"
#include "task.pb-c.h"

enum { INTAKE_PATH_BYTES_MAX = 256 }; /* 32 levels of numbers below 4096 */

static bool intake_key(const char *job, uint32_t step, uint32_t attempt,
                       struct attempt_key *ret_key)
{
    struct attempt_key key = {.step = step, .attempt = attempt};
    if (attempt == 0 || !name_set(&key.job, bytes_of_text(job)))
        return false;
    *ret_key = key;
    return true;
}

/* Why it can't be run at all, or NULL. */
static enum status intake_refusal(const struct order *order, struct arena *arena,
                                  const char **ret_refusal)
{
    struct error err = {0};
    AUTO(arena_done) struct arena scratch = {0};
    struct params params = {0};
    enum status status =
        params_read(order->backend, order->action, order->params, &scratch, &params, &err);
    if (status == STATUS_OK || status == STATUS_NOMEM)
        return status;
    *ret_refusal = arena_text(arena, bytes_of_text(err.text));
    return *ret_refusal != NULL ? STATUS_OK : STATUS_NOMEM;
}

static enum status intake_fill(const Baton__V1__TaskOrder *message, const char *node,
                               struct arena *arena, struct order *ret_order, struct error *err)
{
    struct order order = {
        .timeout_ms = message->timeout_ms,
        .idle_timeout_ms = message->idle_timeout_ms,
        .expected_seq = message->expected_seq,
        .idempotent = message->idempotent,
    };
    if (message->version != 1)
        return ERROR(err, STATUS_MALFORMED, "version %u of an order", message->version);
    if (strcmp(message->node, node) != 0)
        return ERROR(err, STATUS_MALFORMED, "an order for '%.64s'", message->node);
    if (!intake_key(message->job, message->step, message->attempt, &order.key) ||
        strlen(message->path) > INTAKE_PATH_BYTES_MAX)
        return ERROR(err, STATUS_MALFORMED, "not a job's attempt");
    order.path = arena_text(arena, bytes_of_text(message->path));
    order.backend = arena_text(arena, bytes_of_text(message->backend));
    order.action = arena_text(arena, bytes_of_text(message->action));
    order.params = arena_text(arena, bytes_of_text(message->params));
    if (order.path == NULL || order.backend == NULL || order.action == NULL ||
        order.params == NULL || intake_refusal(&order, arena, &order.refusal) != STATUS_OK)
        return ERROR(err, STATUS_NOMEM, "an order");
    *ret_order = order;
    return STATUS_OK;
}

enum status intake_order(struct bytes bytes, const char *node, struct arena *arena,
                         struct order *ret_order, struct error *err)
{
    Baton__V1__TaskOrder *message = baton__v1__task_order__unpack(NULL, bytes.len, bytes.data);
    if (message == NULL)
        return ERROR(err, STATUS_MALFORMED, "%zu bytes that are not a TaskOrder", bytes.len);
    enum status status = intake_fill(message, node, arena, ret_order, err);
    baton__v1__task_order__free_unpacked(message, NULL);
    return status;
}

enum status intake_cancel(struct bytes bytes, struct attempt_key *ret_key, uint64_t *ret_grace_ms,
                          struct error *err)
{
    Baton__V1__TaskCancel *message = baton__v1__task_cancel__unpack(NULL, bytes.len, bytes.data);
    if (message == NULL)
        return ERROR(err, STATUS_MALFORMED, "%zu bytes that are not a TaskCancel", bytes.len);
    bool ours =
        message->version == 1 && intake_key(message->job, message->step, message->attempt, ret_key);
    *ret_grace_ms = message->grace_ms != 0 ? message->grace_ms : RUN_ORDER_GRACE_MS;
    baton__v1__task_cancel__free_unpacked(message, NULL);
    return ours ? STATUS_OK : ERROR(err, STATUS_MALFORMED, "a TaskCancel that names no attempt");
}

struct last intake_last(struct bytes bytes, uint64_t seq, struct arena *arena)
{
    struct last last = {.kind = LAST_FOREIGN, .claim = "", .seq = seq};
    Baton__V1__ResultRecord *message =
        baton__v1__result_record__unpack(NULL, bytes.len, bytes.data);
    if (message == NULL)
        return last;
    const char *claim = arena_text(arena, bytes_of_text(message->claim));
    last.claim = claim != NULL ? claim : "";
    last.step = message->step;
    last.attempt = message->attempt;
    if (message->version == 1 && message->kind == BATON__V1__RESULT_KIND__RESULT_START)
        last.kind = LAST_START;
    if (message->version == 1 && message->kind == BATON__V1__RESULT_KIND__RESULT_END)
        last.kind = LAST_END;
    if (message->version == 1 && message->kind == BATON__V1__RESULT_KIND__RESULT_REVOKE)
        last.kind = LAST_REVOKE;
    baton__v1__result_record__free_unpacked(message, NULL);
    return last;
}
