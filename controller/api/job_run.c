/* Submit a job: judge the spec at once, store it, answer when the job is there. */
#include <sodium.h>
#include <stdlib.h>

#include "api/call.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "sys/clock.h"
#include "wire/subject.h"

enum { RUN_WAIT_MS = 5000 }; /* for the job to be there; it is stored already, and safe */

static void run_late(uv_timer_t *timer)
{
    struct call_waiting *waiting = timer->data;
    if (waiting->api != NULL)
        call_answer(waiting->api, waiting->reply,
                    json_pack("{s:s, s:b}", "id", waiting->job.text, "existing", 0));
    (void)call_settle(waiting);
}

static void run_stored(void *ctx, const struct bus_answer *answer)
{
    struct call_waiting *waiting = ctx;
    struct api *api = waiting->api;
    if (api == NULL) {
        (void)call_settle(waiting);
        return;
    }
    if (answer->outcome != BUS_OK) {
        call_refuse(api, waiting->reply, CALL_UNAVAILABLE, "the spec could not be stored: %s %s",
                    bus_outcome_text(answer->outcome), answer->text);
        (void)call_settle(waiting);
        return;
    }
    if (jobs_get(api->options.jobs, waiting->job.text) != NULL) {
        call_answer(
            api, waiting->reply,
            json_pack("{s:s, s:b}", "id", waiting->job.text, "existing", answer->duplicate));
        (void)call_settle(waiting);
        return;
    }
    waiting->created = true;
    waiting->timer = calloc(1, sizeof *waiting->timer);
    CHECK(waiting->timer != NULL);
    uv_timer_init(api->options.cell->loop, waiting->timer);
    waiting->timer->data = waiting;
    uv_timer_start(waiting->timer, run_late, RUN_WAIT_MS, 0);
}

static void run_store(struct api *api, const struct bus_message *message, const struct name *id,
                      const char *file)
{
    struct subject subject = subject_submit(api->options.cell->name);
    const struct bus_header headers[] = {
        {"Baton-Job-Id", id->text},
        {file == NULL ? NULL : "Baton-Spec-File", file},
        {NULL, NULL},
    };
    struct bus_store store = {
        .subject = subject.text,
        .headers = headers,
        .body = message->body,
        .msg_id = id->text,
    };
    bus_store(api->options.cell->bus, &store, run_stored, call_wait(api, message->reply, id->text));
}

/* @return false if the request has been answered. */
static bool run_choose_id(struct api *api, const struct bus_message *message, struct name *ret_id)
{
    const char *chosen = bus_header_get(message, "Baton-Job-Id");
    const char *key = bus_header_get(message, "Baton-Idempotency-Key");
    if (key == NULL)
        key = bus_header_get(message, "Nats-Msg-Id");
    if (chosen != NULL) {
        if (!name_set(ret_id, bytes_of_text(chosen))) {
            call_refuse(api, message->reply, CALL_BAD_REQUEST,
                        "\"%.80s\" can't be an id: 1 to 64 of A-Z a-z 0-9 _ -", chosen);
            return false;
        }
        if (jobs_get(api->options.jobs, ret_id->text) == NULL)
            return true;
        call_refuse(api, message->reply, CALL_CONFLICT, "job %s exists already", ret_id->text);
        return false;
    }
    uint8_t chance[10];
    randombytes_buf(chance, sizeof chance);
    *ret_id = key == NULL ? name_job_id((uint64_t)clock_unix_ms(), chance) : accept_id_of_key(key);
    if (key == NULL || jobs_get(api->options.jobs, ret_id->text) == NULL)
        return true;
    call_answer(api, message->reply, json_pack("{s:s, s:b}", "id", ret_id->text, "existing", 1));
    return false;
}

void call_job_run(void *ctx, const struct bus_message *message)
{
    struct api *api = ctx;
    const char *file = bus_header_get(message, "Baton-Spec-File");
    struct name id;
    AUTO(accepted_done) struct accepted accepted = {0};
    if (!run_choose_id(api, message, &id))
        return;
    switch (accept_spec(api->options.cell, api->options.roster, message->body,
                        file == NULL ? "spec" : file, &accepted)) {
    case ACCEPT_YES:
        run_store(api, message, &id, file);
        return;
    case ACCEPT_INVALID:
        call_refuse(api, message->reply, CALL_INVALID_SPEC, "%s", buffer_text(&accepted.refusal));
        return;
    case ACCEPT_NO_TARGET:
        call_refuse(api, message->reply, CALL_NO_TARGET, "%s", buffer_text(&accepted.refusal));
        return;
    }
    UNREACHABLE();
}
