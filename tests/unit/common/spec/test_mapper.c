#include "spec_cases.h"

#include "spec/mapper.h"

/* A task from text; its problems are compared, the message lives in the arena. */
static const Baton__V1__Task *task_of(const char *text, struct arena *arena, const char *wanted)
{
    struct problems problems = {0};
    const struct doc_node *root = NULL;
    ProtobufCMessage *message = NULL;
    assert_int_equal(doc_parse(bytes_of_text(text), arena, &root, &problems), STATUS_OK);
    assert_int_equal(mapper_read(root, &baton__v1__task__descriptor, arena, &message, &problems),
                     STATUS_OK);
    case_problems_equal(&problems, wanted);
    return (const Baton__V1__Task *)message;
}

static void every_kind_of_field_is_filled(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    const Baton__V1__Task *task =
        task_of("name: n\nbackend: b\nparams: {z: [1, ~], a: yes}\ntimeout: 1m\nmax_retries: 0x10\n"
                "retry: {max: 2, factor: 1.5, jitter: 1}\nidempotent: false\n"
                "condition: on-failure\ntasks: [{name: x}, {name: y}]\n",
                &arena, "");
    assert_string_equal(task->name, "n");
    assert_string_equal(task->params->text, "{\"a\":\"yes\",\"z\":[1,null]}");
    assert_int_equal(task->timeout->ms, 60000);
    assert_int_equal(task->max_retries, 16);
    assert_int_equal(task->retry->max, 2);
    assert_true(task->retry->factor > 1.4 && task->retry->jitter > 0.9);
    assert_int_equal(task->idempotent_choice_case, BATON__V1__TASK__IDEMPOTENT_CHOICE_IDEMPOTENT);
    assert_false(task->idempotent);
    assert_int_equal(task->condition, BATON__V1__CONDITION__CONDITION_ON_FAILURE);
    assert_int_equal(task->n_tasks, 2);
    assert_string_equal(task->tasks[1]->name, "y");
}

static void what_is_absent_stays_unset(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    const Baton__V1__Task *task = task_of("{}", &arena, "");
    assert_string_equal(task->name, "");
    assert_null(task->timeout);
    assert_int_equal(task->idempotent_choice_case, BATON__V1__TASK__IDEMPOTENT_CHOICE__NOT_SET);
}

static void wrong_types_are_named_with_the_right_one(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    (void)task_of("name: [x]\nbackend: true\naction: ~\ntimeout: [5s]\nmax_retries: 1.5\n"
                  "retry: 3\nidempotent: [1]\ncondition: {a: b}\ntasks: x\n",
                  &arena,
                  "f:1:7: name: must be text, not a list\n"
                  "f:2:10: backend: must be text, not a boolean; write it in quotes: \"true\"\n"
                  "f:3:9: action: has no value; write some text, or leave the key out\n"
                  "f:4:10: timeout: must be a duration such as 90s, not a list\n"
                  "f:5:14: max_retries: must be a whole number, not a number\n"
                  "f:6:8: retry: must be a mapping (key: value), not a whole number\n"
                  "f:7:13: idempotent: must be true or false, not a list\n"
                  "f:8:12: condition: must be one word, not a mapping\n"
                  "f:9:8: tasks: must be a list, not text");
}

static void a_wrong_item_of_a_list_keeps_its_place(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    const Baton__V1__Task *task =
        task_of("tasks: [{nme: x}, 5, {name: y}]", &arena,
                "f:1:10: tasks[0].nme: unknown key; did you mean \"name\"?\n"
                "f:1:19: tasks[1]: must be a mapping (key: value), not a whole number");
    assert_int_equal(task->n_tasks, 3);
    assert_string_equal(task->tasks[2]->name, "y");
}

static void a_single_name_may_stand_for_a_list_of_one(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"{\"scope\": \"node\", \"value\": \"n\"}",
                                        "{\"scope\": \"node\", \"value\": [\"n\"]}"};
    for (size_t i = 0; i < 2; i++) {
        AUTO(arena_done) struct arena arena = {0};
        struct problems problems = {0};
        const struct doc_node *root = NULL;
        ProtobufCMessage *message = NULL;
        assert_int_equal(doc_parse(bytes_of_text(TEXTS[i]), &arena, &root, &problems), STATUS_OK);
        assert_int_equal(
            mapper_read(root, &baton__v1__target__descriptor, &arena, &message, &problems),
            STATUS_OK);
        const Baton__V1__Target *target = (const Baton__V1__Target *)message;
        assert_int_equal(target->n_value, 1);
        assert_string_equal(target->value[0], "n");
    }
}

static void a_misspelt_key_is_not_reported_as_missing_too(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    (void)task_of("retry: {maxx: 1}", &arena,
                  "f:1:9: retry.maxx: unknown key; did you mean \"max\"?");
    (void)task_of("retry: {}", &arena, "f:1:8: retry.max: this key is required");
}

static void a_hundred_thousand_unknown_keys_give_twenty_lines(void **state)
{
    (void)state;
    enum { KEYS = 100000 };
    AUTO(buffer_done) struct buffer text = {0};
    for (int i = 0; i < KEYS; i++) {
        assert_int_equal(buffer_print(&text, "k%d: 1\n", i), STATUS_OK);
    }
    AUTO(arena_done) struct arena arena = {0};
    struct problems problems = {0};
    const struct doc_node *root = NULL;
    ProtobufCMessage *message = NULL;
    assert_int_equal(doc_parse(buffer_bytes(&text), &arena, &root, &problems), STATUS_OK);
    assert_int_equal(mapper_read(root, &baton__v1__task__descriptor, &arena, &message, &problems),
                     STATUS_OK);
    assert_int_equal(problems.count, PROBLEMS_MAX);
    assert_true(problems.more);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_field_is_filled),
        cmocka_unit_test(what_is_absent_stays_unset),
        cmocka_unit_test(wrong_types_are_named_with_the_right_one),
        cmocka_unit_test(a_wrong_item_of_a_list_keeps_its_place),
        cmocka_unit_test(a_single_name_may_stand_for_a_list_of_one),
        cmocka_unit_test(a_misspelt_key_is_not_reported_as_missing_too),
        cmocka_unit_test(a_hundred_thousand_unknown_keys_give_twenty_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
