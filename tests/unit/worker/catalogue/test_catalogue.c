/* What a worker offers and accepts; and that it is what the controllers think. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "catalogue/catalogue.h"
#include "spec/backends.h"

static enum status try(const char *backend, const char *action, const char *text)
{
    enum action_kind kind = ACTION_KIND_COUNT;
    json_t *params = NULL;
    struct error err = {0};
    assert_int_equal(catalogue_find(backend, action, &kind, NULL), STATUS_OK);
    enum status status = catalogue_params(kind, text, &params, &err);
    assert_true((status == STATUS_OK) == (params != NULL));
    assert_true((status == STATUS_OK) == (err.text[0] == '\0'));
    json_decref(params);
    return status;
}

static void good_parameters_are_accepted(void **state)
{
    (void)state;
    static const char *const good[][3] = {
        {"ping", "echo", "{\"message\":\"hi\"}"},
        {"ping", "echo", "{\"message\":5}"},
        {"ping", "echo", "{\"message\":true}"},
        {"ping", "hostname", ""},
        {"ping", "hostname", "{}"},
        {"ping", "sleep", "{\"duration\":\"1h30m\"}"},
        {"test", "fail", "{}"},
        {"test", "flaky", "{\"rate\":12}"},
        {"test", "output", "{\"bytes\":10,\"lines\":2}"},
        {"exec", "run", "{\"command\":[\"ls\",5]}"},
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
        {"test", "output", "{\"bytes\":-1}"},
        {"test", "output", "{\"lines\":\"3\"}"},
        {"exec", "run", "{}"},
        {"exec", "run", "{\"command\":[]}"},
        {"exec", "run", "{\"command\":\"ls\"}"},
        {"exec", "run", "{\"command\":[\"\"]}"},
        {"exec", "run", "{\"command\":[[]]}"},
        {"exec", "run", "{\"command\":[\"ls\"],\"cwd\":\"\"}"},
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

static void durations_are_read_in_milliseconds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {{"500ms", 500}, {"90s", 90000}, {"5m", 300000}, {"1h30m", 5400000}, {"0s", 0}};
    static const char *const bad[] = {"",    "5",    "s",    "5 s",
                                      "-1s", "1.5s", "1h30", "9999999999999999s"};
    uint64_t ms = 77;
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(catalogue_duration(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    ms = 77;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(catalogue_duration(bad[i], &ms));
    assert_int_equal(ms, 77);
}

static void unknown_backends_and_actions_are_told_apart(void **state)
{
    (void)state;
    enum action_kind kind = ACTION_KIND_COUNT;
    struct error err = {0};
    assert_int_equal(catalogue_find("nope", "run", &kind, &err), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.text, "unknown backend 'nope'"));
    assert_int_equal(catalogue_find("ping", "run", &kind, &err), STATUS_NOT_FOUND);
    assert_non_null(strstr(err.text, "no action 'run'"));
    assert_int_equal(kind, ACTION_KIND_COUNT);
}

static void every_action_of_the_spec_is_offered_and_no_other(void **state)
{
    (void)state;
    size_t count = 0;
    const struct backend_action *wanted = NULL;
    for (; (wanted = backends_at(count)) != NULL; count++) {
        enum action_kind kind = ACTION_KIND_COUNT;
        assert_int_equal(catalogue_find(wanted->backend, wanted->name, &kind, NULL), STATUS_OK);
        assert_int_equal(catalogue_action(kind)->idempotent, wanted->idempotent);
    }
    assert_int_equal(count, ACTION_KIND_COUNT);
    json_t *described = catalogue_describe();
    assert_true(json_is_false(
        json_object_get(json_object_get(json_object_get(described, "exec"), "run"), "idempotent")));
    json_decref(described);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_parameters_are_accepted),
        cmocka_unit_test(bad_parameters_are_refused_with_a_reason),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(durations_are_read_in_milliseconds),
        cmocka_unit_test(unknown_backends_and_actions_are_told_apart),
        cmocka_unit_test(every_action_of_the_spec_is_offered_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
