/* Show the workers. */
#include "api/call.h"

void call_node_list(void *ctx, const struct bus_message *message)
{
    struct api *api = ctx;
    call_answer(api, message->reply, json_pack("{s:o}", "nodes", roster_list(api->options.roster)));
}

void call_node_info(void *ctx, const struct bus_message *message)
{
    struct api *api = ctx;
    json_t *arguments = call_arguments(api, message);
    if (arguments == NULL)
        return;
    const char *node = json_string_value(json_object_get(arguments, "node"));
    json_t *record = node == NULL ? NULL : roster_describe(api->options.roster, node);
    if (node == NULL)
        call_refuse(api, message->reply, CALL_BAD_REQUEST,
                    "node: missing; it must be a node's name");
    else if (record == NULL)
        call_refuse(api, message->reply, CALL_NOT_FOUND, "no node \"%.80s\"", node);
    else
        call_answer(api, message->reply, record);
    json_decref(arguments);
}
