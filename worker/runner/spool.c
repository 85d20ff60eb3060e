#include "spool.h"

#include "base/check.h"

static const uint8_t magic[4] = {'B', 'S', 'P', '1'};

static void spool_put(uint8_t *at, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static uint64_t spool_get(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

void spool_encode(const struct spool_frame *frame, uint8_t ret_header[SPOOL_HEADER_BYTES])
{
    CHECK(frame->kind == SPOOL_STDOUT || frame->kind == SPOOL_STDERR);
    CHECK(frame->len >= 1 && frame->len <= SPOOL_DATA_MAX);
    for (unsigned i = 0; i < SPOOL_HEADER_BYTES; i++)
        ret_header[i] = i < sizeof magic ? magic[i] : 0;
    ret_header[4] = frame->kind;
    spool_put(ret_header + 8, 4, frame->len);
    spool_put(ret_header + 16, 8, frame->offset);
    spool_put(ret_header + 24, 8, (uint64_t)frame->at_ms);
}

enum status spool_decode(const uint8_t header[SPOOL_HEADER_BYTES], struct spool_frame *ret_frame)
{
    struct spool_frame frame = {
        .kind = header[4],
        .len = (uint32_t)spool_get(header + 8, 4),
        .offset = spool_get(header + 16, 8),
        .at_ms = (int64_t)spool_get(header + 24, 8),
    };
    bool kind_known = frame.kind == SPOOL_STDOUT || frame.kind == SPOOL_STDERR;
    if (memcmp(header, magic, sizeof magic) != 0 || !kind_known || frame.len == 0 ||
        frame.len > SPOOL_DATA_MAX)
        return STATUS_MALFORMED;
    *ret_frame = frame;
    return STATUS_OK;
}
