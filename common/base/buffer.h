/* buffer.h - bytes that grow, always followed by a NUL that is not counted. Pure. */
#ifndef BATON_BUFFER_H
#define BATON_BUFFER_H

#include "bytes.h"
#include "status.h"

struct buffer {
    char *data; /* NULL until the first append */
    size_t len;
    size_t capacity;
};

/** Release the memory; the buffer is empty and usable again. NULL data is fine. */
void buffer_done(struct buffer *buffer);

/** Forget the contents, keep the memory. */
void buffer_clear(struct buffer *buffer);

/** Make room for `extra` more bytes. @return OK | NOMEM. */
enum status buffer_reserve(struct buffer *buffer, size_t extra) ATTR_MUST_USE;

/** Append bytes. @return OK | NOMEM; on NOMEM nothing has changed. */
enum status buffer_append(struct buffer *buffer, struct bytes bytes) ATTR_MUST_USE;

/** Append formatted text. @return OK | NOMEM; on NOMEM nothing has changed. */
enum status buffer_print(struct buffer *buffer, const char *format, ...)
    ATTR_PRINTF(2, 3) ATTR_MUST_USE;

/** @return the contents as text, "" when empty; dies with the next append or done. */
const char *buffer_text(const struct buffer *buffer);

static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return bytes_of(buffer->data, buffer->len);
}

#endif
