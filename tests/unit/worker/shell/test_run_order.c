/* An order of the bus as an order to a runner. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "shell/run_order.h"

static enum status build(const char *backend, const char *action, const char *params,
                         struct arena *arena, Baton__V1__RunOrder *run)
{
    const struct order order = {.key = {.job = {.text = "job-1"}, .step = 2, .attempt = 3},
                                .path = "1.0",
                                .backend = backend,
                                .action = action,
                                .params = params,
                                .timeout_ms = 77};
    return run_order_build(&order, "node-1", "/d", arena, run, NULL);
}

static unsigned env_count(const Baton__V1__RunOrder *run, const char *assignment)
{
    unsigned count = 0;
    for (size_t i = 0; i < run->n_env; i++)
        count += strcmp(run->env[i], assignment) == 0;
    return count;
}

static unsigned env_named(const Baton__V1__RunOrder *run, const char *name)
{
    unsigned count = 0;
    for (size_t i = 0; i < run->n_env; i++)
        count += strncmp(run->env[i], name, strlen(name)) == 0;
    return count;
}

static void a_command_becomes_argv_directory_user_and_input(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    Baton__V1__RunOrder run = BATON__V1__RUN_ORDER__INIT;
    assert_int_equal(
        build("exec", "run",
              "{\"command\":[\"a b\",\"\",\"5\",\"true\"],\"cwd\":\"/c\",\"user\":\"u\","
              "\"stdin\":\"in\"}",
              &arena, &run),
        STATUS_OK);
    assert_int_equal(run.n_argv, 4);
    assert_string_equal(run.argv[0], "a b");
    assert_string_equal(run.argv[1], "");
    assert_string_equal(run.argv[2], "5");
    assert_string_equal(run.argv[3], "true");
    assert_string_equal(run.cwd, "/c");
    assert_string_equal(run.user, "u");
    assert_int_equal(run.stdin.len, 2);
    assert_string_equal(run.directory, "/d");
    assert_int_equal(run.timeout_ms, 77);
}

static void without_a_directory_it_is_the_root(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    Baton__V1__RunOrder run = BATON__V1__RUN_ORDER__INIT;
    assert_int_equal(build("exec", "run", "{\"command\":[\"ls\"]}", &arena, &run), STATUS_OK);
    assert_string_equal(run.cwd, "/");
    assert_string_equal(run.user, "");
    assert_int_equal(run.stdin.len, 0);
}

static void the_environment_is_small_and_the_orders_wins(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    Baton__V1__RunOrder run = BATON__V1__RUN_ORDER__INIT;
    assert_int_equal(build("exec", "run",
                           "{\"command\":[\"ls\"],\"env\":{\"PATH\":\"/p\",\"N\":\"8080\","
                           "\"BATON_JOB\":\"liar\"}}",
                           &arena, &run),
                     STATUS_OK);
    assert_int_equal(env_named(&run, "PATH="), 1);
    assert_int_equal(env_count(&run, "PATH=/p"), 1);
    assert_int_equal(env_count(&run, "N=8080"), 1);
    assert_int_equal(env_count(&run, "LANG=C.UTF-8"), 1);
    assert_int_equal(env_count(&run, "BATON_STEP=1.0"), 1);
    assert_int_equal(env_count(&run, "BATON_NODE=node-1"), 1);
    assert_int_equal(env_count(&run, "BATON_ATTEMPT=3"), 1);
    assert_int_equal(env_named(&run, "BATON_JOB="), 1);
    assert_int_equal(env_count(&run, "BATON_JOB=job-1"), 1);
}

static void what_can_not_be_run_is_refused(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    Baton__V1__RunOrder run = BATON__V1__RUN_ORDER__INIT;
    assert_int_equal(build("nope", "run", "{}", &arena, &run), STATUS_NOT_FOUND);
    assert_int_equal(build("exec", "run", "{}", &arena, &run), STATUS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_becomes_argv_directory_user_and_input),
        cmocka_unit_test(without_a_directory_it_is_the_root),
        cmocka_unit_test(the_environment_is_small_and_the_orders_wins),
        cmocka_unit_test(what_can_not_be_run_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
