/* frame.h - messages over a stream: a 4-byte big-endian length, then the message. Pure. */
#ifndef BATON_FRAME_H
#define BATON_FRAME_H

#include "base/buffer.h"

enum {
    FRAME_HEADER_BYTES = 4,
    FRAME_BYTES_MAX = 8 * 1024 * 1024, /* an order holds a spec's params (1 MiB) several times */
};

/** Append one framed message. @return OK | LIMIT (longer than FRAME_BYTES_MAX) | NOMEM. */
enum status frame_put(struct buffer *out, struct bytes message) ATTR_MUST_USE;

/**
 * Look for one whole message at the front of what has been received.
 *
 * @param ret_message [out] borrowed from `received`; untouched when there is no whole message yet.
 * @param ret_used    [out] bytes to drop from the front afterwards; 0: wait for more.
 * @return OK | LIMIT (the length announced is beyond FRAME_BYTES_MAX: the stream is lost).
 */
enum status frame_take(struct bytes received, struct bytes *ret_message,
                       size_t *ret_used) ATTR_MUST_USE;

#endif
