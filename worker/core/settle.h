/* settle.h - what the last record on a job's result subject means for an attempt. Pure.
 *
 * START, END and REVOKE of one job on one node exclude each other by conditional appends on one
 * subject. When an append was refused, or its fate is not known, the record that stands there
 * decides.
 */
#ifndef BATON_WORKER_SETTLE_H
#define BATON_WORKER_SETTLE_H

#include "core/event.h"

enum claim_finding {
    CLAIM_FREE,      /* nobody has started it: append the START */
    CLAIM_MINE,      /* our START stands */
    CLAIM_AGAIN,     /* an earlier life of this worker started it, and it may run twice */
    CLAIM_UNKNOWN,   /* an earlier life started it, it must not run twice: its fate is unknown */
    CLAIM_STALE,     /* settled already, or overtaken: the order is an old copy */
    CLAIM_FORGOTTEN, /* the server has lost records its owner had read */
    CLAIM_FINDING_COUNT
};

/**
 * Before the start.
 *
 * @param last [in] NULL: there is no record.
 */
enum claim_finding settle_claim(const struct order *order, const char *claim,
                                const struct last *last);

enum report_finding {
    REPORT_OPEN,      /* our START is the last word: append the END */
    REPORT_FORGOTTEN, /* the server has lost the START: append the END to what is left */
    REPORT_MINE,      /* our END stands */
    REPORT_LATE,      /* revoked, overtaken, or ended by somebody else: ours is not wanted */
    REPORT_FINDING_COUNT
};

/**
 * After the end.
 *
 * @param start_seq [in] of the START the END builds on.
 * @param last      [in] NULL: there is no record.
 */
enum report_finding settle_report(const struct order *order, const char *claim, uint64_t start_seq,
                                  const struct last *last);

#endif
