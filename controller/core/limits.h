/* limits.h - every bound of the controller's core, with its unit and its reason. Pure. */
#ifndef BATON_CONTROLLER_LIMITS_H
#define BATON_CONTROLLER_LIMITS_H

enum {
    EXPECTED_NODES_MAX = 20000,    /* nodes of one job; keeps its first record within one message */
    ROWS_MAX = 4000000,            /* nodes times steps of one job; each costs 72 bytes */
    RECORD_BYTES_MAX = 512 * 1024, /* estimated bytes of a record before a new one is begun: half
                                      of NATS's default max_payload, so the estimate may be off */
    NAG_MS = 1000,                 /* pace at which what was asked of a worker is asked again */
    CANCEL_GRACE_MS = 2000,        /* between TERM and KILL */
    STOP_TEXT_MAX = 300,           /* bytes of the text which says why a job stopped */
};

#endif
