/* Show the cell. */
#include "api/call.h"

static void status_count_nodes(const json_t *nodes, json_t *counts)
{
    static const char *const states[] = {"ready", "draining", "lost", "offline"};
    for (size_t s = 0; s < sizeof states / sizeof states[0]; s++) {
        json_int_t count = 0;
        size_t i;
        json_t *node;
        json_array_foreach(nodes, i, node)
        {
            const char *state = json_string_value(json_object_get(node, "state"));
            count += state != NULL && strcmp(state, states[s]) == 0;
        }
        json_object_set_new(counts, states[s], json_integer(count));
    }
}

void call_status(void *ctx, const struct bus_message *message)
{
    struct api *api = ctx;
    const struct cell *cell = api->options.cell;
    uint64_t jobs[JOB_STATE_COUNT] = {0};
    jobs_count(api->options.jobs, jobs);
    json_t *nodes = roster_list(api->options.roster);
    json_t *counts = json_object();
    status_count_nodes(nodes, counts);
    json_decref(nodes);
    /* No server up to 2.9 can be made to sync on every write, and later ones don't unless told to:
     * an acknowledged write may be forgotten by a power cut. */
    call_answer(api, message->reply,
                json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:o, s:o, s:{s:I, s:I, s:I}}", "cell",
                          cell->name, "version", BATON_VERSION, "controller", cell->controller,
                          "bus", "relaxed", "server", "url", bus_server_url(cell->bus), "version",
                          bus_server_version(cell->bus), "controllers",
                          peers_list(api->options.peers), "nodes", counts, "jobs", "pending",
                          (json_int_t)jobs[JOB_PENDING], "running", (json_int_t)jobs[JOB_RUNNING],
                          "cancelling", (json_int_t)jobs[JOB_CANCELLING]));
}
