/* verbs.h - the entry of each verb; main.c has the table. Each returns the exit code. Shell. */
#ifndef BATON_CLI_VERBS_H
#define BATON_CLI_VERBS_H

#include "cli.h"

int dev_main(struct cli *cli);
int job_run_main(struct cli *cli);
int job_get_main(struct cli *cli);
int job_list_main(struct cli *cli);
int job_cancel_main(struct cli *cli);
int job_logs_main(struct cli *cli);
int job_validate_main(struct cli *cli);
int node_list_main(struct cli *cli);
int node_info_main(struct cli *cli);
int controllers_main(struct cli *cli);
int sim_main(struct cli *cli);
int status_main(struct cli *cli);
int version_main(struct cli *cli);

#endif
