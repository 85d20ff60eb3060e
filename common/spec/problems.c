/* problems.c - see problems.h. */
#include "spec/problems.h"

#include <stdarg.h>
#include <stdio.h>

void problems_add(struct problems *problems, struct doc_mark mark, const char *path,
                  const char *format, ...)
{
    if (problems->count == PROBLEMS_MAX) {
        problems->more = true;
        return;
    }
    struct problem *problem = &problems->items[problems->count++];
    problem->mark = mark;
    int used = 0;
    if (path[0] != '\0') {
        /* The message matters more than the tail of a long path. */
        used = snprintf(problem->text, sizeof problem->text / 2, "%s", path);
        if (used < 0 || (size_t)used >= sizeof problem->text / 2) {
            used = (int)sizeof problem->text / 2 - 1;
        }
        memcpy(problem->text + used, ": ", 3);
        used += 2;
    }
    va_list args;
    va_start(args, format);
    (void)vsnprintf(problem->text + used, sizeof problem->text - (size_t)used, format, args);
    va_end(args);
}

static bool problems_after(const struct problem *a, const struct problem *b)
{
    return a->mark.line > b->mark.line ||
           (a->mark.line == b->mark.line && a->mark.column > b->mark.column);
}

void problems_sort(struct problems *problems)
{
    for (uint32_t i = 1; i < problems->count; i++) {
        struct problem moving = problems->items[i];
        uint32_t hole = i;
        for (; hole > 0 && problems_after(&problems->items[hole - 1], &moving); hole--) {
            problems->items[hole] = problems->items[hole - 1];
        }
        problems->items[hole] = moving;
    }
}

enum status problems_print(const struct problems *problems, const char *file, struct buffer *out)
{
    for (uint32_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        enum status status = STATUS_OK;
        if (problem->mark.line == 0) {
            status = buffer_print(out, "%s%s: %s", i == 0 ? "" : "\n", file, problem->text);
        } else {
            status = buffer_print(out, "%s%s:%u:%u: %s", i == 0 ? "" : "\n", file,
                                  problem->mark.line, problem->mark.column, problem->text);
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

struct quoted quoted_of(struct bytes bytes)
{
    enum { SHOWN_MAX = 64 };
    struct quoted quoted = {"\""};
    size_t shown = bytes.len;
    const char *tail = "\"";
    if (shown > SHOWN_MAX) {
        shown = SHOWN_MAX;
        /* Never cut inside a character. */
        while (shown > 0 && (bytes.data[shown] & 0xc0) == 0x80) {
            shown--;
        }
        tail = "...\"";
    }
    for (size_t i = 0; i < shown; i++) {
        uint8_t byte = bytes.data[i];
        quoted.text[1 + i] = byte < 0x20 || byte == 0x7f ? '?' : (char)byte;
    }
    memcpy(quoted.text + 1 + shown, tail, strlen(tail) + 1);
    return quoted;
}
