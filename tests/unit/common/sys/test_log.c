#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "sys/log.h"

/* A logger that writes into a pipe; the test reads the other end. */
struct sink {
    struct log log;
    int ends[2];
    char line[65536];
};

static struct sink *sink_of(void **state)
{
    return *state;
}

static int sink_open(void **state)
{
    struct sink *sink = calloc(1, sizeof *sink);
    *state = sink;
    if (sink == NULL || pipe(sink->ends) != 0)
        return -1;
    log_init(&sink->log, sink->ends[1], LOG_INFO);
    return 0;
}

static int sink_close(void **state)
{
    struct sink *sink = *state;
    close(sink->ends[0]);
    close(sink->ends[1]);
    free(sink);
    return 0;
}

static const char *sink_read(struct sink *sink)
{
    ssize_t len = read(sink->ends[0], sink->line, sizeof sink->line - 1);
    assert_true(len > 0);
    sink->line[len] = '\0';
    return sink->line;
}

static void a_line_is_one_json_object_with_typed_fields(void **state)
{
    struct sink *sink = sink_of(state);
    log_event(&sink->log, LOG_WARN, "job.claimed", LOG_TEXT("job", "j1"), LOG_INT("step", -3),
              LOG_UINT("seq", UINT64_MAX >> 1), LOG_BOOL("again", true), LOG_TEXT("owner", NULL),
              LOG_MS("wait_ms", DURATION_MS(250)));
    const char *line = sink_read(sink);
    assert_int_equal(strcspn(line, "\n"), strlen(line) - 1);
    json_t *json = json_loads(line, 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "level")), "warn");
    assert_string_equal(json_string_value(json_object_get(json, "event")), "job.claimed");
    assert_int_equal(strlen(json_string_value(json_object_get(json, "ts"))), 24);
    assert_string_equal(json_string_value(json_object_get(json, "job")), "j1");
    assert_int_equal(json_integer_value(json_object_get(json, "step")), -3);
    assert_int_equal(json_integer_value(json_object_get(json, "wait_ms")), 250);
    assert_true(json_is_true(json_object_get(json, "again")));
    assert_true(json_is_null(json_object_get(json, "owner")));
    json_decref(json);
}

static void text_from_outside_is_escaped(void **state)
{
    struct sink *sink = sink_of(state);
    const char *wild = "a \"quote\"\\ \n\t\x1b[31m\x7f caf\xc3\xa9";
    log_event(&sink->log, LOG_INFO, "x", LOG_TEXT("text", wild));
    json_t *json = json_loads(sink_read(sink), 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "text")), wild);
    assert_null(strchr(sink->line, '\x1b'));
    json_decref(json);
}

static void bytes_that_are_not_utf8_become_replacements(void **state)
{
    struct sink *sink = sink_of(state);
    /* A stray byte, a cut sequence, a surrogate, an over-long slash. */
    log_event(&sink->log, LOG_INFO, "x", LOG_TEXT("text", "\xff|\xc3|\xed\xa0\x80|\xc0\xaf|\xf0"));
    json_t *json = json_loads(sink_read(sink), 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "text")),
                        "\xef\xbf\xbd|\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|"
                        "\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd");
    json_decref(json);
}

static void less_important_events_are_dropped(void **state)
{
    struct sink *sink = sink_of(state);
    log_event(&sink->log, LOG_DEBUG, "dropped");
    log_event(&sink->log, LOG_ERROR, "kept");
    assert_non_null(strstr(sink_read(sink), "\"kept\""));
    assert_null(strstr(sink->line, "dropped"));
}

static void a_long_text_is_cut(void **state)
{
    struct sink *sink = sink_of(state);
    char *text = malloc(30001);
    assert_non_null(text);
    memset(text, 'x', 30000);
    text[30000] = '\0';
    log_event(&sink->log, LOG_INFO, "x", LOG_TEXT("text", text));
    free(text);
    json_t *json = json_loads(sink_read(sink), 0, NULL);
    assert_non_null(json);
    assert_int_equal(json_string_length(json_object_get(json, "text")), 8192 + 3);
    json_decref(json);
}

static void no_logger_writes_nothing(void **state)
{
    (void)state;
    log_event(NULL, LOG_ERROR, "nobody.hears", LOG_INT("n", 1));
}

static void text_for_people_quotes_where_needed(void **state)
{
    struct sink *sink = sink_of(state);
    sink->log.text = true;
    log_event(&sink->log, LOG_INFO, "node.seen", LOG_TEXT("node", "n1"), LOG_TEXT("why", "a b"),
              LOG_TEXT("none", ""));
    assert_non_null(strstr(sink_read(sink), " INFO  node.seen node=n1 why=\"a b\" none=\"\"\n"));
}

static void levels_are_read_by_name(void **state)
{
    (void)state;
    enum log_level level = LOG_INFO;
    assert_true(log_level_parse("error", &level));
    assert_int_equal(level, LOG_ERROR);
    assert_false(log_level_parse("loud", &level));
    assert_int_equal(level, LOG_ERROR);
    assert_string_equal(log_level_text(LOG_WARN), "warn");
}

#define SINK_TEST(test) cmocka_unit_test_setup_teardown(test, sink_open, sink_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SINK_TEST(a_line_is_one_json_object_with_typed_fields),
        SINK_TEST(text_from_outside_is_escaped),
        SINK_TEST(bytes_that_are_not_utf8_become_replacements),
        SINK_TEST(less_important_events_are_dropped),
        SINK_TEST(a_long_text_is_cut),
        cmocka_unit_test(no_logger_writes_nothing),
        SINK_TEST(text_for_people_quotes_where_needed),
        cmocka_unit_test(levels_are_read_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
