#include "spec_cases.h"

#include "spec/backends.h"

static void the_first_day_has_three_backends(void **state)
{
    (void)state;
    assert_true(backends_know("ping"));
    assert_true(backends_know("test"));
    assert_true(backends_know("exec"));
    assert_false(backends_know("pong"));
    assert_null(backends_find("ping", "run"));
    assert_true(backends_find("ping", "echo")->idempotent);
    assert_false(backends_find("exec", "run")->idempotent);
}

static void actions_of_one_backend_stand_together_in_the_order_of_their_kinds(void **state)
{
    (void)state;
    const struct backend_action *action = NULL;
    const char *seen[16] = {0};
    size_t count = 0;
    for (size_t i = 0; (action = backends_at(i)) != NULL; i++) {
        assert_int_equal(action->kind, i);
        if (count > 0 && strcmp(seen[count - 1], action->backend) == 0) {
            continue;
        }
        for (size_t k = 0; k < count; k++) {
            assert_string_not_equal(seen[k], action->backend);
        }
        seen[count++] = action->backend;
    }
}

static void params_equal(const char *action, const char *params, const char *wanted)
{
    AUTO(arena_done) struct arena arena = {0};
    struct problems problems = {0};
    const struct doc_node *root = NULL;
    struct path path = {0};
    if (params != NULL) {
        assert_int_equal(doc_parse(bytes_of_text(params), &arena, &root, &problems), STATUS_OK);
    }
    const struct backend_action *known = NULL;
    for (size_t i = 0; (known = backends_at(i)) != NULL && strcmp(known->name, action) != 0; i++) {
    }
    assert_non_null(known);
    backends_check_params(known, root, (struct doc_mark){7, 7}, &path, &problems);
    case_problems_equal(&problems, wanted);
    assert_int_equal(path.len, 0);
}

static void right_parameters_pass(void **state)
{
    (void)state;
    params_equal("echo", "message: hi", "");
    params_equal("hostname", NULL, "");
    params_equal("hostname", "{}", "");
    params_equal("sleep", "duration: 1m30s", "");
    params_equal("succeed", NULL, "");
    params_equal("flaky", "rate: 100", "");
    params_equal("output", "{\"bytes\": 0, \"lines\": 1000}", "");
    params_equal("run", "command: [a, '', '1']\ncwd: /\nenv: {A: ''}\nstdin: ''\nuser: nobody\n",
                 "");
}

static void wrong_parameters_are_named(void **state)
{
    (void)state;
    params_equal("echo", NULL, "f:7:7: message: ping echo requires this parameter");
    params_equal("echo", "messag: x",
                 "f:1:1: messag: unknown parameter of ping echo; did you mean \"message\"?");
    params_equal("echo", "message: [x]", "f:1:10: message: must be text, not a list");
    params_equal("sleep", "duration: [1s]",
                 "f:1:11: duration: must be a duration such as 90s, not a list");
    params_equal("sleep", "duration: soon",
                 "f:1:11: duration: \"soon\" is not a duration; write it such as 500ms, 90s, 5m or "
                 "1h30m");
    params_equal("flaky", "rate: 101", "f:1:7: rate: must be between 0 and 100");
    params_equal("flaky", "rate: -1", "f:1:7: rate: must be between 0 and 100");
    params_equal("flaky", "rate: '5'", "f:1:7: rate: must be a whole number, not text");
    params_equal("run", "command: [a]\nuser: ''\n", "f:2:7: user: may not be empty");
    params_equal("run", "command: ['']", "f:1:11: command[0]: the program's name is empty");
    params_equal("run", "command: [a]\nenv: [b]\n",
                 "f:2:6: env: must be a mapping (name: text), not a list");
    params_equal("run", "command: [a]\nenv: {'': b}\n",
                 "f:2:7: env.: the name of a variable is neither empty nor holds \"=\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_day_has_three_backends),
        cmocka_unit_test(actions_of_one_backend_stand_together_in_the_order_of_their_kinds),
        cmocka_unit_test(right_parameters_pass),
        cmocka_unit_test(wrong_parameters_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
