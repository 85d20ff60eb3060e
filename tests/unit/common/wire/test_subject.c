#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/subject.h"

static void every_name_of_a_cell_is_the_protocols(void **state)
{
    (void)state;
    assert_string_equal(subject_stream("c", CELL_SUBMIT).text, "c_submit");
    assert_string_equal(subject_stream("c", CELL_LOG).text, "c_log");
    assert_string_equal(subject_stream("c", CELL_TASKS).text, "c_tasks");
    assert_string_equal(subject_stream("c", CELL_RESULTS).text, "c_results");
    assert_string_equal(subject_stream("c", CELL_OUTPUT).text, "c_output");
    assert_string_equal(subject_bucket("c", CELL_JOBS).text, "c_jobs");
    assert_string_equal(subject_bucket("c", CELL_CONTROLLERS).text, "c_controllers");
    assert_string_equal(subject_bucket("c", CELL_WORKERS).text, "c_workers");
    assert_string_equal(subject_submit("c").text, "c.submit");
    assert_string_equal(subject_log("c", "j").text, "c.log.j");
    assert_string_equal(subject_task("c", "n").text, "c.task.n");
    assert_string_equal(subject_result("c", "j", "n").text, "c.result.j.n");
    assert_string_equal(subject_signal("c", "j").text, "c.signal.j");
    assert_string_equal(subject_output("c", "j", "n").text, "c.output.j.n");
    assert_string_equal(subject_cancel("c", "n").text, "c.cancel.n");
    assert_string_equal(subject_event("c", "j", "started").text, "c.evt.j.started");
    assert_string_equal(subject_api("c", "job.run").text, "c.api.job.run");
    assert_string_equal(subject_worker_consumer("n").text, "worker-n");
}

static void the_longest_names_fit(void **state)
{
    (void)state;
    char name[NAME_MAX_BYTES + 1] = {0};
    memset(name, 'n', NAME_MAX_BYTES);
    struct subject subject = subject_result(name, name, name);
    assert_int_equal(strlen(subject.text), 3 * NAME_MAX_BYTES + strlen(".result.") + 1);
    struct name tokens[2];
    assert_true(subject_parse(subject.text, name, "result", tokens, 2));
    assert_string_equal(tokens[1].text, name);
}

static void what_is_put_together_comes_apart_again(void **state)
{
    (void)state;
    struct name tokens[2];
    assert_true(subject_parse("c.result.job-1.node_2", "c", "result", tokens, 2));
    assert_string_equal(tokens[0].text, "job-1");
    assert_string_equal(tokens[1].text, "node_2");
    assert_true(subject_parse("c.signal.j", "c", "signal", tokens, 1));
    assert_string_equal(tokens[0].text, "j");
}

static void a_subject_of_another_form_is_refused(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        "c",
        "c.result",
        "c.result.",
        "c.result.j",
        "c.result.j.",
        "c.result..",
        "c.result.j.n.x",
        "c.result.j.n.",
        "d.result.j.n",
        "cc.result.j.n",
        "c.results.j.n",
        "c.signal.j.n",
        "c.result.j.*",
        "c.result.>.n",
        "c.result.j n.x",
        "c.result.j.\xff",
        ".result.j.n",
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct name tokens[2];
        if (subject_parse(others[i], "c", "result", tokens, 2))
            fail_msg("%s", others[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_of_a_cell_is_the_protocols),
        cmocka_unit_test(the_longest_names_fit),
        cmocka_unit_test(what_is_put_together_comes_apart_again),
        cmocka_unit_test(a_subject_of_another_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
