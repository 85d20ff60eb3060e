#include "capture.h"

#include "base/check.h"

static size_t capture_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void capture_check(const struct capture *capture)
{
    CHECK(capture->head_len <= CAPTURE_PART_BYTES);
    CHECK(capture->tail_len <= CAPTURE_PART_BYTES);
    CHECK(capture->tail_start < CAPTURE_PART_BYTES);
    CHECK(IMPLIES(capture->tail_len > 0, capture->head_len == CAPTURE_PART_BYTES));
}

void capture_add(struct capture *capture, struct bytes bytes)
{
    capture_check(capture);
    capture->total_bytes += bytes.len;
    size_t head = capture_min(bytes.len, CAPTURE_PART_BYTES - capture->head_len);
    if (head > 0)
        memcpy(capture->head + capture->head_len, bytes.data, head);
    capture->head_len += head;
    const uint8_t *from = head > 0 ? bytes.data + head : bytes.data;
    size_t left = bytes.len - head;
    if (left > CAPTURE_PART_BYTES) {
        from += left - CAPTURE_PART_BYTES;
        left = CAPTURE_PART_BYTES;
    }
    size_t end = (capture->tail_start + capture->tail_len) % CAPTURE_PART_BYTES;
    size_t first = capture_min(left, CAPTURE_PART_BYTES - end);
    if (first > 0)
        memcpy(capture->tail + end, from, first);
    if (left > first)
        memcpy(capture->tail, from + first, left - first);
    size_t kept = capture->tail_len + left;
    if (kept > CAPTURE_PART_BYTES) {
        capture->tail_start = (capture->tail_start + kept) % CAPTURE_PART_BYTES;
        kept = CAPTURE_PART_BYTES;
    }
    capture->tail_len = kept;
    capture_check(capture);
}

static void capture_reverse(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len / 2; i++) {
        uint8_t byte = bytes[i];
        bytes[i] = bytes[len - 1 - i];
        bytes[len - 1 - i] = byte;
    }
}

struct bytes capture_tail(struct capture *capture)
{
    if (capture->tail_start != 0) {
        /* Only a full ring has moved its start: rotate it in place by three reversals. */
        CHECK(capture->tail_len == CAPTURE_PART_BYTES);
        capture_reverse(capture->tail, capture->tail_start);
        capture_reverse(capture->tail + capture->tail_start,
                        CAPTURE_PART_BYTES - capture->tail_start);
        capture_reverse(capture->tail, CAPTURE_PART_BYTES);
        capture->tail_start = 0;
    }
    return bytes_of(capture->tail, capture->tail_len);
}
