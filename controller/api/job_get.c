/* Show a job: its record and its rows, page by page; and list jobs. */
#include "api/call.h"
#include "shell/view.h"

static void get_rendered(void *ctx, const json_t *page, const struct error *err)
{
    struct call_waiting *waiting = ctx;
    struct api *api = waiting->api;
    if (err != NULL)
        call_refuse(api, waiting->reply, CALL_INTERNAL, "%s", err->text);
    else
        call_answer(api, waiting->reply, json_incref((json_t *)page));
    waiting->work = NULL;
    (void)call_settle(waiting);
}

static void get_stop(void *work)
{
    view_free(work);
}

void call_job_get(void *ctx, const struct bus_message *message)
{
    struct api *api = ctx;
    json_t *arguments = call_arguments(api, message);
    if (arguments == NULL)
        return;
    const struct jobs_entry *entry = call_job(api, message, arguments);
    json_int_t page = json_integer_value(json_object_get(arguments, "page"));
    if (entry != NULL && page < 0) {
        call_refuse(api, message->reply, CALL_BAD_REQUEST,
                    "page: must be the next_page of an answer, or 0");
    } else if (entry != NULL) {
        const struct view_request request = {
            .value = entry->value,
            .first_row = (uint64_t)page,
            .output = !json_is_false(json_object_get(arguments, "output")),
        };
        struct call_waiting *waiting = call_wait(api, message->reply, entry->record.id.text);
        waiting->stop = get_stop;
        waiting->work = view_new(api->options.cell, &request, get_rendered, waiting);
    }
    json_decref(arguments);
}

void call_job_list(void *ctx, const struct bus_message *message)
{
    struct api *api = ctx;
    json_t *arguments = call_arguments(api, message);
    if (arguments == NULL)
        return;
    const char *text = json_string_value(json_object_get(arguments, "state"));
    json_int_t limit = json_integer_value(json_object_get(arguments, "limit"));
    enum job_state state = 0;
    while (text != NULL && state < JOB_STATE_COUNT && strcmp(text, job_state_text(state)) != 0)
        state++;
    if (text != NULL && state == JOB_STATE_COUNT)
        call_refuse(api, message->reply, CALL_BAD_REQUEST,
                    "state: \"%.40s\" is none of pending running cancelling completed failed "
                    "cancelled",
                    text);
    else if (limit < 0)
        call_refuse(api, message->reply, CALL_BAD_REQUEST, "limit: must not be negative");
    else
        call_answer(api, message->reply,
                    json_pack("{s:o}", "jobs",
                              jobs_list(api->options.jobs, text == NULL ? JOB_STATE_COUNT : state,
                                        (size_t)limit)));
    json_decref(arguments);
}
