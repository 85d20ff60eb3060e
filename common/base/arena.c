#include "arena.h"

#include <stdlib.h>

#include "check.h"

enum { ARENA_BLOCK_BYTES = 4096, ARENA_BLOCK_BYTES_MAX = 256 * 1024 };

struct arena_block {
    struct arena_block *older;
    size_t used;
    size_t capacity;
    _Alignas(max_align_t) unsigned char memory[];
};

void arena_done(struct arena *arena)
{
    struct arena_block *block = arena->newest;
    while (block != NULL) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
    *arena = (struct arena){0};
}

static struct arena_block *arena_grow(struct arena *arena, size_t size)
{
    /* Blocks double so that a big arena costs few heap calls and a small one little memory. */
    size_t capacity = arena->newest == NULL ? ARENA_BLOCK_BYTES : arena->newest->capacity * 2;
    if (capacity > ARENA_BLOCK_BYTES_MAX)
        capacity = ARENA_BLOCK_BYTES_MAX;
    if (capacity < size)
        capacity = size;
    if (capacity > SIZE_MAX - sizeof(struct arena_block))
        return NULL;
    struct arena_block *block = calloc(1, sizeof *block + capacity);
    if (block == NULL)
        return NULL;
    block->older = arena->newest;
    block->capacity = capacity;
    arena->newest = block;
    arena->total_bytes += sizeof *block + capacity;
    return block;
}

void *arena_take(struct arena *arena, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX - align)
        return NULL;
    size = (size + align - 1) / align * align;
    struct arena_block *block = arena->newest;
    if (block == NULL || block->capacity - block->used < size)
        block = arena_grow(arena, size);
    if (block == NULL)
        return NULL;
    CHECK(block->capacity - block->used >= size);
    void *memory = block->memory + block->used;
    block->used += size;
    return memory;
}

void *arena_take_array(struct arena *arena, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return arena_take(arena, count * size);
}

char *arena_text(struct arena *arena, struct bytes bytes)
{
    if (bytes.len == SIZE_MAX)
        return NULL;
    char *text = arena_take(arena, bytes.len + 1);
    if (text != NULL && bytes.len > 0)
        memcpy(text, bytes.data, bytes.len);
    return text;
}
