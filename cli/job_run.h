/* job_run.h - a spec from the words of a command line. Shell. */
#ifndef BATON_CLI_JOB_RUN_H
#define BATON_CLI_JOB_RUN_H

#include <jansson.h>

#include "cli.h"

/**
 * Make a spec of one task: BACKEND ACTION [NAME=VALUE ...] [-- ARGV ...] in cli->words and
 * cli->rest. Values are JSON where they parse as such and the parameter is no text.
 *
 * @param target   [in] all, group:NAME or node:NAME[,NAME].
 * @param name     [in, may be NULL] of the job.
 * @param ret_spec [out] the caller's; set with CLI_GO.
 * @return CLI_GO, or EXIT_USAGE with the reason said.
 */
int job_run_spec(const struct cli *cli, const char *target, const char *name, json_t **ret_spec);

#endif
