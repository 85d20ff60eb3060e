#include "spec_cases.h"

#include <dirent.h>

/* Run `check` on every file of a folder with that ending, in any order; `name` has no folder. */
static size_t each_file(const char *folder, const char *ending,
                        void (*check)(const char *path, const char *name))
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    size_t count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        size_t len = strlen(entry->d_name);
        if (len > strlen(ending) && strcmp(entry->d_name + len - strlen(ending), ending) == 0) {
            char path[1024];
            (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            check(path, entry->d_name);
            count++;
        }
    }
    (void)closedir(dir);
    return count;
}

/* Its findings as lines, those about backends that are not built in included. */
static void lines_of(struct bytes text, const char *name, struct buffer *out)
{
    struct problems problems = {0};
    AUTO_PTR(spec_free) struct spec *spec = NULL;
    enum status status = spec_parse(text, &spec, &problems);
    if (status == STATUS_OK) {
        status = spec_check_catalogue(spec, &problems);
    }
    assert_int_equal(status == STATUS_OK, problems.count == 0);
    assert_int_equal(problems_print(&problems, name, out), STATUS_OK);
}

static void example_passes(const char *path, const char *name)
{
    AUTO(buffer_done) struct buffer text = {0};
    AUTO(buffer_done) struct buffer lines = {0};
    case_read(path, &text);
    lines_of(buffer_bytes(&text), name, &lines);
    assert_string_equal(buffer_text(&lines), "");
}

static void every_example_passes(void **state)
{
    (void)state;
    assert_true(each_file(SPECS_DIR "/examples", ".yaml", example_passes) >= 11);
    assert_true(each_file(SPECS_DIR "/examples", ".json", example_passes) >= 1);
}

/* The lines "# expect: ..." at the beginning, without that mark. */
static void read_expectation(const char *text, struct buffer *out)
{
    static const char MARK[] = "# expect: ";
    while (strncmp(text, MARK, strlen(MARK)) == 0) {
        text += strlen(MARK);
        size_t len = strcspn(text, "\n");
        assert_int_equal(buffer_print(out, "%s", out->len == 0 ? "" : "\n"), STATUS_OK);
        assert_int_equal(buffer_append(out, bytes_of(text, len)), STATUS_OK);
        text += len + 1;
    }
}

static void rejected_yaml_says(const char *path, const char *name)
{
    AUTO(buffer_done) struct buffer text = {0};
    AUTO(buffer_done) struct buffer wanted = {0};
    AUTO(buffer_done) struct buffer lines = {0};
    case_read(path, &text);
    read_expectation(buffer_text(&text), &wanted);
    lines_of(buffer_bytes(&text), name, &lines);
    assert_true(wanted.len > 0);
    assert_string_equal(buffer_text(&lines), buffer_text(&wanted));
}

static void rejected_json_says(const char *path, const char *name)
{
    char expectation[1024];
    (void)snprintf(expectation, sizeof expectation, "%.*s.expect", (int)strlen(path) - 5, path);
    AUTO(buffer_done) struct buffer text = {0};
    AUTO(buffer_done) struct buffer wanted = {0};
    AUTO(buffer_done) struct buffer lines = {0};
    case_read(path, &text);
    case_read(expectation, &wanted);
    lines_of(buffer_bytes(&text), name, &lines);
    assert_int_equal(buffer_print(&lines, "\n"), STATUS_OK);
    assert_string_equal(buffer_text(&lines), buffer_text(&wanted));
}

static void every_rejected_spec_gets_exactly_its_messages(void **state)
{
    (void)state;
    size_t yaml = each_file(SPECS_DIR "/rejected", ".yaml", rejected_yaml_says);
    size_t json = each_file(SPECS_DIR "/rejected", ".json", rejected_json_says);
    assert_true(yaml + json >= 36);
}

static void steps_know_their_place_in_the_text(void **state)
{
    (void)state;
    AUTO_PTR(spec_free)
    struct spec *spec =
        case_spec(CASE_TARGET "tasks:\n- name: a\n  backend: ping\n  action: hostname\n"
                              "- tasks:\n  - " CASE_PING "\n");
    assert_int_equal(spec->plan->items[0].line, 4);
    assert_int_equal(spec->plan->items[0].column, 12);
    assert_int_equal(spec->plan->items[1].line, 6);
    assert_int_equal(spec->plan->items[2].line, 7);
    assert_int_equal(spec->plan->items[2].column, 15);
}

static void presets_are_written_into_the_message(void **state)
{
    (void)state;
    AUTO_PTR(spec_free)
    struct spec *spec =
        case_spec(CASE_TARGET
                  "tasks:\n- {backend: exec, action: run, params: {command: [a]}, max_retries: 2}\n"
                  "- tasks: [" CASE_PING "]\n- {backend: other, action: any}\n");
    const Baton__V1__Spec *message = spec->message;
    assert_int_equal(message->strategy, BATON__V1__STRATEGY__STRATEGY_FAIL_FAST);
    const Baton__V1__Task *task = message->tasks[0];
    assert_int_equal(task->timeout->ms, 300000);
    assert_int_equal(task->max_retries, 0);
    assert_int_equal(task->retry->max, 2);
    assert_int_equal(task->retry->initial->ms, 1000);
    assert_int_equal(task->retry->cap->ms, 30000);
    assert_int_equal(task->idempotent_choice_case, BATON__V1__TASK__IDEMPOTENT_CHOICE_IDEMPOTENT);
    assert_false(task->idempotent);
    assert_int_equal(task->sync, BATON__V1__SYNC__SYNC_ALL);
    assert_int_equal(message->tasks[1]->sync, BATON__V1__SYNC__SYNC_ALL);
    assert_int_equal(message->tasks[1]->tasks[0]->sync, BATON__V1__SYNC__SYNC_NONE);
    assert_true(message->tasks[1]->tasks[0]->idempotent);
    /* Only the nodes know about this one. */
    assert_int_equal(message->tasks[2]->idempotent_choice_case,
                     BATON__V1__TASK__IDEMPOTENT_CHOICE__NOT_SET);
}

static void a_job_that_does_not_fit_a_record_is_refused(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer text = {0};
    assert_int_equal(buffer_print(&text,
                                  CASE_TARGET "tasks: [{backend: exec, action: run, params: "
                                              "{command: [a], stdin: %01000000d_}}]\n",
                                  7),
                     STATUS_OK);
    struct problems problems = {0};
    struct spec *spec = NULL;
    assert_int_equal(spec_parse(buffer_bytes(&text), &spec, &problems), STATUS_LIMIT);
    case_problems_equal(&problems, "f:1:1: the job takes 1000068 bytes to store; at most 917504 "
                                   "(896 KiB) fit");
}

static void a_spec_cut_anywhere_is_refused_or_whole(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer text = {0};
    case_read(SPECS_DIR "/examples/pipeline-with-conditions.yaml", &text);
    for (size_t len = 0; len < text.len; len++) {
        struct problems problems = {0};
        AUTO_PTR(spec_free) struct spec *spec = NULL;
        enum status status = spec_parse(bytes_of(text.data, len), &spec, &problems);
        assert_int_equal(status == STATUS_OK, problems.count == 0);
        assert_int_equal(status == STATUS_OK, spec != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_passes),
        cmocka_unit_test(every_rejected_spec_gets_exactly_its_messages),
        cmocka_unit_test(steps_know_their_place_in_the_text),
        cmocka_unit_test(presets_are_written_into_the_message),
        cmocka_unit_test(a_job_that_does_not_fit_a_record_is_refused),
        cmocka_unit_test(a_spec_cut_anywhere_is_refused_or_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
