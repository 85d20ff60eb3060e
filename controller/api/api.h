/* api.h - what controllers answer on the bus: <cell>.api.*, as a NATS service. Shell.
 *
 * Any controller answers any request: what it needs is on the bus, or goes there.
 */
#ifndef BATON_API_H
#define BATON_API_H

#include "shell/desk.h"
#include "shell/jobs.h"
#include "shell/peers.h"
#include "shell/roster.h"

struct api;

struct api_options {
    const struct cell *cell; /* all borrowed, and outlive the api */
    const struct jobs *jobs;
    const struct desk *desk;
    const struct peers *peers;
    const struct roster *roster;
};

struct api *api_new(const struct api_options *options);
void api_free(struct api *api);

/** A job's KV record has changed: whoever waits for it to be there gets its answer. */
void api_job_changed(struct api *api, const char *job);

#endif
