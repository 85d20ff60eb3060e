/* event.h - everything that can happen to a job. Pure. All pointers are borrowed for the step, but
 * for those named take_. */
#ifndef BATON_EVENT_H
#define BATON_EVENT_H

#include "base/instant.h"
#include "wire/record.h"

enum event_kind {
    EVENT_CREATE,   /* a spec was accepted (or refused) and becomes a job; always the first event */
    EVENT_REPLAY,   /* a record was read from the log; the first one may open a fresh engine */
    EVENT_ADOPT,    /* the whole log has been read: this controller is the owner now */
    EVENT_APPENDED, /* the append asked for was accepted */
    EVENT_REFUSED,  /* the append asked for was refused: somebody else owns the job */
    EVENT_RESULT,   /* a record was stored on the result subject of a node */
    EVENT_CANCEL,   /* a cancel signal was stored */
    EVENT_SILENT,   /* a node's worker has not been heard for too long */
    EVENT_HEARD,    /* it has been heard again */
    EVENT_SENT,     /* the order asked for is stored */
    EVENT_UNSENT,   /* it is not, or that is unknown: it goes out again */
    EVENT_TICK,     /* the deadline was reached */
    EVENT_KIND_COUNT
};

enum result_kind { RESULT_START, RESULT_END, RESULT_REVOKE };

struct event {
    enum event_kind kind;
    struct instant now; /* the owner's monotonic clock */
    int64_t wall_ms;    /* its wall clock, for people */
    union {
        struct {
            const struct entry *created; /* ENTRY_CREATED */
            struct plan *take_plan;      /* NULL when the spec was refused */
            const char *owner;
        } create;
        struct {
            const struct record *record;
            struct plan *take_plan; /* of the first record's CREATED entry, else NULL */
            uint64_t seq;
        } replay;
        struct {
            const char *owner;
            uint64_t epoch;
            struct duration age; /* since the job was created, by the server's clock */
        } adopt;
        struct {
            uint64_t seq;
        } appended;
        struct {
            enum result_kind kind;
            const char *node;
            uint32_t step;
            uint32_t attempt;
            uint64_t seq;
            struct outcome outcome; /* END, REVOKE */
        } result;
        struct {
            uint64_t seq;
            const char *by;
            const char *reason;
        } cancel;
        struct {
            const char *node;
        } silent, heard;
        struct {
            uint32_t step;
            uint32_t node;
            uint32_t attempt;
        } sent, unsent;
    };
};

#endif
