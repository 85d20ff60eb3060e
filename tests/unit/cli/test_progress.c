#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "progress.h"

static const char job_text[] =
    "{\"expected\":[\"a\",\"b\"],\"steps\":["
    "{\"step\":0,\"path\":\"0\",\"backend\":\"ping\",\"action\":\"echo\",\"nodes\":{}},"
    "{\"step\":1,\"path\":\"1.0\",\"backend\":\"exec\",\"action\":\"run\",\"nodes\":{}},"
    "{\"step\":2,\"path\":\"1.1\",\"backend\":\"exec\",\"action\":\"run\",\"nodes\":{}}]}";

struct show {
    struct progress progress;
    char *text;
    size_t size;
};

static int show_open(void **state)
{
    struct show *show = calloc(1, sizeof *show);
    *state = show;
    if (show == NULL)
        return -1;
    progress_init(&show->progress, open_memstream(&show->text, &show->size), false, false);
    json_t *job = json_loads(job_text, 0, NULL);
    progress_load(&show->progress, job);
    json_decref(job);
    return 0;
}

static int show_close(void **state)
{
    struct show *show = *state;
    FILE *file = show->progress.file;
    progress_done(&show->progress);
    fclose(file);
    free(show->text);
    free(show);
    return 0;
}

static void show_event(struct show *show, int step, const char *node, const char *state)
{
    json_t *event = json_pack("{s:s,s:i,s:s,s:s}", "kind", "attempt", "step", step, "node", node,
                              "state", state);
    progress_event(&show->progress, event);
    json_decref(event);
}

static const char *show_text(struct show *show)
{
    fflush(show->progress.file);
    return show->text;
}

static void a_phase_is_told_when_the_next_one_begins(void **state)
{
    struct show *show = *state;
    show_event(show, 0, "a", "running");
    show_event(show, 0, "b", "running");
    show_event(show, 0, "a", "succeeded");
    show_event(show, 0, "b", "failed");
    assert_string_equal(show_text(show), "");
    show_event(show, 1, "a", "running");
    assert_string_equal(show_text(show), "phase 1/2  ping echo  2/2  1 succeeded  1 failed\n");
    progress_finish(&show->progress);
    assert_string_equal(show_text(show), "phase 1/2  ping echo  2/2  1 succeeded  1 failed\n"
                                         "phase 2/2  exec run, ...  0/4  1 running\n");
}

static void a_live_line_is_redrawn_in_place(void **state)
{
    struct show *show = *state;
    show->progress.live = true;
    show_event(show, 0, "a", "running");
    assert_string_equal(show_text(show), "phase 1/2  ping echo  0/2  1 running");
    show_event(show, 0, "a", "succeeded");
    assert_non_null(strstr(show_text(show), "\r\033[Kphase 1/2  ping echo  1/2  1 succeeded"));
}

static void the_whole_job_fills_what_events_did_not_tell(void **state)
{
    struct show *show = *state;
    json_t *job = json_loads(
        "{\"steps\":[{\"step\":0,\"nodes\":{\"a\":{\"state\":\"succeeded\"},\"b\":{\"state\":"
        "\"succeeded\"}}},{\"step\":1,\"nodes\":{\"a\":{\"state\":\"skipped\"},\"zz\":{}}}]}",
        0, NULL);
    progress_load(&show->progress, job);
    json_decref(job);
    progress_finish(&show->progress);
    assert_string_equal(show_text(show), "phase 1/2  ping echo  2/2  2 succeeded\n"
                                         "phase 2/2  exec run, ...  1/4  1 skipped\n");
}

static void events_that_overtake_the_shape_count_on_top_of_it(void **state)
{
    struct show *show = *state;
    struct progress progress;
    progress_init(&progress, show->progress.file, false, false);
    static const char *const states[] = {"running", "succeeded"};
    for (size_t i = 0; i < 2; i++) {
        json_t *event = json_pack("{s:s,s:i,s:s,s:s}", "kind", "attempt", "step", 0, "node", "b",
                                  "state", states[i]);
        progress_event(&progress, event);
        json_decref(event);
    }
    json_t *job = json_loads(job_text, 0, NULL);
    (void)json_object_set_new(
        json_object_get(json_array_get(json_object_get(job, "steps"), 0), "nodes"), "a",
        json_pack("{s:s}", "state", "running"));
    progress_load(&progress, job);
    progress_finish(&progress);
    json_decref(job);
    progress_done(&progress);
    assert_string_equal(show_text(show), "phase 1/2  ping echo  1/2  1 running  1 succeeded\n");
}

static void foreign_events_change_nothing(void **state)
{
    struct show *show = *state;
    json_t *event = json_pack("{s:s,s:i}", "kind", "attempt", "step", 99);
    progress_event(&show->progress, event);
    progress_event(&show->progress, NULL);
    json_decref(event);
    show_event(show, -1, "a", "running");
    show_event(show, 3, "a", "running");
    show_event(show, 0, "stranger", "running");
    show_event(show, 0, "a", "dancing");
    progress_finish(&show->progress);
    assert_string_equal(show_text(show), "");
}

static void a_job_without_a_shape_has_no_progress(void **state)
{
    (void)state;
    struct progress progress;
    progress_init(&progress, stderr, false, false);
    static const char *const jobs[] = {
        "{}", "{\"steps\":[],\"expected\":[\"a\"]}",
        "{\"steps\":[{\"path\":\"4000000000\"}],\"expected\":[\"a\"]}"};
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        json_t *job = json_loads(jobs[i], 0, NULL);
        progress_load(&progress, job);
        json_decref(job);
        assert_int_equal(progress.phase_count, 0);
    }
    progress_finish(&progress);
    progress_done(&progress);
}

#define SHOW_TEST(test) cmocka_unit_test_setup_teardown(test, show_open, show_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHOW_TEST(a_phase_is_told_when_the_next_one_begins),
        SHOW_TEST(a_live_line_is_redrawn_in_place),
        SHOW_TEST(the_whole_job_fills_what_events_did_not_tell),
        SHOW_TEST(events_that_overtake_the_shape_count_on_top_of_it),
        SHOW_TEST(foreign_events_change_nothing),
        cmocka_unit_test(a_job_without_a_shape_has_no_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
