#include "spec_cases.h"

static void items_stand_in_pre_order_with_paths_and_step_numbers(void **state)
{
    (void)state;
    AUTO_PTR(spec_free)
    struct spec *spec =
        case_spec(CASE_TARGET "tasks:\n- " CASE_PING "\n- tasks:\n  - " CASE_PING
                              "\n  - tasks: [" CASE_PING ", " CASE_PING "]\n- " CASE_PING "\n");
    static const struct {
        const char *path;
        uint32_t parent, end, step;
        bool leaf;
    } ROWS[] = {
        {"0", PLAN_NONE, 1, 0, true}, {"1", PLAN_NONE, 6, 1, false}, {"1.0", 1, 3, 1, true},
        {"1.1", 1, 6, 2, false},      {"1.1.0", 3, 5, 2, true},      {"1.1.1", 3, 6, 3, true},
        {"2", PLAN_NONE, 7, 4, true},
    };
    const struct plan *plan = spec->plan;
    assert_int_equal(plan->item_count, sizeof ROWS / sizeof ROWS[0]);
    assert_int_equal(plan->step_count, 5);
    for (uint32_t i = 0; i < plan->item_count; i++) {
        assert_string_equal(plan->items[i].path, ROWS[i].path);
        assert_int_equal(plan->items[i].parent, ROWS[i].parent);
        assert_int_equal(plan->items[i].end, ROWS[i].end);
        assert_int_equal(plan->items[i].step, ROWS[i].step);
        assert_int_equal(plan->items[i].leaf, ROWS[i].leaf);
        if (ROWS[i].leaf) {
            assert_int_equal(plan->step_items[ROWS[i].step], i);
        }
    }
}

static void absent_keys_have_their_presets(void **state)
{
    (void)state;
    AUTO_PTR(spec_free)
    struct spec *spec =
        case_spec(CASE_TARGET "tasks:\n- " CASE_PING
                              "\n- {backend: exec, action: run, params: {command: [a]},"
                              " retry: {max: 3}}\n");
    const struct plan *plan = spec->plan;
    assert_string_equal(plan->name, "");
    assert_int_equal(plan->strategy, PLAN_FAIL_FAST);
    assert_int_equal(plan->timeout.ns, 0);
    assert_int_equal(plan->scope, PLAN_SCOPE_ALL);
    assert_int_equal(plan->target_count, 0);
    assert_string_equal(plan->items[0].params, "{}");
    assert_int_equal(duration_to_ms(plan->items[0].timeout), 300000);
    assert_int_equal(plan->items[0].condition, PLAN_UNLESS_STOPPED);
    assert_true(plan->items[0].idempotent);
    assert_int_equal(plan->items[0].retry.max, 0);
    assert_false(plan->items[1].idempotent);
    assert_int_equal(plan->items[1].retry.max, 3);
    assert_int_equal(duration_to_ms(plan->items[1].retry.initial), 1000);
    assert_int_equal(duration_to_ms(plan->items[1].retry.cap), 30000);
    assert_true(plan->items[1].retry.factor > 1.99 && plan->items[1].retry.factor < 2.01);
    assert_true(plan->items[1].retry.jitter < 0.001);
}

static bool texts_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static void a_plan_made_again_from_the_stored_bytes_is_the_same(void **state)
{
    (void)state;
    AUTO_PTR(spec_free)
    struct spec *spec = case_spec(
        "name: n\ntarget: {scope: group, value: [web, db]}\nstrategy: continue\ntimeout: "
        "1h\ntasks:\n"
        "- {name: a, backend: exec, action: run, params: {env: {B: '1', A: x}, command: [a]},"
        " idempotent: true, timeout: 7s, retry: {max: 3, initial: 0s, factor: 1, cap: 1ms, jitter: "
        "1}}\n"
        "- condition: always\n  tasks: [{backend: x, action: y, condition: on_failure}]\n");
    uint8_t bytes[2000];
    size_t len = baton__v1__spec__pack(spec->message, bytes);
    Baton__V1__Spec *stored = baton__v1__spec__unpack(NULL, len, bytes);
    assert_non_null(stored);
    AUTO_PTR(plan_free) struct plan *plan = NULL;
    assert_int_equal(plan_from_spec(stored, &plan, NULL), STATUS_OK);
    baton__v1__spec__free_unpacked(stored, NULL); /* the plan keeps nothing of it */
    assert_string_equal(plan->name, "n");
    assert_int_equal(plan->target_count, 2);
    assert_string_equal(plan->targets[1], "db");
    assert_int_equal(plan->strategy, PLAN_CONTINUE);
    assert_int_equal(plan->item_count, spec->plan->item_count);
    for (uint32_t i = 0; i < plan->item_count; i++) {
        const struct plan_item *a = &plan->items[i];
        const struct plan_item *b = &spec->plan->items[i];
        assert_true(texts_equal(a->name, b->name) && texts_equal(a->path, b->path));
        assert_true(texts_equal(a->backend, b->backend) && texts_equal(a->action, b->action));
        assert_string_equal(a->params, b->params);
        assert_int_equal(a->condition, b->condition);
        assert_int_equal(a->sync, b->sync);
        assert_int_equal(a->timeout.ns, b->timeout.ns);
        assert_int_equal(a->idempotent, b->idempotent);
        assert_memory_equal(&a->retry, &b->retry, sizeof a->retry);
        assert_int_equal(a->line, 0);
    }
    assert_int_equal(plan->items[0].retry.initial.ns, 0);
    assert_int_equal(duration_to_ms(plan->items[0].retry.cap), 1);
}

static void waves_and_single_runs_survive_being_stored(void **state)
{
    (void)state;
    AUTO_PTR(spec_free)
    struct spec *spec =
        case_spec(CASE_TARGET "tasks:\n- {serial: [1, 25%], max_fail: 0, tasks: [" CASE_PING "]}\n"
                              "- {run_once: true, tasks: [" CASE_PING "]}\n");
    const struct plan_item *phase = &spec->plan->items[0];
    assert_int_equal(phase->serial_count, 2);
    assert_true(phase->serial[0].number == 1 && !phase->serial[0].percent);
    assert_true(phase->serial[1].number == 25 && phase->serial[1].percent);
    assert_true(phase->has_max_fail && phase->max_fail.number == 0);
    assert_false(spec->plan->items[1].has_max_fail);
    assert_true(spec->plan->items[2].run_once && !spec->plan->items[3].run_once);
    spec->message->tasks[1]->tasks[0]->run_once = true;
    struct error err = {0};
    struct plan *plan = NULL;
    assert_int_equal(plan_from_spec(spec->message, &plan, &err), STATUS_MALFORMED);
    assert_string_equal(err.text, "run_once or serial where nodes can't wait");
}

static void stored_is(const Baton__V1__Spec *message, enum status wanted, const char *text)
{
    struct error err = {0};
    struct plan *plan = NULL;
    assert_int_equal(plan_from_spec(message, &plan, &err), wanted);
    assert_string_equal(err.text, text);
    assert_null(plan);
}

static void a_stored_message_is_checked_like_any_input(void **state)
{
    (void)state;
    Baton__V1__Target target = BATON__V1__TARGET__INIT;
    Baton__V1__Task task = BATON__V1__TASK__INIT;
    Baton__V1__Task *tasks[] = {&task};
    Baton__V1__Spec message = BATON__V1__SPEC__INIT;
    char *names[] = {(char[]){"a.b"}};
    stored_is(&message, STATUS_MALFORMED, "no target");
    message.target = &target;
    stored_is(&message, STATUS_MALFORMED, "unknown scope 0");
    target.scope = BATON__V1__SCOPE__SCOPE_NODE;
    stored_is(&message, STATUS_MALFORMED, "0 names do not fit the scope");
    target.value = names;
    target.n_value = 1;
    stored_is(&message, STATUS_MALFORMED, "a target is not a name");
    names[0][1] = '-';
    stored_is(&message, STATUS_MALFORMED, "an empty list of tasks");
    message.tasks = tasks;
    message.n_tasks = 1;
    stored_is(&message, STATUS_MALFORMED, "a step without backend or action");
    task.backend = names[0];
    task.action = (char[]){"x"};
    Baton__V1__Condition far = (Baton__V1__Condition)99;
    task.condition = far;
    stored_is(&message, STATUS_MALFORMED, "unknown condition 99");
    task.condition = BATON__V1__CONDITION__CONDITION_UNSET;
    Baton__V1__Sync strange = (Baton__V1__Sync)98;
    task.sync = strange;
    stored_is(&message, STATUS_MALFORMED, "unknown sync 98");
    task.sync = BATON__V1__SYNC__SYNC_UNSET;
    task.max_fail = (char[]){"101%"};
    stored_is(&message, STATUS_MALFORMED, "serial or max_fail that can't be");
    task.max_fail = (char[]){""};
    Baton__V1__Duration zero = BATON__V1__DURATION__INIT;
    task.timeout = &zero;
    stored_is(&message, STATUS_MALFORMED, "a timeout of 0");
    task.timeout = NULL;
    Baton__V1__Retry retry = BATON__V1__RETRY__INIT;
    retry.factor = -1;
    task.retry = &retry;
    stored_is(&message, STATUS_MALFORMED, "retry out of range");
    task.retry = NULL;
    task.tasks = tasks;
    task.n_tasks = 1;
    stored_is(&message, STATUS_MALFORMED, "an item which is both step and pipeline");
    task.backend = task.action = (char[]){""};
    stored_is(&message, STATUS_LIMIT, "more than 32 levels of tasks");
    message.strategy = (Baton__V1__Strategy)7;
    stored_is(&message, STATUS_MALFORMED, "unknown strategy 7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_stand_in_pre_order_with_paths_and_step_numbers),
        cmocka_unit_test(absent_keys_have_their_presets),
        cmocka_unit_test(a_plan_made_again_from_the_stored_bytes_is_the_same),
        cmocka_unit_test(waves_and_single_runs_survive_being_stored),
        cmocka_unit_test(a_stored_message_is_checked_like_any_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
