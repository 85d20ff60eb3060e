/* limits.h - every bound of the worker's core, with its reason. Pure. */
#ifndef BATON_WORKER_LIMITS_H
#define BATON_WORKER_LIMITS_H

enum {
    LIMIT_CLAIM_BYTES = 32,     /* 128 random bits in hexadecimal: never drawn twice */
    LIMIT_HANDLE_BYTES = 256,   /* an ack subject; struct bus_ack has the same room */
    LIMIT_EFFECTS = 8,          /* of one step; the longest answer has 4 */
    LIMIT_WORKING_MS = 10000,   /* between two signs of life for a message: a third of ack_wait */
    LIMIT_BUSY_LATER_MS = 1000, /* until an order is offered again while another one is held */
    LIMIT_AMNESIA_LATER_MS = 5000, /* ... that the server's records contradict */
    LIMIT_RETRY_MS = 100,          /* first pause after an operation whose fate is unknown */
    LIMIT_RETRY_MS_MAX = 5000,     /* the longest: an outage ends without a stampede */
};

#endif
