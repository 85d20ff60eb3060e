/* controllers.c - baton controllers: who drives jobs here, read from the bus itself. */
#include <string.h>

#include "session.h"
#include "sys/clock.h"
#include "verbs.h"
#include "wire/subject.h"

enum { CONTROLLERS_WAIT_MS = 5000 };

struct controllers {
    bool done;
    bool found; /* the bucket exists */
    json_t *list;
};

static void controllers_checked(void *ctx, const struct bus_answer *answer)
{
    struct controllers *controllers = ctx;
    controllers->found = answer->outcome == BUS_OK;
    controllers->done = true;
}

static void controllers_each(void *ctx, enum kv_change change, const char *key, struct bytes value,
                             uint64_t revision)
{
    struct controllers *controllers = ctx;
    (void)key;
    (void)revision;
    json_t *controller = json_loadb((const char *)value.data, value.len, 0, NULL);
    if (change == KV_PUT && json_is_object(controller))
        (void)json_array_append(controllers->list, controller);
    json_decref(controller);
}

static void controllers_caught_up(void *ctx)
{
    struct controllers *controllers = ctx;
    controllers->done = true;
}

static int controllers_read(struct session *session, struct controllers *controllers)
{
    const struct cli *cli = session->cli;
    struct subject bucket = subject_bucket(cli->cell, CELL_CONTROLLERS);
    char stream[SUBJECT_BYTES_MAX + 4];
    (void)snprintf(stream, sizeof stream, "KV_%s", bucket.text);
    bus_stream_info(session->bus, stream, controllers_checked, controllers);
    enum pump pump = session_pump(session, &controllers->done, INSTANT_NEVER);
    if (pump == PUMP_DONE && !controllers->found)
        return cli_fail(cli, EXIT_UNAVAILABLE, "no cell %s at %s", cli->cell, session->connect.url);
    if (pump == PUMP_DONE) {
        controllers->done = false;
        struct bus_kv_watch *watch = bus_kv_watch(session->bus, bucket.text, "*", controllers_each,
                                                  controllers_caught_up, controllers);
        pump = session_pump(session, &controllers->done,
                            instant_add(clock_now(), DURATION_MS(CONTROLLERS_WAIT_MS)));
        bus_kv_watch_stop(watch);
    }
    if (pump == PUMP_INTERRUPTED)
        return cli_fail(cli, EXIT_INTERRUPTED, "interrupted");
    return pump == PUMP_DONE ? CLI_GO
                             : cli_fail(cli, EXIT_UNAVAILABLE, "the bus did not answer in time");
}

static void controllers_table(const struct cli *cli, const json_t *list)
{
    static const char *const titles[] = {"CONTROLLER", "VERSION", "JOBS", "STARTED", "HEARTBEAT"};
    struct table table;
    size_t i;
    json_t *controller;
    table_init(&table, titles, sizeof titles / sizeof titles[0]);
    json_array_foreach(list, i, controller)
    {
        table_cell(&table, out_text(controller, "id", "?"));
        table_cell(&table, out_text(controller, "version", ""));
        table_cell_number(&table, json_integer_value(json_object_get(controller, "jobs")));
        table_cell(&table, out_text(controller, "started_at", ""));
        table_cell(&table, out_text(controller, "heartbeat_at", ""));
    }
    table_print(&table, cli->out, cli_colour(cli, cli->out));
    table_done(&table);
}

int controllers_main(struct cli *cli)
{
    int code = cli_parse(cli, NULL, 0, 0, 0);
    if (code != CLI_GO)
        return code;
    struct session session;
    json_auto_t *value = json_pack("{s:[]}", "controllers");
    struct controllers controllers = {.list = json_object_get(value, "controllers")};
    code = session_open(&session, cli);
    if (code == CLI_GO)
        code = controllers_read(&session, &controllers);
    session_done(&session);
    if (code != CLI_GO)
        return code;
    if (cli->format == OUT_TABLE)
        controllers_table(cli, controllers.list);
    else
        out_value(cli->out, cli->format, value, "controllers", "id");
    return EXIT_DONE;
}
