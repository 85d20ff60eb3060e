#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

enum { BUFFER_CAPACITY_MIN = 64 };

void buffer_done(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
    if (buffer->data != NULL)
        buffer->data[0] = '\0';
}

enum status buffer_reserve(struct buffer *buffer, size_t extra)
{
    CHECK(buffer->len <= buffer->capacity);
    if (extra >= SIZE_MAX - buffer->len)
        return STATUS_NOMEM;
    size_t needed = buffer->len + extra + 1; /* the NUL behind */
    if (needed <= buffer->capacity)
        return STATUS_OK;
    size_t capacity =
        buffer->capacity < BUFFER_CAPACITY_MIN ? BUFFER_CAPACITY_MIN : buffer->capacity;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    char *data = realloc(buffer->data, capacity);
    if (data == NULL)
        return STATUS_NOMEM;
    buffer->data = data;
    buffer->capacity = capacity;
    return STATUS_OK;
}

enum status buffer_append(struct buffer *buffer, struct bytes bytes)
{
    enum status status = buffer_reserve(buffer, bytes.len);
    if (status != STATUS_OK)
        return status;
    if (bytes.len > 0)
        memcpy(buffer->data + buffer->len, bytes.data, bytes.len);
    buffer->len += bytes.len;
    buffer->data[buffer->len] = '\0';
    return STATUS_OK;
}

enum status buffer_print(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    enum status status = len < 0 ? STATUS_NOMEM : buffer_reserve(buffer, (size_t)len);
    if (status == STATUS_OK) {
        (void)vsnprintf(buffer->data + buffer->len, (size_t)len + 1, format, again);
        buffer->len += (size_t)len;
    }
    va_end(again);
    return status;
}

const char *buffer_text(const struct buffer *buffer)
{
    return buffer->data == NULL ? "" : buffer->data;
}
