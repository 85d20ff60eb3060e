/* The parameters of an order: what is accepted, what is refused, and what becomes of the values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "runner/params.h"

static enum status try(const char *backend, const char *action, const char *text)
{
    AUTO(arena_done) struct arena arena = {0};
    struct params params = {0};
    struct error err = {0};
    enum status status = params_read(backend, action, text, &arena, &params, &err);
    assert_true((status == STATUS_OK) == (params.action != NULL));
    assert_true((status == STATUS_OK) == (params.root != NULL));
    assert_true((status == STATUS_OK) == (err.text[0] == '\0'));
    return status;
}

static void refused(const char *backend, const char *action, const char *text, const char *wanted)
{
    AUTO(arena_done) struct arena arena = {0};
    struct params params = {0};
    struct error err = {0};
    assert_true(params_read(backend, action, text, &arena, &params, &err) != STATUS_OK);
    assert_string_equal(err.text, wanted);
}

static void good_parameters_are_accepted(void **state)
{
    (void)state;
    static const char *const good[][3] = {
        {"ping", "echo", "{\"message\":\"hi\"}"},
        {"ping", "hostname", ""},
        {"ping", "hostname", "{}"},
        {"ping", "sleep", "{\"duration\":\"1h30m\"}"},
        {"test", "fail", "{}"},
        {"test", "flaky", "{\"rate\":12}"},
        {"test", "output", "{\"bytes\":10,\"lines\":2}"},
        {"exec", "run", "{\"command\":[\"ls\",\"5\"]}"},
        {"exec", "run",
         "{\"command\":[\"ls\"],\"cwd\":\"/"
         "\",\"env\":{\"A\":\"b\"},\"stdin\":\"\",\"user\":\"u\"}"},
    };
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(try(good[i][0], good[i][1], good[i][2]), STATUS_OK);
}

static void bad_parameters_are_refused_with_a_reason(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        {"ping", "echo", "{\"massage\":\"hi\"}"},
        {"ping", "echo", "{\"message\":[]}"},
        {"ping", "echo", "{\"message\":5}"},
        {"ping", "echo", "{\"message\":true}"},
        {"ping", "echo", "{\"message\":null}"},
        {"ping", "echo", ""},
        {"ping", "echo", "message: hi"},
        {"ping", "echo", " {\"message\":\"hi\"}"},
        {"ping", "echo", "{\"message\":1.5}"},
        {"ping", "echo", "{\"message\":\"a\",\"message\":\"b\"}"},
        {"ping", "echo", "{\"message\":\"a\\u0000b\"}"},
        {"ping", "echo", "[]"},
        {"ping", "echo", "null"},
        {"ping", "echo", "{"},
        {"ping", "echo", "\xff"},
        {"ping", "sleep", "{}"},
        {"ping", "sleep", "{\"duration\":5}"},
        {"ping", "sleep", "{\"duration\":\"5\"}"},
        {"test", "flaky", "{\"rate\":101}"},
        {"test", "flaky", "{\"rate\":-1}"},
        {"test", "flaky", "{\"rate\":0.5}"},
        {"test", "output", "{\"bytes\":-1}"},
        {"test", "output", "{\"lines\":\"3\"}"},
        {"exec", "run", "{}"},
        {"exec", "run", "{\"command\":[]}"},
        {"exec", "run", "{\"command\":\"ls\"}"},
        {"exec", "run", "{\"command\":[\"\"]}"},
        {"exec", "run", "{\"command\":[[]]}"},
        {"exec", "run", "{\"command\":[\"ls\",5]}"},
        {"exec", "run", "{\"command\":[\"ls\"],\"cwd\":\"\"}"},
        {"exec", "run", "{\"command\":[\"ls\"],\"cwd\":\"tmp\"}"},
        {"exec", "run", "{\"command\":[\"ls\"],\"env\":[]}"},
        {"exec", "run", "{\"command\":[\"ls\"],\"env\":{\"A=B\":\"c\"}}"},
        {"exec", "run", "{\"command\":[\"ls\"],\"env\":{\"\":\"c\"}}"},
        {"exec", "run", "{\"command\":[\"ls\"],\"user\":5}"},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(try(bad[i][0], bad[i][1], bad[i][2]), STATUS_MALFORMED);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer text = {0};
    assert_int_equal(buffer_print(&text, "{\"command\":"), STATUS_OK);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(buffer_print(&text, "["), STATUS_OK);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(buffer_print(&text, "]"), STATUS_OK);
    assert_int_equal(buffer_print(&text, "}"), STATUS_OK);
    assert_int_equal(try("exec", "run", buffer_text(&text)), STATUS_LIMIT);
}

static void a_text_longer_than_a_spec_is_refused(void **state)
{
    (void)state;
    AUTO_HEAP char *text = malloc(DOC_BYTES_MAX + 2);
    assert_non_null(text);
    memset(text, ' ', DOC_BYTES_MAX + 1);
    text[0] = '{';
    text[DOC_BYTES_MAX - 1] = '}';
    text[DOC_BYTES_MAX] = '\0';
    assert_int_equal(try("ping", "hostname", text), STATUS_OK);
    text[DOC_BYTES_MAX - 1] = ' ';
    text[DOC_BYTES_MAX] = '}';
    text[DOC_BYTES_MAX + 1] = '\0';
    assert_int_equal(try("ping", "hostname", text), STATUS_LIMIT);
}

static void all_that_is_wrong_stands_in_one_line(void **state)
{
    (void)state;
    refused("nope", "run", "{}", "unknown backend 'nope'");
    refused("ping", "run", "{}", "backend 'ping' has no action 'run'");
    refused("ping", "echo", "[]", "params: not a JSON object");
    refused("exec", "run", "{\"cwd\":\"tmp\",\"usr\":\"me\"}",
            "params.cwd: must be an absolute path, beginning with \"/\"; "
            "params.usr: unknown parameter of exec run; did you mean \"user\"?; "
            "params.command: exec run requires this parameter");
}

static void more_than_an_error_can_hold_is_cut(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer text = {0};
    AUTO(arena_done) struct arena arena = {0};
    struct params params = {0};
    struct error err = {0};
    for (unsigned i = 0; i < 30; i++)
        assert_int_equal(buffer_print(&text, "%s\"wrong-%u\":1", i == 0 ? "{" : ",", i), STATUS_OK);
    assert_int_equal(buffer_print(&text, "}"), STATUS_OK);
    assert_int_equal(params_read("ping", "echo", buffer_text(&text), &arena, &params, &err),
                     STATUS_MALFORMED);
    assert_int_equal(strlen(err.text), ERROR_TEXT_MAX - 1);
}

static void the_values_are_there_to_be_read(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    struct params params = {0};
    assert_int_equal(params_read("exec", "run",
                                 "{\"command\":[\"a\",\"\"],\"stdin\":\"\\u00e9\\n\"}", &arena,
                                 &params, NULL),
                     STATUS_OK);
    assert_int_equal(params.action->kind, BACKEND_EXEC_RUN);
    assert_int_equal(params_get(&params, "command")->count, 2);
    assert_null(params_get(&params, "env"));
    assert_string_equal(params_text(&params, "stdin"), "\xc3\xa9\n");
    assert_string_equal(params_text(&params, "user"), "");
    assert_int_equal(params_read("test", "output", "{\"bytes\":1073741824}", &arena, &params, NULL),
                     STATUS_OK);
    assert_int_equal(params_whole(&params, "bytes"), 1073741824);
    assert_int_equal(params_whole(&params, "lines"), 0);
    assert_int_equal(params_read("test", "sleep", "{\"duration\":\"1m5s\"}", &arena, &params, NULL),
                     STATUS_OK);
    assert_int_equal(duration_to_ms(params_duration(&params, "duration")), 65000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_parameters_are_accepted),
        cmocka_unit_test(bad_parameters_are_refused_with_a_reason),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(a_text_longer_than_a_spec_is_refused),
        cmocka_unit_test(all_that_is_wrong_stands_in_one_line),
        cmocka_unit_test(more_than_an_error_can_hold_is_cut),
        cmocka_unit_test(the_values_are_there_to_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
