/* job.h - a job as the API shows it: fetched whole, printed, judged. Shell. */
#ifndef BATON_CLI_JOB_H
#define BATON_CLI_JOB_H

#include "session.h"

/**
 * Fetch a job, with the pages of a big one put together.
 *
 * @param id       [in]  the id or a unique prefix of it.
 * @param ret_job  [out] the caller's; set with CLI_GO.
 * @return CLI_GO, or the exit code with the reason said.
 */
int job_fetch(struct session *session, const char *id, json_t **ret_job);

/** Put the rows of `page` into `job`: both as job.get answers. */
void job_merge(json_t *job, const json_t *page);

/** Print the job and each step's row for every node. */
void job_table(const struct cli *cli, const json_t *job);

/** @return whether a job in this state goes on no more. */
bool job_ended(const char *state);

/** @return what `job run --wait` exits with. */
enum exit_code job_exit_code(const char *state, bool partial);

#endif
