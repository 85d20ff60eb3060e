/* api.h - one question to the controllers. Shell. */
#ifndef BATON_CLI_API_H
#define BATON_CLI_API_H

#include <jansson.h>

#include "session.h"

/**
 * Ask `<cell>.api.<name>` and wait for the answer.
 *
 * @param headers   [in, may be NULL]
 * @param body      [in]  JSON, or a spec.
 * @param ret_json  [out] the answer, the caller's; set with CLI_GO.
 * @return CLI_GO, or the exit code with the reason said on stderr.
 */
int api_ask(struct session *session, const char *name, const struct bus_header *headers,
            struct bytes body, json_t **ret_json);

/** api_ask() with a JSON object, which is released. */
int api_ask_json(struct session *session, const char *name, json_t *take_question,
                 json_t **ret_json);

/** api_ask_json() over a session of its own: for verbs that have one question. */
int api_ask_once(const struct cli *cli, const char *name, json_t *take_question, json_t **ret_json);

/** Like api_ask_json(), but silent: for questions that are asked until they succeed. */
bool api_try(struct session *session, const char *name, json_t *take_question, json_t **ret_json);

/** @return the exit code of an error code in an answer, such as "NO_TARGET". */
enum exit_code api_exit_code(const char *code);

#endif
