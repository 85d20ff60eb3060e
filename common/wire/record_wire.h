/* record_wire.h - log records as bytes and back (proto/baton/v1/log.proto). Pure. */
#ifndef BATON_RECORD_WIRE_H
#define BATON_RECORD_WIRE_H

#include "base/buffer.h"
#include "base/cleanup.h"
#include "wire/record.h"

enum { RECORD_WIRE_VERSION = 1 };

/**
 * Pack a record.
 *
 * @param out [in,out] appended to.
 * @return OK | NOMEM | MALFORMED (the created entry's packed spec is not one).
 */
enum status record_wire_pack(const struct record *record, struct buffer *out) ATTR_MUST_USE;

/* A record read from the log, with all that its pointers point at. */
struct record_read {
    struct record record;
    struct plan *plan; /* of a CREATED entry with a spec; may be taken with STEAL() */
    struct arena arena;
};

/**
 * Unpack a record. Whether it can be true is the fold's business; here only its form is checked.
 *
 * @param bytes    [in]  untrusted.
 * @param ret_read [out] free with record_read_free().
 * @return OK | MALFORMED | UNSUPPORTED (written by a newer version) | NOMEM | LIMIT.
 */
enum status record_wire_unpack(struct bytes bytes, struct record_read **ret_read,
                               struct error *err) ATTR_MUST_USE;
void record_read_free(struct record_read *read);
CLEANUP_FREE(struct record_read, record_read_free)

#endif
