#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli.h"
#include "job_run.h"

/* One command line with all that it printed. */
struct run {
    struct cli cli;
    char *out, *err;
    size_t sizes[2];
    bool set;
    uint32_t count;
    const char *text;
    struct duration time;
    int code;
};

static const struct verb verb = {"noun", "verb", "WORD", "do it", NULL};

static void run_parse(struct run *run, const char *const *args, char *const *environment,
                      uint32_t words_min, uint32_t words_max)
{
    static char *const nothing[] = {NULL};
    *run = (struct run){.cli = {.verb = &verb}};
    const struct flag flags[] = {
        {"set", 'x', FLAG_SET, &run->set, NULL, "a flag"},
        {"count", 'n', FLAG_COUNT, &run->count, "N", "a number"},
        {"text", 't', FLAG_TEXT, &run->text, "TEXT", "a text"},
        {"time", '\0', FLAG_DURATION, &run->time, "D", "a time"},
    };
    run->cli.out = open_memstream(&run->out, &run->sizes[0]);
    run->cli.err = open_memstream(&run->err, &run->sizes[1]);
    run->cli.argv = (char *const *)(uintptr_t)args;
    run->cli.environment = environment == NULL ? nothing : environment;
    while (args[run->cli.argc] != NULL)
        run->cli.argc++;
    run->code = cli_parse(&run->cli, flags, 4, words_min, words_max);
    fflush(run->cli.out);
    fflush(run->cli.err);
}

static void run_done(struct run *run)
{
    fclose(run->cli.out);
    fclose(run->cli.err);
    free(run->out);
    free(run->err);
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void flags_and_words_may_be_mixed(void **state)
{
    (void)state;
    struct run run;
    run_parse(&run, ARGS("a", "-n", "3", "-x", "--text=--odd", "b", "--time", "1m30s"), NULL, 0, 2);
    assert_int_equal(run.code, CLI_GO);
    assert_true(run.set);
    assert_int_equal(run.count, 3);
    assert_string_equal(run.text, "--odd");
    assert_int_equal(duration_to_ms(run.time), 90000);
    assert_int_equal(run.cli.word_count, 2);
    assert_string_equal(run.cli.words[1], "b");
    assert_null(run.cli.rest);
    run_done(&run);
}

static void what_is_behind_two_dashes_is_left_alone(void **state)
{
    (void)state;
    struct run run;
    run_parse(&run, ARGS("a", "--", "-x", "--help"), NULL, 0, 1);
    assert_int_equal(run.code, CLI_GO);
    assert_false(run.set);
    assert_string_equal(run.cli.rest[0], "-x");
    assert_string_equal(run.cli.rest[1], "--help");
    assert_null(run.cli.rest[2]);
    run_done(&run);
}

static void a_lone_dash_is_a_word(void **state)
{
    (void)state;
    struct run run;
    run_parse(&run, ARGS("-"), NULL, 1, 1);
    assert_int_equal(run.code, CLI_GO);
    assert_string_equal(run.cli.words[0], "-");
    run_done(&run);
}

static void wrong_arguments_are_usage_errors_with_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *args[4];
        const char *says;
    } rows[] = {
        {{"--tex", "x"}, "baton: --tex: unknown flag; did you mean --text\n"},
        {{"--zzzzzzzz"}, "baton: --zzzzzzzz: unknown flag; see --help\n"},
        {{"-q"}, "baton: -q: unknown flag; see --help\n"},
        {{"--text"}, "baton: --text needs a value\n"},
        {{"--set=yes"}, "baton: --set takes no value\n"},
        {{"-n", "-1"}, "baton: --count: -1: expected a whole number\n"},
        {{"-n", "4294967296"}, "expected a whole number\n"},
        {{"--time", "90"}, "baton: --time: 90: expected a duration such as 90s or 1h30m\n"},
        {{"-o", "xml"}, "baton: -o xml: expected table, json, jsonl, yaml or name\n"},
        {{"--cell", "a.b"}, "baton: --cell a.b: not a name\n"},
        {{"a", "b", "c"}, "baton: c: unexpected argument\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct run run;
        run_parse(&run, rows[i].args, NULL, 0, 2);
        assert_int_equal(run.code, EXIT_USAGE);
        assert_non_null(strstr(run.err, rows[i].says));
        run_done(&run);
    }
    struct run run;
    run_parse(&run, ARGS("-x"), NULL, 1, 1);
    assert_int_equal(run.code, EXIT_USAGE);
    assert_non_null(strstr(run.err, "usage: baton noun verb WORD"));
    run_done(&run);
}

static void help_names_every_flag_and_exits_with_zero(void **state)
{
    (void)state;
    struct run run;
    run_parse(&run, ARGS("--help"), NULL, 1, 1);
    assert_int_equal(run.code, EXIT_DONE);
    assert_non_null(strstr(run.out, "usage: baton noun verb WORD"));
    assert_non_null(strstr(run.out, "-n, --count N"));
    assert_non_null(strstr(run.out, "--tlscert FILE"));
    run_done(&run);
}

static void the_cell_comes_from_flag_environment_or_default(void **state)
{
    (void)state;
    struct run run;
    char *const environment[] = {(char *)(uintptr_t) "BATON_CELL=env", NULL};
    run_parse(&run, ARGS("a"), NULL, 0, 1);
    assert_string_equal(run.cli.cell, "baton");
    run_done(&run);
    run_parse(&run, ARGS("a"), environment, 0, 1);
    assert_string_equal(run.cli.cell, "env");
    run_done(&run);
    run_parse(&run, ARGS("--cell", "flag"), environment, 0, 1);
    assert_string_equal(run.cli.cell, "flag");
    run_done(&run);
}

/* --- the spec of a command line ------------------------------------------------------------- */

static void assert_spec(const char *const *args, const char *target, const char *expected)
{
    struct run run;
    json_t *spec = NULL;
    run_parse(&run, args, NULL, 0, CLI_WORDS_MAX);
    assert_int_equal(run.code, CLI_GO);
    assert_int_equal(job_run_spec(&run.cli, target, NULL, &spec), CLI_GO);
    char *text = json_dumps(spec, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
    free(text);
    json_decref(spec);
    run_done(&run);
}

static void words_become_a_spec(void **state)
{
    (void)state;
    assert_spec(ARGS("ping", "echo", "message=hi"), "all",
                "{\"target\":{\"scope\":\"all\"},\"tasks\":[{\"action\":\"echo\","
                "\"backend\":\"ping\",\"params\":{\"message\":\"hi\"}}]}");
    assert_spec(ARGS("ping", "hostname"), "group:web",
                "{\"target\":{\"scope\":\"group\",\"value\":\"web\"},\"tasks\":["
                "{\"action\":\"hostname\",\"backend\":\"ping\"}]}");
    assert_spec(ARGS("exec", "run", "--", "uname", "-a"), "node:n1,n2",
                "{\"target\":{\"scope\":\"node\",\"value\":[\"n1\",\"n2\"]},\"tasks\":["
                "{\"action\":\"run\",\"backend\":\"exec\",\"params\":"
                "{\"command\":[\"uname\",\"-a\"]}}]}");
}

static void values_are_json_unless_the_parameter_is_a_text(void **state)
{
    (void)state;
    assert_spec(ARGS("test", "flaky", "rate=30"), "node:n1",
                "{\"target\":{\"scope\":\"node\",\"value\":\"n1\"},\"tasks\":["
                "{\"action\":\"flaky\",\"backend\":\"test\",\"params\":{\"rate\":30}}]}");
    assert_spec(ARGS("ping", "echo", "message=42"), "all",
                "{\"target\":{\"scope\":\"all\"},\"tasks\":[{\"action\":\"echo\","
                "\"backend\":\"ping\",\"params\":{\"message\":\"42\"}}]}");
    assert_spec(ARGS("own", "thing", "a=[1,{}]", "b=x=y", "c="), "all",
                "{\"target\":{\"scope\":\"all\"},\"tasks\":[{\"action\":\"thing\","
                "\"backend\":\"own\",\"params\":{\"a\":[1,{}],\"b\":\"x=y\",\"c\":\"\"}}]}");
}

static void a_target_or_word_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "", "some", "all:x", "group:", "node:", "node:a,,b", "node:a,", "pool:x"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct run run;
        json_t *spec = NULL;
        run_parse(&run, ARGS("ping", "echo"), NULL, 0, CLI_WORDS_MAX);
        assert_int_equal(job_run_spec(&run.cli, targets[i], NULL, &spec), EXIT_USAGE);
        run_done(&run);
    }
    static const char *const words[] = {"plain", "=x", "bad=\xff"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct run run;
        json_t *spec = NULL;
        run_parse(&run, ARGS("ping", "echo", words[i]), NULL, 0, CLI_WORDS_MAX);
        assert_int_equal(job_run_spec(&run.cli, "all", NULL, &spec), EXIT_USAGE);
        run_done(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_and_words_may_be_mixed),
        cmocka_unit_test(what_is_behind_two_dashes_is_left_alone),
        cmocka_unit_test(a_lone_dash_is_a_word),
        cmocka_unit_test(wrong_arguments_are_usage_errors_with_a_reason),
        cmocka_unit_test(help_names_every_flag_and_exits_with_zero),
        cmocka_unit_test(the_cell_comes_from_flag_environment_or_default),
        cmocka_unit_test(words_become_a_spec),
        cmocka_unit_test(values_are_json_unless_the_parameter_is_a_text),
        cmocka_unit_test(a_target_or_word_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
