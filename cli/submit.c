#include "submit.h"

#include <errno.h>
#include <string.h>

#include "api.h"
#include "base/cleanup.h"
#include "base/name.h"
#include "job.h"
#include "spec/spec.h"
#include "sys/clock.h"
#include "watch.h"

void submit_done(struct submit *submit)
{
    buffer_done(&submit->spec);
}

int submit_read(struct submit *submit, const struct cli *cli, const char *path)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    char piece[16384];
    size_t len;
    enum status status = STATUS_OK;
    submit->file = standard ? "stdin" : path;
    if (file == NULL)
        return cli_fail(cli, EXIT_USAGE, "%s: %s", path, strerror(errno));
    /* One byte above the limit is enough to know. */
    while (status == STATUS_OK && submit->spec.len <= PLAN_SPEC_BYTES_MAX &&
           (len = fread(piece, 1, sizeof piece, file)) > 0)
        status = buffer_append(&submit->spec, bytes_of(piece, len));
    bool failed = ferror(file) != 0;
    int why = errno;
    if (!standard)
        (void)fclose(file);
    if (failed)
        return cli_fail(cli, EXIT_USAGE, "%s: %s", path, strerror(why));
    return status == STATUS_OK ? CLI_GO : cli_fail(cli, EXIT_ERROR, "out of memory");
}

int submit_check(const struct submit *submit, const struct cli *cli)
{
    struct problems problems = {.count = 0};
    AUTO_PTR(spec_free) struct spec *spec = NULL;
    AUTO(buffer_done) struct buffer text = {0};
    enum status status = spec_parse(buffer_bytes(&submit->spec), &spec, &problems);
    if (status == STATUS_OK)
        return CLI_GO;
    if (status == STATUS_NOMEM || problems_print(&problems, submit->file, &text) != STATUS_OK)
        return cli_fail(cli, EXIT_ERROR, "out of memory");
    fprintf(cli->err, "%s\n", buffer_text(&text));
    return EXIT_USAGE;
}

/* Header values are single lines; a name that is none is not shown. */
static const char *submit_header(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return "spec";
    }
    return text;
}

static int submit_ask(const struct submit *submit, struct session *session, const char *id,
                      json_t **ret_answer)
{
    struct bus_header headers[4] = {
        {.name = "Baton-Spec-File", .value = submit_header(submit->file)}};
    size_t count = 1;
    if (id != NULL)
        headers[count++] = (struct bus_header){"Baton-Job-Id", id};
    if (submit->key != NULL)
        headers[count++] = (struct bus_header){"Baton-Idempotency-Key", submit->key};
    if (submit->spec.len > bus_payload_bytes_max(session->bus))
        return cli_fail(session->cli, EXIT_USAGE, "%s: longer than one message of the bus may be",
                        submit->file);
    int code = api_ask(session, "job.run", headers, buffer_bytes(&submit->spec), ret_answer);
    if (code != CLI_GO)
        return code;
    const char *given = out_text(*ret_answer, "id", "");
    if (name_valid(bytes_of_text(given)))
        return CLI_GO;
    return cli_fail(session->cli, EXIT_ERROR, "the answer to job.run names no job");
}

static void submit_print_id(const struct submit *submit, const struct cli *cli,
                            const json_t *answer)
{
    bool people = cli->format == OUT_TABLE || cli->format == OUT_NAME;
    if (!people && submit->wait)
        return; /* the job comes as one value at the end */
    if (people)
        fprintf(cli->out, "%s\n", out_text(answer, "id", ""));
    else
        out_value(cli->out, cli->format, answer, NULL, "id");
    (void)fflush(cli->out);
}

static int submit_watch(const struct submit *submit, struct session *session, struct watch *watch)
{
    const struct cli *cli = session->cli;
    int code = watch_run(watch);
    char id[NAME_MAX_BYTES + 1];
    (void)snprintf(id, sizeof id, "%s", watch->id.text);
    watch_done(watch);
    if (code != EXIT_DONE && code != EXIT_JOB_FAILED && code != EXIT_JOB_CANCELLED)
        return code;
    json_auto_t *job = NULL;
    int fetched = job_fetch(session, id, &job);
    if (fetched != CLI_GO)
        return fetched;
    if (cli->format != OUT_TABLE && cli->format != OUT_NAME) {
        out_value(cli->out, cli->format, job, NULL, "id");
    } else if (cli->format == OUT_TABLE) {
        if (submit->follow)
            fputc('\n', cli->out);
        job_table(cli, job);
    }
    return code;
}

int submit_run(const struct submit *submit, struct session *session)
{
    const struct cli *cli = session->cli;
    struct watch watch = {.started = false};
    struct name made = {{0}};
    const char *id = submit->id;
    json_auto_t *answer = NULL;
    const struct watch_options options = {
        .output = submit->follow,
        .progress = submit->follow,
        .lines = cli->format == OUT_TABLE ? cli->out : cli->err,
        .timeout = submit->timeout,
        .mortal = submit->mortal,
    };
    uint8_t chance[10];
    if (submit->follow && id == NULL && submit->key == NULL &&
        uv_random(NULL, NULL, chance, sizeof chance, 0, NULL) == 0) {
        /* The events are not kept: who wants the first of them listens before the job exists. */
        made = name_job_id((uint64_t)clock_unix_ms(), chance);
        id = made.text;
    }
    if (submit->follow && id != NULL)
        watch_start(&watch, session, id, &options);
    int code = submit_ask(submit, session, id, &answer);
    if (code == CLI_GO) {
        submit_print_id(submit, cli, answer);
        const char *given = out_text(answer, "id", "");
        if (watch.started && strcmp(given, watch.id.text) != 0)
            watch_done(&watch);
        if (!watch.started && submit->wait)
            watch_start(&watch, session, given, &options);
        code = submit->wait ? submit_watch(submit, session, &watch) : (int)EXIT_DONE;
    }
    watch_done(&watch);
    return code;
}
