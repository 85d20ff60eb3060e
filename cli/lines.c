#include "lines.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/name.h"
#include "output.pb-c.h"

enum {
    LINES_PART_MAX = 64 * 1024, /* a longer line is printed in pieces */
    LINES_KINDS = 3,            /* of OutputKind; 0 stays empty */
};

/* What one node prints now. A node runs one attempt at a time. */
struct lines_node {
    struct name node;
    uint32_t step, attempt;
    uint64_t next_index;
    struct buffer parts[LINES_KINDS]; /* lines without their end yet */
};

static const char *const lines_colours[] = {"\033[36m", "\033[33m", "\033[35m",
                                            "\033[32m", "\033[34m", "\033[31m"};

static void lines_print(const struct lines *lines, const struct lines_node *node, struct bytes line)
{
    size_t number = (size_t)(node - lines->nodes);
    const char *colour =
        lines->colour ? lines_colours[number % (sizeof lines_colours / sizeof lines_colours[0])]
                      : "";
    fprintf(lines->file, "%s%s |%s ", colour, node->node.text, lines->colour ? "\033[0m" : "");
    (void)fwrite(line.data, 1, line.len, lines->file);
    fputc('\n', lines->file);
}

static void lines_flush(const struct lines *lines, struct lines_node *node)
{
    for (size_t kind = 0; kind < LINES_KINDS; kind++) {
        if (node->parts[kind].len > 0)
            lines_print(lines, node, buffer_bytes(&node->parts[kind]));
        buffer_clear(&node->parts[kind]);
    }
}

void lines_done(struct lines *lines)
{
    for (size_t i = 0; i < lines->count; i++) {
        lines_flush(lines, &lines->nodes[i]);
        for (size_t kind = 0; kind < LINES_KINDS; kind++)
            buffer_done(&lines->nodes[i].parts[kind]);
    }
    free(lines->nodes);
    lines->nodes = NULL;
    lines->count = lines->capacity = 0;
}

/* @return the node's entry, made if new; NULL if the name is none, or out of memory. */
static struct lines_node *lines_node(struct lines *lines, const char *name)
{
    struct name checked;
    if (!name_set(&checked, bytes_of_text(name)))
        return NULL;
    for (size_t i = 0; i < lines->count; i++) {
        if (strcmp(lines->nodes[i].node.text, name) == 0)
            return &lines->nodes[i];
    }
    if (lines->count == lines->capacity) {
        size_t capacity = lines->capacity == 0 ? 16 : lines->capacity * 2;
        struct lines_node *nodes = realloc(lines->nodes, capacity * sizeof *nodes);
        if (nodes == NULL)
            return NULL;
        lines->nodes = nodes;
        lines->capacity = capacity;
    }
    lines->nodes[lines->count] = (struct lines_node){.node = checked};
    return &lines->nodes[lines->count++];
}

/* Print every line that `data` ends, keep the rest. */
static bool lines_feed(const struct lines *lines, struct lines_node *node, struct buffer *part,
                       struct bytes data)
{
    bool printed = false;
    while (data.len > 0) {
        const uint8_t *end = memchr(data.data, '\n', data.len);
        size_t len = end == NULL ? data.len : (size_t)(end - data.data);
        bool memory = buffer_append(part, bytes_of(data.data, len)) == STATUS_OK;
        if (end != NULL || !memory || part->len >= LINES_PART_MAX) {
            lines_print(lines, node, buffer_bytes(part));
            buffer_clear(part);
            printed = true;
        }
        len += end != NULL;
        data = bytes_of(data.data + len, data.len - len);
    }
    return printed;
}

static bool lines_chunk(struct lines *lines, const Baton__V1__OutputChunk *chunk)
{
    struct bytes data = bytes_of(chunk->data.data, chunk->data.len);
    if (lines->steps != NULL && (chunk->step >= lines->step_count || !lines->steps[chunk->step]))
        return false;
    struct lines_node *node = lines_node(lines, chunk->node);
    if (node == NULL || (uint32_t)chunk->kind >= LINES_KINDS)
        return false;
    if (node->step != chunk->step || node->attempt != chunk->attempt) {
        lines_flush(lines, node);
        node->step = chunk->step;
        node->attempt = chunk->attempt;
        node->next_index = 0;
    }
    if (chunk->index < node->next_index)
        return false; /* stored twice: its writer had not seen the first answer */
    node->next_index = chunk->index + 1;
    if (!lines->raw)
        return lines_feed(lines, node, &node->parts[chunk->kind], data);
    (void)fwrite(data.data, 1, data.len, lines->file);
    return data.len > 0;
}

bool lines_take(struct lines *lines, struct bytes chunk)
{
    Baton__V1__OutputChunk *message = baton__v1__output_chunk__unpack(NULL, chunk.len, chunk.data);
    if (message == NULL)
        return false;
    bool printed = lines_chunk(lines, message);
    baton__v1__output_chunk__free_unpacked(message, NULL);
    if (printed)
        (void)fflush(lines->file);
    return printed;
}
