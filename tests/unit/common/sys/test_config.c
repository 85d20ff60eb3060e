#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/config.h"

static const struct config_key keys[] = {
    {.name = "server", .fallback = "nats://here", .also_env = "NATS_URL", .doc = "the bus"},
    {.name = "log_level", .fallback = "info", .doc = "least level"},
    {.name = "slots", .kind = CONFIG_INT, .fallback = "1", .min = 1, .max = 8, .doc = "slots"},
    {.name = "heartbeat",
     .kind = CONFIG_DURATION,
     .fallback = "2s",
     .min = 100,
     .max = 60000,
     .doc = "between beats"},
    {.name = "groups", .kind = CONFIG_LIST, .doc = "groups"},
    {.name = "labels", .kind = CONFIG_PAIRS, .doc = "labels"},
    {.name = "quiet", .kind = CONFIG_FLAG, .doc = "say less"},
    {.name = "data", .doc = "directory"},
};
static const struct config_program program = {
    .name = "prog",
    .summary = "a program",
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
};

/* One run of config_load() with everything it printed. */
struct run {
    struct config *config;
    char *out, *err;
    char path[64]; /* the file, "" if none */
    enum config_next next;
};

/* `args` after the name and `environment` end with NULL. `file`: contents, or NULL. */
static void run_load(struct run *run, const char *file, char *const *args, char *const *environment)
{
    char *argv[16] = {(char *)"prog"};
    int argc = 1;
    *run = (struct run){0};
    if (file != NULL) {
        (void)snprintf(run->path, sizeof run->path, "/tmp/baton-config-XXXXXX");
        int fd = mkstemp(run->path);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, file, strlen(file)), (ssize_t)strlen(file));
        close(fd);
        argv[argc++] = (char *)"-c";
        argv[argc++] = run->path;
    }
    while (*args != NULL)
        argv[argc++] = *args++;
    size_t sizes[2];
    FILE *out = open_memstream(&run->out, &sizes[0]);
    FILE *err = open_memstream(&run->err, &sizes[1]);
    struct config_input input = {argc, argv, environment, out, err};
    run->next = config_load(&program, &input, &run->config);
    fclose(out);
    fclose(err);
}

static void run_done(struct run *run)
{
    if (run->path[0] != '\0')
        unlink(run->path);
    config_free(run->config);
    free(run->out);
    free(run->err);
}

#define ARGS(...) ((char *[]){__VA_ARGS__, NULL})
#define NONE ((char *[]){NULL})

static void without_any_source_the_defaults_count(void **state)
{
    (void)state;
    struct run run;
    run_load(&run, NULL, NONE, NONE);
    assert_int_equal(run.next, CONFIG_RUN);
    assert_string_equal(config_text(run.config, "server"), "nats://here");
    assert_int_equal(config_int(run.config, "slots"), 1);
    assert_int_equal(duration_to_ms(config_duration(run.config, "heartbeat")), 2000);
    assert_null(config_text(run.config, "data"));
    assert_null(config_list(run.config, "groups")[0]);
    assert_false(config_flag(run.config, "quiet"));
    run_done(&run);
}

static void flags_win_over_environment_over_file_over_default(void **state)
{
    (void)state;
    struct run run;
    const char *file = "server: file\nlog_level: file\nslots: 2\ndata: file\n";
    run_load(&run, file, ARGS((char *)"--server", (char *)"flag", (char *)"--slots=4"),
             ARGS((char *)"BATON_SERVER=env", (char *)"BATON_SLOTS=3",
                  (char *)"BATON_LOG_LEVEL=env", (char *)"BATON_DATA="));
    assert_int_equal(run.next, CONFIG_RUN);
    assert_string_equal(config_text(run.config, "server"), "flag");
    assert_int_equal(config_int(run.config, "slots"), 4);
    assert_string_equal(config_text(run.config, "log_level"), "env");
    assert_string_equal(config_text(run.config, "data"), "file");
    run_done(&run);
}

static void the_second_variable_counts_after_batons_own(void **state)
{
    (void)state;
    struct run run;
    run_load(&run, "server: file\n", NONE, ARGS((char *)"NATS_URL=nats"));
    assert_string_equal(config_text(run.config, "server"), "nats");
    run_done(&run);
    run_load(&run, NULL, NONE, ARGS((char *)"NATS_URL=nats", (char *)"BATON_SERVER=own"));
    assert_string_equal(config_text(run.config, "server"), "own");
    run_done(&run);
}

static void lists_come_from_flags_and_from_yaml(void **state)
{
    (void)state;
    struct run run;
    run_load(&run, "groups: [web, prod]\nlabels: {zone: a, disk: ssd}\nquiet: true\n", NONE, NONE);
    assert_int_equal(run.next, CONFIG_RUN);
    assert_string_equal(config_list(run.config, "groups")[0], "web");
    assert_string_equal(config_list(run.config, "groups")[1], "prod");
    assert_null(config_list(run.config, "groups")[2]);
    assert_string_equal(config_list(run.config, "labels")[1], "disk=ssd");
    assert_true(config_flag(run.config, "quiet"));
    run_done(&run);
    run_load(&run, NULL,
             ARGS((char *)"--labels", (char *)"a=1", (char *)"--labels", (char *)"b=2,c=3",
                  (char *)"--quiet"),
             NONE);
    assert_string_equal(config_list(run.config, "labels")[0], "a=1");
    assert_string_equal(config_list(run.config, "labels")[2], "c=3");
    assert_true(config_flag(run.config, "quiet"));
    run_done(&run);
}

static void an_unknown_key_is_told_with_its_line_and_what_was_meant(void **state)
{
    (void)state;
    struct run run;
    char expected[128];
    run_load(&run, "slots: 2\n\n  \nlog-levl: debug\nserver: x\n", NONE, NONE);
    assert_int_equal(run.next, CONFIG_WRONG);
    assert_null(run.config);
    snprintf(expected, sizeof expected, "%s:4:1: log-levl: unknown key; did you mean log_level\n",
             run.path);
    assert_string_equal(run.err, expected);
    run_done(&run);
}

static void several_wrong_values_are_told_at_once(void **state)
{
    (void)state;
    struct run run;
    run_load(&run,
             "slots: many\nheartbeat: 2\ngroups: {a: b}\nlabels: [x]\nquiet: perhaps\n"
             "server: [deep, [er, {x: y}]]\ndata: a\ndata: b\n? [k]\n: v\n",
             NONE, NONE);
    assert_int_equal(run.next, CONFIG_WRONG);
    assert_non_null(strstr(run.err, ":1:8: slots: many: expected a whole number\n"));
    assert_non_null(strstr(run.err, ":2:12: heartbeat: 2: expected a duration"));
    assert_non_null(strstr(run.err, ":3:9: groups: a value of the wrong type\n"));
    assert_non_null(strstr(run.err, ":4:9: labels: a value of the wrong type\n"));
    assert_non_null(strstr(run.err, ":5:8: quiet: perhaps: expected true or false\n"));
    assert_non_null(strstr(run.err, ":6:9: server: a value of the wrong type\n"));
    assert_non_null(strstr(run.err, ":8:1: data: given twice\n"));
    assert_non_null(strstr(run.err, ":9:3: a key must be a plain name\n"));
    run_done(&run);
}

static void what_is_no_mapping_of_keys_is_refused(void **state)
{
    (void)state;
    static const char *const files[] = {"- a\n", "just text\n", "a: [\n", "\tx: y\n", "a: *b\n"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct run run;
        run_load(&run, files[i], NONE, NONE);
        assert_int_equal(run.next, CONFIG_WRONG);
        assert_non_null(strstr(run.err, run.path));
        run_done(&run);
    }
    static const char *const empty[] = {"", "# nothing\n", "---\n", "{}\n"};
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        struct run run;
        run_load(&run, empty[i], NONE, NONE);
        assert_int_equal(run.next, CONFIG_RUN);
        run_done(&run);
    }
}

static void limits_are_checked_in_every_source(void **state)
{
    (void)state;
    struct run run;
    run_load(&run, NULL, ARGS((char *)"--slots", (char *)"9"),
             ARGS((char *)"BATON_HEARTBEAT=99ms"));
    assert_int_equal(run.next, CONFIG_WRONG);
    assert_non_null(strstr(run.err, "prog: --slots: 9: expected 1 to 8\n"));
    assert_non_null(strstr(run.err, "BATON_HEARTBEAT: 99ms: expected 100ms to 60000ms\n"));
    run_done(&run);
}

static void wrong_flags_are_usage_errors(void **state)
{
    (void)state;
    struct run run;
    run_load(&run, NULL,
             ARGS((char *)"--sever", (char *)"stray", (char *)"--zzzzz", (char *)"--data"), NONE);
    assert_int_equal(run.next, CONFIG_WRONG);
    assert_non_null(strstr(run.err, "prog: --sever: unknown flag; did you mean --server\n"));
    assert_non_null(strstr(run.err, "prog: stray: unexpected argument\n"));
    assert_non_null(strstr(run.err, "prog: --zzzzz: unknown flag; see --help\n"));
    assert_non_null(strstr(run.err, "prog: --data: needs a value\n"));
    run_done(&run);
}

static void a_missing_file_is_told(void **state)
{
    (void)state;
    struct run run;
    run_load(&run, NULL, ARGS((char *)"-c", (char *)"/nowhere/x.yaml"), NONE);
    assert_int_equal(run.next, CONFIG_WRONG);
    assert_string_equal(run.err, "/nowhere/x.yaml: No such file or directory\n");
    run_done(&run);
}

static void help_and_check_come_from_the_table(void **state)
{
    (void)state;
    struct run run;
    run_load(&run, NULL, ARGS((char *)"--help"), NONE);
    assert_int_equal(run.next, CONFIG_DONE);
    for (size_t i = 0; i < program.key_count; i++)
        assert_non_null(strstr(run.out, keys[i].doc));
    assert_non_null(strstr(run.out, "--log-level"));
    run_done(&run);
    run_load(&run, "slots: 3\n", ARGS((char *)"--check-config", (char *)"--quiet"), NONE);
    assert_int_equal(run.next, CONFIG_DONE);
    assert_non_null(strstr(run.out, "slots: \"3\"  # file\n"));
    assert_non_null(strstr(run.out, "quiet: \"true\"  # flag\n"));
    assert_non_null(strstr(run.out, "heartbeat: \"2s\"  # default\n"));
    run_done(&run);
    run_load(&run, "slots: 3\nslotz: 3\n", ARGS((char *)"--check-config"), NONE);
    assert_int_equal(run.next, CONFIG_WRONG);
    run_done(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_any_source_the_defaults_count),
        cmocka_unit_test(flags_win_over_environment_over_file_over_default),
        cmocka_unit_test(the_second_variable_counts_after_batons_own),
        cmocka_unit_test(lists_come_from_flags_and_from_yaml),
        cmocka_unit_test(an_unknown_key_is_told_with_its_line_and_what_was_meant),
        cmocka_unit_test(several_wrong_values_are_told_at_once),
        cmocka_unit_test(what_is_no_mapping_of_keys_is_refused),
        cmocka_unit_test(limits_are_checked_in_every_source),
        cmocka_unit_test(wrong_flags_are_usage_errors),
        cmocka_unit_test(a_missing_file_is_told),
        cmocka_unit_test(help_and_check_come_from_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
