/* One session: requests and their one answer, deadlines, losing the server, closing, and the
 * service protocol. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { IN_FLIGHT = 70000 };

static void bench_ignore(void *ctx, const struct bus_message *message)
{
    (void)ctx;
    (void)message;
}

static struct got ask(struct bench *bench, const char *subject, struct bytes body,
                      struct duration deadline)
{
    struct got got = {0};
    bus_request(bench->bus, subject, NULL, body, deadline, bench_answer, &got);
    assert_int_equal(got.count, 0);
    AWAIT(bench, got.count > 0);
    return got;
}

static void a_session_knows_its_server(void **state)
{
    struct bench *bench = (struct bench *)*state;
    assert_int_equal(strncmp(bus_server_version(bench->bus), "2.", 2), 0);
    assert_string_equal(bus_server_url(bench->bus), bench->server.url);
    assert_int_equal(bus_payload_bytes_max(bench->bus), 1024 * 1024);
}

static void no_server_is_an_error_with_its_address(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct bus_options options = {.url = "nats://127.0.0.1:1"};
    assert_null(bench_try_open(bench, &options));
    assert_int_equal(bench->refused.status, STATUS_UNAVAILABLE);
    assert_non_null(strstr(bench->refused.text, "nats://127.0.0.1:1"));
    char list[256];
    (void)snprintf(list, sizeof(list), "nats://127.0.0.1:1, %s", bench->server.url);
    options.url = list;
    struct bus *bus = bench_try_open(bench, &options);
    assert_non_null(bus);
    bench_close(bench, bus);
}

static void a_request_nobody_listens_to_is_told_so(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct got got = ask(bench, "nobody", bytes_of_text("x"), (struct duration){0});
    assert_int_equal(got.outcome, BUS_NO_RESPONDERS);
    assert_int_equal(got.err_code, 503);
    assert_int_equal(bench_store(bench, "no.stream", "x").outcome, BUS_NO_RESPONDERS);
}

struct late {
    struct bench *bench;
    char reply[128];
};

static void keep_the_reply(void *ctx, const struct bus_message *message)
{
    (void)snprintf(((struct late *)ctx)->reply, sizeof(((struct late *)ctx)->reply), "%s",
                   message->reply);
}

static void a_request_past_its_deadline_is_told_so_and_a_late_answer_is_dropped(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct late late = {.bench = bench};
    (void)bus_subscribe(bench->bus, "slow", NULL, keep_the_reply, &late);
    uint64_t start_ns = uv_hrtime();
    struct got got = {0};
    bus_request(bench->bus, "slow", NULL, bytes_of_text("x"), DURATION_MS(300), bench_answer, &got);
    AWAIT(bench, got.count == 1);
    assert_int_equal(got.outcome, BUS_TIMEOUT);
    assert_true(uv_hrtime() - start_ns >= 300000000u);
    assert_true(late.reply[0] != '\0');
    struct got next = {0};
    bus_request(bench->bus, "slow", NULL, bytes_of_text("x"), DURATION_MS(300), bench_answer,
                &next);
    bus_publish(bench->bus, late.reply, NULL, NULL, bytes_of_text("late"));
    AWAIT(bench, next.count == 1);
    assert_int_equal(next.outcome, BUS_TIMEOUT); /* not the late answer to the one before */
    assert_int_equal(got.count, 1);
}

static void respond(void *ctx, const struct bus_message *message)
{
    bus_respond(((struct bench *)ctx)->bus, message->reply, message->body);
}

struct tally {
    unsigned count;
    unsigned outcomes[BUS_OUTCOME_COUNT];
};

static void tally_answer(void *ctx, const struct bus_answer *answer)
{
    struct tally *tally = (struct tally *)ctx;
    tally->count++;
    tally->outcomes[answer->outcome]++;
}

static void seventy_thousand_requests_may_be_in_flight(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct tally tally = {0};
    (void)bus_subscribe(bench->bus, "echo", NULL, respond, bench);
    for (int i = 0; i < IN_FLIGHT; i++)
        bus_request(bench->bus, "echo", NULL, bytes_of_text("x"), DURATION_MS(60000), tally_answer,
                    &tally);
    AWAIT(bench, tally.count == IN_FLIGHT);
    assert_int_equal(tally.outcomes[BUS_OK], IN_FLIGHT);
}

static void a_lost_server_answers_everything_in_flight_and_then_tells_of_the_loss(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct tally tally = {0};
    struct got ensure = {0};
    const char *const subjects[] = {"log.*", NULL};
    struct bus_stream stream = {.name = "LOG", .subjects = subjects};
    (void)bus_subscribe(bench->bus, "silent", NULL, bench_ignore, NULL);
    nats_server_freeze(&bench->server);
    for (int i = 0; i < 100; i++)
        bus_request(bench->bus, "silent", NULL, bytes_of_text("x"), (struct duration){0},
                    tally_answer, &tally);
    bus_stream_ensure(bench->bus, &stream, bench_answer, &ensure);
    bus_kv_update(bench->bus, "b", "k", bytes_of_text("v"), 0, tally_answer, &tally);
    nats_server_kill(&bench->server);
    AWAIT(bench, bench->lost_count == 1);
    assert_int_equal(tally.count, 101);
    assert_int_equal(tally.outcomes[BUS_LOST], 101);
    assert_int_equal(ensure.count, 1);
    assert_int_equal(ensure.outcome, BUS_LOST);
    /* The dead session still answers, and never before the asking function has returned. */
    struct got got = ask(bench, "silent", bytes_of_text("x"), (struct duration){0});
    assert_int_equal(got.outcome, BUS_LOST);
    assert_null(bus_subscribe(bench->bus, "x", NULL, bench_ignore, NULL));
    bench_idle(bench, 50);
    assert_int_equal(bench->lost_count, 1);
}

static void a_payload_over_the_limit_is_refused_and_the_session_lives_on(void **state)
{
    struct bench *bench = (struct bench *)*state;
    size_t max = bus_payload_bytes_max(bench->bus);
    char *big = (char *)calloc(1, max + 1);
    assert_non_null(big);
    (void)bus_subscribe(bench->bus, "echo", NULL, respond, bench);
    struct got got = ask(bench, "echo", bytes_of(big, max + 1), (struct duration){0});
    assert_int_equal(got.outcome, BUS_REFUSED);
    assert_non_null(strstr(got.text, "1048577 bytes"));
    got = ask(bench, "echo", bytes_of(big, max), (struct duration){0});
    assert_int_equal(got.outcome, BUS_OK);
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    struct got stored = {0};
    /* The body alone would fit, with the headers it is too much. */
    struct bus_store store = {.subject = "log.a", .body = bytes_of(big, max), .expect_set = true};
    bus_store(bench->bus, &store, bench_answer, &stored);
    AWAIT(bench, stored.count == 1);
    assert_int_equal(stored.outcome, BUS_REFUSED);
    assert_int_equal(bench_store(bench, "log.a", "x").outcome, BUS_OK);
    assert_int_equal(bench->lost_count, 0);
    free(big);
}

static void a_server_that_stops_reading_ends_the_session_within_a_bound(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct tally tally = {0};
    static char body[256 * 1024];
    nats_server_freeze(&bench->server);
    for (int i = 0; i < 200; i++)
        bus_request(bench->bus, "silent", NULL, bytes_of(body, sizeof(body)), DURATION_MS(60000),
                    tally_answer, &tally);
    AWAIT(bench, bench->lost_count == 1);
    /* One that was asked when the session had just died is answered a turn later. */
    AWAIT(bench, tally.count == 200);
    assert_int_equal(tally.outcomes[BUS_LOST], 200);
    nats_server_kill(&bench->server);
}

static void what_was_published_just_before_closing_is_delivered(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct bus *other = bench_open(bench);
    struct seen seen = {.bench = bench};
    (void)bus_subscribe(bench->bus, "farewell", NULL, bench_each, &seen);
    (void)bus_subscribe(bench->bus, "echo", NULL, respond, bench);
    (void)ask(bench, "echo", bytes_of_text("x"), (struct duration){0}); /* subscribed by now */
    for (int i = 0; i < 100; i++)
        bus_publish(other, "farewell", NULL, NULL, bytes_of_text("bye"));
    bench_close(bench, other);
    AWAIT(bench, seen.count == 100);
}

struct closer {
    struct bench *bench;
    unsigned count;
    bool closed;
};

static void closer_closed(void *ctx)
{
    ((struct closer *)ctx)->closed = true;
}

static void close_within(void *ctx, const struct bus_message *message)
{
    struct closer *closer = (struct closer *)ctx;
    (void)message;
    closer->count++;
    bus_close(closer->bench->bus, closer_closed, closer);
    closer->bench->bus = NULL;
}

static void a_callback_may_close_the_session_and_nothing_is_answered_after(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct closer closer = {.bench = bench};
    struct tally tally = {0};
    struct seen seen = {.bench = bench};
    bench_stream(bench, "LOG", "log.*", BUS_LIMITS);
    struct bus_follow_options options = {.stream = "LOG", .from_seq = 1};
    struct bus_consumer consumer = {.stream = "LOG", .name = "c"};
    (void)bus_follow(bench->bus, &options, bench_each, bench_caught_up, &seen);
    (void)bus_pull(bench->bus, &consumer, 1, bench_each, bench_trouble, &seen);
    (void)bus_kv_watch(bench->bus, "none", "*", NULL, NULL, NULL);
    (void)bus_service(bench->bus, "s", "1", "", NULL, 0, NULL);
    (void)bus_subscribe(bench->bus, "close", NULL, close_within, &closer);
    for (int i = 0; i < 3; i++)
        bus_publish(bench->bus, "close", NULL, NULL, bytes_of_text("x"));
    bus_request(bench->bus, "close", NULL, bytes_of_text("x"), (struct duration){0}, tally_answer,
                &tally);
    bus_kv_update(bench->bus, "none", "k", bytes_of_text("x"), 0, tally_answer, &tally);
    AWAIT(bench, closer.closed);
    assert_int_equal(closer.count, 1);
    assert_int_equal(tally.count, 0);
    assert_int_equal(bench->lost_count, 0);
}

static void unsubscribing_is_at_once(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct seen seen = {.bench = bench};
    struct bus_subscription *subscription = bus_subscribe(bench->bus, "s", NULL, bench_each, &seen);
    (void)bus_subscribe(bench->bus, "echo", NULL, respond, bench);
    bus_publish(bench->bus, "s", NULL, NULL, bytes_of_text("x"));
    bus_unsubscribe(subscription);
    (void)ask(bench, "echo", bytes_of_text("x"), (struct duration){0});
    assert_int_equal(seen.count, 0);
}

static void only_one_of_a_queue_group_gets_a_message(void **state)
{
    struct bench *bench = (struct bench *)*state;
    struct seen a = {.bench = bench};
    struct seen b = {.bench = bench};
    (void)bus_subscribe(bench->bus, "s", "q", bench_each, &a);
    (void)bus_subscribe(bench->bus, "s", "q", bench_each, &b);
    for (int i = 0; i < 100; i++)
        bus_publish(bench->bus, "s", NULL, NULL, bytes_of_text("x"));
    AWAIT(bench, a.count + b.count == 100);
    assert_true(a.count > 0 && b.count > 0);
}

/* --- services --- */

static void fail_politely(void *ctx, const struct bus_message *message)
{
    bus_respond_error(((struct bench *)ctx)->bus, message->reply, 404, "no such\r\nthing",
                      bytes_of_text("{\"error\":{}}"));
}

static void a_service_answers_ping_info_and_stats_of_the_service_protocol(void **state)
{
    struct bench *bench = (struct bench *)*state;
    const struct bus_endpoint endpoints[] = {{"good", "api.good", respond},
                                             {"bad", "api.bad", fail_politely}};
    struct bus_service *service =
        bus_service(bench->bus, "svc", "0.1.0", "what it does", endpoints, 2, bench);
    struct got got = ask(bench, "api.good", bytes_of_text("hello"), (struct duration){0});
    assert_string_equal(got.body, "hello");
    got = ask(bench, "api.bad", bytes_of_text("hello"), (struct duration){0});
    assert_string_equal(got.header, "no such  thing");
    assert_string_equal(got.body, "{\"error\":{}}");
    got = ask(bench, "$SRV.PING", (struct bytes){0}, (struct duration){0});
    assert_non_null(strstr(got.body, "\"type\":\"io.nats.micro.v1.ping_response\""));
    assert_non_null(strstr(got.body, "\"name\":\"svc\""));
    got = ask(bench, "$SRV.INFO.svc", (struct bytes){0}, (struct duration){0});
    assert_non_null(strstr(got.body, "\"type\":\"io.nats.micro.v1.info_response\""));
    assert_non_null(strstr(got.body, "\"description\":\"what it does\""));
    assert_non_null(strstr(got.body, "\"subject\":\"api.good\""));
    char subject[128];
    char id[64] = "";
    const char *at = strstr(got.body, "\"id\":\"");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"id\":\"%63[0-9a-f]", id), 1);
    (void)snprintf(subject, sizeof(subject), "$SRV.STATS.svc.%s", id);
    got = ask(bench, subject, (struct bytes){0}, (struct duration){0});
    assert_non_null(strstr(got.body, "\"type\":\"io.nats.micro.v1.stats_response\""));
    assert_non_null(strstr(got.body, "\"num_requests\":1,\"num_errors\":0,\"last_error\":\"\""));
    assert_non_null(strstr(got.body, "\"num_errors\":1,\"last_error\":\"404:no such  thing\""));
    bus_service_stop(service);
    got = ask(bench, "$SRV.PING.svc", (struct bytes){0}, (struct duration){0});
    assert_int_equal(got.outcome, BUS_NO_RESPONDERS);
    got = ask(bench, "api.good", (struct bytes){0}, (struct duration){0});
    assert_int_equal(got.outcome, BUS_NO_RESPONDERS);
}

/* --- who may connect --- */

static const char seed[] = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";

static void a_server_that_asks_for_a_key_gets_it_or_refuses(void **state)
{
    struct bench *bench = (struct bench *)*state;
    char path[128];
    bench_close_first(bench);
    nats_server_stop(&bench->server);
    assert_true(nats_server_start(
        &bench->server, "authorization { users: [ { nkey: "
                        "\"UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4\" } ] }"));
    struct bus_options options = {.url = bench->server.url};
    assert_null(bench_try_open(bench, &options));
    assert_int_equal(bench->refused.status, STATUS_DENIED);
    (void)snprintf(path, sizeof(path), "%s/user.nk", bench->server.dir);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fprintf(file, "%s\n", seed), sizeof(seed));
    assert_int_equal(fclose(file), 0);
    options.nkey = path;
    bench->bus = bench_try_open(bench, &options);
    assert_non_null(bench->bus);
    assert_int_equal(ask(bench, "nobody", (struct bytes){0}, (struct duration){0}).outcome,
                     BUS_NO_RESPONDERS);
    options.nkey = "/does/not/exist";
    assert_null(bench_try_open(bench, &options));
    assert_non_null(strstr(bench->refused.text, "/does/not/exist"));
}

/* A certificate for localhost that signs itself. @return whether there is an openssl program. */
static bool make_certificate(const char *key, const char *cert)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        if (freopen("/dev/null", "w", stderr) != NULL)
            (void)execlp("openssl", "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                         "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
                         "-addext", "subjectAltName=DNS:localhost", (char *)NULL);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static void tls_needs_the_authority_that_signed_the_server(void **state)
{
    struct bench *bench = (struct bench *)*state;
    char dir[] = "/tmp/baton-tls-XXXXXX";
    char key[64];
    char cert[64];
    char config[256];
    char url[64];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(key, sizeof(key), "%s/key.pem", dir);
    (void)snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
    if (!make_certificate(key, cert)) {
        print_message("# SKIP: no openssl program\n");
        skip();
    }
    bench_close_first(bench);
    nats_server_stop(&bench->server);
    (void)snprintf(config, sizeof(config), "tls { cert_file: \"%s\", key_file: \"%s\" }", cert,
                   key);
    assert_true(nats_server_start(&bench->server, config));
    (void)snprintf(url, sizeof(url), "nats://localhost:%d", bench->server.port);
    struct bus_options options = {.url = url};
    assert_null(bench_try_open(bench, &options));
    options.tls_ca = cert;
    bench->bus = bench_try_open(bench, &options);
    if (bench->bus == NULL)
        print_error("%s\n", bench->refused.text);
    assert_non_null(bench->bus);
    assert_int_equal(ask(bench, "nobody", (struct bytes){0}, (struct duration){0}).outcome,
                     BUS_NO_RESPONDERS);
    assert_int_equal(strncmp(bus_server_version(bench->bus), "2.", 2), 0);
    (void)remove(key);
    (void)remove(cert);
    (void)remove(dir);
}

#define ROW(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(a_session_knows_its_server),
        ROW(no_server_is_an_error_with_its_address),
        ROW(a_request_nobody_listens_to_is_told_so),
        ROW(a_request_past_its_deadline_is_told_so_and_a_late_answer_is_dropped),
        ROW(seventy_thousand_requests_may_be_in_flight),
        ROW(a_lost_server_answers_everything_in_flight_and_then_tells_of_the_loss),
        ROW(a_payload_over_the_limit_is_refused_and_the_session_lives_on),
        ROW(a_server_that_stops_reading_ends_the_session_within_a_bound),
        ROW(what_was_published_just_before_closing_is_delivered),
        ROW(a_callback_may_close_the_session_and_nothing_is_answered_after),
        ROW(unsubscribing_is_at_once),
        ROW(only_one_of_a_queue_group_gets_a_message),
        ROW(a_service_answers_ping_info_and_stats_of_the_service_protocol),
        ROW(a_server_that_asks_for_a_key_gets_it_or_refuses),
        ROW(tls_needs_the_authority_that_signed_the_server),
    };
    return cmocka_run_group_tests_name("bus: sessions", tests, NULL, NULL);
}
