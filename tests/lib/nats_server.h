/* nats_server.h - a real nats-server of a test's own: random port, temporary store, no leftovers.
 */
#ifndef BATON_TESTS_NATS_SERVER_H
#define BATON_TESTS_NATS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct nats_server {
    pid_t pid; /* 0 when not running */
    int port;
    char dir[64];
    char url[64];
};

/**
 * Start `nats-server -js` and wait until it answers.
 *
 * @param config [in] further lines for its configuration file, or NULL.
 * @return whether it runs; why not is on stderr.
 */
bool nats_server_start(struct nats_server *server, const char *config);

/** kill -9, and wait until it is gone; its port and store stay. */
void nats_server_kill(struct nats_server *server);

/** Stop its clock, with SIGSTOP; on return none of its threads runs any more. */
void nats_server_freeze(struct nats_server *server);

/** Start it again on the same port and store. */
bool nats_server_restart(struct nats_server *server);

/** Stop it and remove its store. Fine when it is not running or never was. */
void nats_server_stop(struct nats_server *server);

#endif
