#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/connect.h"

/* A home directory with the nats CLI's files in it. */
struct home {
    char path[64];
    char variable[96];
    struct connect connect;
    struct error err;
};

static int home_make(void **state)
{
    struct home *home = calloc(1, sizeof *home);
    *state = home;
    if (home == NULL)
        return -1;
    (void)snprintf(home->path, sizeof home->path, "/tmp/baton-connect-XXXXXX");
    char path[128];
    bool made = mkdtemp(home->path) != NULL;
    static const char *const directories[] = {"/.config", "/.config/nats", "/.config/nats/context"};
    for (size_t i = 0; i < 3 && made; i++) {
        snprintf(path, sizeof path, "%s%s", home->path, directories[i]);
        made = mkdir(path, 0700) == 0;
    }
    snprintf(home->variable, sizeof home->variable, "HOME=%s", home->path);
    return made ? 0 : -1;
}

static void home_write(const struct home *home, const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/.config/nats/%s", home->path, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int home_remove(void **state)
{
    struct home *home = *state;
    static const char *const names[] = {"/context.txt", "/context/prod.json", "/context/bad.json",
                                        "/context", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/.config/nats%s", home->path, names[i]);
        (void)remove(path);
    }
    char path[128];
    snprintf(path, sizeof path, "%s/.config", home->path);
    (void)rmdir(path);
    int removed = rmdir(home->path);
    connect_done(&home->connect);
    free(home);
    return removed;
}

static enum status home_resolve(struct home *home, const struct connect_wish *wish,
                                const char *variable, const char *second)
{
    char *environment[] = {home->variable, (char *)variable, (char *)second, NULL};
    connect_done(&home->connect);
    return connect_resolve(wish, environment, &home->connect, &home->err);
}

static void with_nothing_said_it_is_the_local_server(void **state)
{
    struct home *home = *state;
    struct connect_wish wish = {0};
    assert_int_equal(home_resolve(home, &wish, NULL, NULL), STATUS_OK);
    assert_string_equal(home->connect.url, "nats://127.0.0.1:4222");
    assert_null(home->connect.creds);
}

static void a_flag_wins_over_the_environment(void **state)
{
    struct home *home = *state;
    struct connect_wish wish = {.server = "nats://flag"};
    assert_int_equal(home_resolve(home, &wish, "NATS_URL=nats://env", "NATS_CREDS=/c"), STATUS_OK);
    assert_string_equal(home->connect.url, "nats://flag");
    assert_string_equal(home->connect.creds, "/c");
    wish.server = "";
    assert_int_equal(home_resolve(home, &wish, "NATS_URL=nats://env", NULL), STATUS_OK);
    assert_string_equal(home->connect.url, "nats://env");
}

static void a_context_of_the_nats_cli_fills_the_gaps(void **state)
{
    struct home *home = *state;
    home_write(home, "context/prod.json",
               "{\"url\":\"nats://prod:4222\",\"creds\":\"/p.creds\",\"ca\":\"/ca.pem\","
               "\"cert\":\"\",\"description\":\"x\"}");
    struct connect_wish wish = {.context = "prod", .creds = "/mine"};
    assert_int_equal(home_resolve(home, &wish, NULL, NULL), STATUS_OK);
    assert_string_equal(home->connect.url, "nats://prod:4222");
    assert_string_equal(home->connect.creds, "/mine");
    assert_string_equal(home->connect.tls_ca, "/ca.pem");
    assert_null(home->connect.tls_cert);
    wish = (struct connect_wish){0};
    assert_int_equal(home_resolve(home, &wish, "NATS_CONTEXT=prod", NULL), STATUS_OK);
    assert_string_equal(home->connect.url, "nats://prod:4222");
}

static void the_selected_context_counts_only_when_no_server_is_named(void **state)
{
    struct home *home = *state;
    home_write(home, "context.txt", "prod\n");
    home_write(home, "context/prod.json", "{\"url\":\"nats://prod\",\"creds\":\"/p\"}");
    struct connect_wish wish = {0};
    assert_int_equal(home_resolve(home, &wish, NULL, NULL), STATUS_OK);
    assert_string_equal(home->connect.url, "nats://prod");
    wish.server = "nats://127.0.0.1:4333";
    assert_int_equal(home_resolve(home, &wish, NULL, NULL), STATUS_OK);
    assert_string_equal(home->connect.url, "nats://127.0.0.1:4333");
    assert_null(home->connect.creds);
}

static void a_password_or_token_travels_in_the_url(void **state)
{
    struct home *home = *state;
    struct connect_wish wish = {.context = "prod"};
    home_write(home, "context/prod.json",
               "{\"url\":\"nats://prod\",\"user\":\"me\",\"password\":\"p@ss:1\"}");
    assert_int_equal(home_resolve(home, &wish, NULL, NULL), STATUS_OK);
    assert_string_equal(home->connect.url, "nats://me:p%40ss%3A1@prod");
    home_write(home, "context/prod.json", "{\"url\":\"prod\",\"token\":\"s3\"}");
    assert_int_equal(home_resolve(home, &wish, NULL, NULL), STATUS_OK);
    assert_string_equal(home->connect.url, "nats://s3@prod");
}

static void a_missing_or_broken_context_is_told(void **state)
{
    struct home *home = *state;
    struct connect_wish wish = {.context = "nowhere"};
    assert_int_equal(home_resolve(home, &wish, NULL, NULL), STATUS_NOT_FOUND);
    assert_non_null(strstr(home->err.text, "context nowhere: "));
    home_write(home, "context/bad.json", "{\"url\":\n  oops}");
    wish.context = "bad";
    assert_int_equal(home_resolve(home, &wish, NULL, NULL), STATUS_MALFORMED);
    assert_non_null(strstr(home->err.text, "bad.json:2:"));
    home_write(home, "context/bad.json", "[]");
    assert_int_equal(home_resolve(home, &wish, NULL, NULL), STATUS_MALFORMED);
    wish.context = "../../etc/passwd";
    assert_int_equal(home_resolve(home, &wish, NULL, NULL), STATUS_MALFORMED);
}

#define HOME_TEST(test) cmocka_unit_test_setup_teardown(test, home_make, home_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME_TEST(with_nothing_said_it_is_the_local_server),
        HOME_TEST(a_flag_wins_over_the_environment),
        HOME_TEST(a_context_of_the_nats_cli_fills_the_gaps),
        HOME_TEST(the_selected_context_counts_only_when_no_server_is_named),
        HOME_TEST(a_password_or_token_travels_in_the_url),
        HOME_TEST(a_missing_or_broken_context_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
