/* dev_cell.h - a cell on this machine: nats-server, controllers and workers as children. Shell. */
#ifndef BATON_CLI_DEV_CELL_H
#define BATON_CLI_DEV_CELL_H

#include "children.h"

struct dev_cell_options {
    uint32_t nodes;
    uint32_t controllers;
    uint32_t port;           /* 0: a free one */
    const char *groups;      /* of every node, with commas; NULL: none */
    const char *data;        /* directory to keep, NULL: a temporary one */
    const char *nats_server; /* path, NULL: look for it */
    bool verbose;            /* logs to stderr */
};

struct dev_cell {
    const struct cli *cli;
    struct dev_cell_options options;
    struct session session;
    struct children children;
    char data[CHILD_PATH_MAX / 2];
    char url[64];
    char **environment; /* of the children */
    bool temporary;
    bool wake;                    /* what is awaited is there, or never will be */
    uint32_t beats, beats_wanted; /* registrations seen while starting */
    bool broken;                  /* a child whose end is the end has ended; it has been reported */
    bool starting;                /* any child's end is the end */
};

/**
 * Start everything and wait until all nodes are registered and the API answers.
 *
 * @return CLI_GO, or the exit code with the reason said. dev_cell_stop() in any case.
 */
int dev_cell_start(struct dev_cell *cell, const struct cli *cli,
                   const struct dev_cell_options *options);

/** Stop everything in order, and remove what is temporary. */
void dev_cell_stop(struct dev_cell *cell);

#endif
