/* The worker's data directory. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "shell/workdir.h"

static void touch(const char *directory, const char *name)
{
    char path[2 * WORKDIR_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    (void)close(fd);
}

static void the_directory_is_made_locked_and_swept(void **state)
{
    (void)state;
    char base[] = "/tmp/baton-workdir-XXXXXX";
    assert_non_null(mkdtemp(base));
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, "%s/a/b/", base);
    struct workdir workdir;
    struct workdir twin;
    struct error err = {0};
    const struct attempt_key key = {.job = {.text = "job"}, .step = 1, .attempt = 2};
    assert_int_equal(workdir_open(&workdir, wanted, "baton", "n", &err), STATUS_OK);
    assert_int_equal(workdir_open(&twin, wanted, "baton", "n", &err), STATUS_CONFLICT);

    char ended[WORKDIR_PATH_MAX];
    char running[WORKDIR_PATH_MAX];
    assert_int_equal(workdir_make(&workdir, &key, "ended", ended, &err), STATUS_OK);
    assert_int_equal(workdir_make(&workdir, &key, "running", running, &err), STATUS_OK);
    assert_non_null(strstr(ended, "/a/b/runs/job.1.2.ended"));
    touch(ended, "spool");
    touch(ended, "exit");
    touch(running, "spool");
    workdir_close(&workdir);

    assert_int_equal(workdir_open(&workdir, wanted, "baton", "n", &err), STATUS_OK);
    assert_int_equal(access(ended, F_OK), -1);
    assert_int_equal(access(running, F_OK), 0);
    assert_int_equal(workdir_make(&workdir, &key, "running", running, &err), STATUS_OK);
    workdir_remove(running);
    assert_int_equal(access(running, F_OK), -1);
    workdir_close(&workdir);
    assert_int_equal(unlinkat(AT_FDCWD, base, AT_REMOVEDIR), -1); /* ours stays */
    char command[WORKDIR_PATH_MAX];
    static const char *const left[] = {"a/b/runs", "a/b/lock", "a/b", "a", ""};
    for (unsigned i = 0; i < sizeof left / sizeof left[0]; i++) {
        (void)snprintf(command, sizeof command, "%s/%s", base, left[i]);
        assert_int_equal(remove(command), 0);
    }
}

static void a_directory_that_can_not_be_made_is_an_error(void **state)
{
    (void)state;
    struct workdir workdir;
    struct error err = {0};
    assert_int_equal(workdir_open(&workdir, "/proc/nowhere", "baton", "n", &err), STATUS_IO);
    assert_non_null(strstr(err.text, "/proc/nowhere"));
}

static void without_a_wish_the_state_directory_is_used_or_a_temporary_one(void **state)
{
    (void)state;
    char base[] = "/tmp/baton-state-XXXXXX";
    struct workdir workdir;
    struct error err = {0};
    assert_non_null(mkdtemp(base));
    assert_int_equal(setenv("XDG_STATE_HOME", base, 1), 0);
    assert_int_equal(workdir_open(&workdir, NULL, "cell", "n", &err), STATUS_OK);
    assert_non_null(strstr(workdir.path, "/baton/cell/n"));
    assert_false(workdir.temporary);
    workdir_close(&workdir);
    static const char *const left[] = {
        "baton/cell/n/runs", "baton/cell/n/lock", "baton/cell/n", "baton/cell", "baton", ""};
    char path[WORKDIR_PATH_MAX];
    for (unsigned i = 0; i < sizeof left / sizeof left[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", base, left[i]);
        assert_int_equal(remove(path), 0);
    }
    assert_int_equal(setenv("XDG_STATE_HOME", "/proc/nowhere", 1), 0);
    assert_int_equal(workdir_open(&workdir, NULL, "cell", "n", &err), STATUS_OK);
    assert_true(workdir.temporary);
    memcpy(path, workdir.path, sizeof path);
    workdir_close(&workdir);
    assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_directory_is_made_locked_and_swept),
        cmocka_unit_test(a_directory_that_can_not_be_made_is_an_error),
        cmocka_unit_test(without_a_wish_the_state_directory_is_used_or_a_temporary_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
