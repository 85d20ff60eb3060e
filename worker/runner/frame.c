#include "frame.h"

enum status frame_put(struct buffer *out, struct bytes message)
{
    if (message.len > FRAME_BYTES_MAX)
        return STATUS_LIMIT;
    enum status status = buffer_reserve(out, FRAME_HEADER_BYTES + message.len);
    if (status != STATUS_OK)
        return status;
    uint32_t len = (uint32_t)message.len;
    const uint8_t header[FRAME_HEADER_BYTES] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16),
                                                (uint8_t)(len >> 8), (uint8_t)len};
    status = buffer_append(out, bytes_of(header, sizeof header));
    return status != STATUS_OK ? status : buffer_append(out, message);
}

enum status frame_take(struct bytes received, struct bytes *ret_message, size_t *ret_used)
{
    *ret_used = 0;
    if (received.len < FRAME_HEADER_BYTES)
        return STATUS_OK;
    const uint8_t *at = received.data;
    uint32_t len =
        (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
    if (len > FRAME_BYTES_MAX)
        return STATUS_LIMIT;
    if (received.len - FRAME_HEADER_BYTES < len)
        return STATUS_OK;
    *ret_message = bytes_of(at + FRAME_HEADER_BYTES, len);
    *ret_used = FRAME_HEADER_BYTES + (size_t)len;
    return STATUS_OK;
}
