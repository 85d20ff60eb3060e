/* spool.h - the layout of a spool file: the output of one attempt as frames. Pure.
 *
 * A frame is a header of SPOOL_HEADER_BYTES and then its data. The runner appends, the worker
 * follows; a frame that is not whole yet is simply not there yet.
 *
 *     offset  0  4  "BSP1"
 *             4  1  kind: 1 stdout, 2 stderr (OutputKind)
 *             8  4  length of the data, big-endian, 1 ..= SPOOL_DATA_MAX
 *            16  8  offset of the first byte within its kind, big-endian
 *            24  8  wall clock, Unix ms, big-endian
 */
#ifndef BATON_SPOOL_H
#define BATON_SPOOL_H

#include "base/bytes.h"
#include "base/status.h"

enum {
    SPOOL_HEADER_BYTES = 32,
    SPOOL_DATA_MAX = 64 * 1024, /* well below NATS' max_payload: a frame becomes one message */
    SPOOL_STDOUT = 1,
    SPOOL_STDERR = 2,
};

struct spool_frame {
    uint8_t kind; /* SPOOL_STDOUT or SPOOL_STDERR */
    uint32_t len; /* of the data */
    uint64_t offset;
    int64_t at_ms;
};

/** Write the header of a frame. */
void spool_encode(const struct spool_frame *frame, uint8_t ret_header[SPOOL_HEADER_BYTES]);

/** Read a header. @return OK | MALFORMED: not a header of ours, the file is damaged. */
enum status spool_decode(const uint8_t header[SPOOL_HEADER_BYTES],
                         struct spool_frame *ret_frame) ATTR_MUST_USE;

#endif
