/* capture.h - the first and the last bytes of a stream of any length. Pure. */
#ifndef BATON_CAPTURE_H
#define BATON_CAPTURE_H

#include "base/bytes.h"

enum { CAPTURE_PART_BYTES = 64 * 1024 }; /* of head and of tail; two streams fit one NATS message */

struct capture {
    uint64_t total_bytes;
    size_t head_len;
    size_t tail_len;   /* bytes behind the head that are kept, <= CAPTURE_PART_BYTES */
    size_t tail_start; /* of the ring: index of its oldest byte */
    uint8_t head[CAPTURE_PART_BYTES];
    uint8_t tail[CAPTURE_PART_BYTES];
};

/** Count bytes and keep what belongs to the head or the tail. */
void capture_add(struct capture *capture, struct bytes bytes);

static inline struct bytes capture_head(const struct capture *capture)
{
    return bytes_of(capture->head, capture->head_len);
}

/** Put the tail in order, oldest byte first. @return borrowed from `capture`. */
struct bytes capture_tail(struct capture *capture);

#endif
