/* doc.c - see doc.h: checks of the bytes, and the tree both readers build. */
#include "spec/doc.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "spec/doc_build.h"
#include "spec/path.h"
#include "spec/scalar.h"

struct doc_mark doc_mark_at(struct bytes text, size_t offset)
{
    struct doc_mark mark = {1, 1};
    for (size_t i = 0; i < offset && i < text.len; i++) {
        if (text.data[i] == '\n') {
            mark.line++;
            mark.column = 1;
        } else if ((text.data[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    return mark;
}

static enum status doc_check_bytes(struct bytes text, struct problems *problems)
{
    if (text.len > DOC_BYTES_MAX) {
        problems_add(problems, (struct doc_mark){1, 1}, "",
                     "the text has %zu bytes; a job spec may have at most %d (1 MiB)", text.len,
                     DOC_BYTES_MAX);
        return STATUS_LIMIT;
    }
    for (size_t at = 0; at < text.len;) {
        size_t size = utf8_character(text.data + at, text.len - at);
        if (size == 0 || text.data[at] == 0) {
            problems_add(problems, doc_mark_at(text, at), "",
                         size == 0 ? "not UTF-8 (byte 0x%02x)" : "a NUL byte (0x%02x)",
                         text.data[at]);
            return STATUS_MALFORMED;
        }
        at += size;
    }
    return STATUS_OK;
}

enum status doc_parse(struct bytes text, struct arena *arena, const struct doc_node **ret_root,
                      struct problems *problems)
{
    enum status status = doc_check_bytes(text, problems);
    if (status != STATUS_OK) {
        return status;
    }
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        text = bytes_of(text.data + 3, text.len - 3); /* a byte order mark says nothing here */
    }
    size_t at = 0;
    while (at < text.len && strchr(" \t\r\n", text.data[at]) != NULL) {
        at++;
    }
    bool json = at < text.len && (text.data[at] == '{' || text.data[at] == '[');
    struct doc_build build = {.arena = arena, .problems = problems};
    status = json ? doc_json_read(text, &build) : doc_yaml_read(text, &build);
    if (status == STATUS_OK) {
        CHECK(build.root != NULL && build.depth == 0);
        *ret_root = build.root;
    }
    return status;
}

/* The way to the innermost `depth` of the open collections. */
static struct path doc_build_path(const struct doc_build *build, uint32_t depth)
{
    struct path path = {0};
    for (uint32_t i = 1; i < depth; i++) {
        if (build->open[i]->key != NULL) {
            (void)path_enter_key(&path, build->open[i]->key->text);
        } else {
            (void)path_enter_index(&path, build->open[i - 1]->count - 1);
        }
    }
    return path;
}

enum status doc_build_refuse(struct doc_build *build, struct doc_mark mark, const char *message)
{
    struct path path = doc_build_path(build, build->depth);
    if (build->depth > 0) {
        const struct doc_node *around = build->open[build->depth - 1];
        const struct doc_node *key = build->key[build->depth - 1];
        if (around->kind == DOC_SEQUENCE) {
            (void)path_enter_index(&path, around->count);
        } else if (key != NULL) {
            (void)path_enter_key(&path, key->text);
        }
    }
    problems_add(build->problems, mark, path.text, "%s", message);
    return STATUS_MALFORMED;
}

/* Put a finished or freshly opened node where it belongs. */
static enum status doc_build_place(struct doc_build *build, struct doc_node *node)
{
    if (build->depth == 0) {
        CHECK(build->root == NULL);
        build->root = node;
        return STATUS_OK;
    }
    uint32_t top = build->depth - 1;
    struct doc_node *parent = build->open[top];
    if (parent->kind == DOC_MAPPING) {
        if (build->key[top] == NULL) {
            if (node->kind != DOC_SCALAR) {
                problems_add(build->problems, node->mark, "", "a key must be text, not %s",
                             doc_kind_text(node));
                return STATUS_MALFORMED;
            }
            build->key[top] = node;
            return STATUS_OK;
        }
        node->key = STEAL(build->key[top]);
    }
    if (build->last[top] == NULL) {
        parent->first = node;
    } else {
        build->last[top]->next = node;
    }
    build->last[top] = node;
    parent->count++;
    return STATUS_OK;
}

static struct doc_node *doc_build_node(struct doc_build *build, struct doc_mark mark,
                                       enum doc_kind kind)
{
    struct doc_node *node = arena_take(build->arena, sizeof *node);
    if (node != NULL) {
        node->kind = kind;
        node->mark = mark;
    }
    return node;
}

enum status doc_build_scalar(struct doc_build *build, struct doc_mark mark, struct bytes text,
                             bool plain)
{
    struct doc_node *node = doc_build_node(build, mark, DOC_SCALAR);
    char *copy = arena_text(build->arena, text);
    if (node == NULL || copy == NULL) {
        return STATUS_NOMEM;
    }
    node->plain = plain;
    node->text = bytes_of(copy, text.len);
    if (text.len > 0 && memchr(text.data, 0, text.len) != NULL) {
        return doc_build_refuse(build, mark, "text may not hold a NUL character");
    }
    return doc_build_place(build, node);
}

enum status doc_build_open(struct doc_build *build, struct doc_mark mark, enum doc_kind kind)
{
    if (build->depth == DOC_DEPTH_MAX) {
        problems_add(build->problems, mark, "", "nested too deeply: more than %d levels",
                     DOC_DEPTH_MAX);
        return STATUS_LIMIT;
    }
    struct doc_node *node = doc_build_node(build, mark, kind);
    if (node == NULL) {
        return STATUS_NOMEM;
    }
    enum status status = doc_build_place(build, node);
    if (status == STATUS_OK) {
        build->open[build->depth] = node;
        build->last[build->depth] = NULL;
        build->key[build->depth] = NULL;
        build->depth++;
    }
    return status;
}

static int doc_compare_keys(const void *a, const void *b)
{
    const struct doc_node *x = *(const struct doc_node *const *)a;
    const struct doc_node *y = *(const struct doc_node *const *)b;
    int order = strcmp((const char *)x->text.data, (const char *)y->text.data);
    if (order != 0) {
        return order;
    }
    if (x->mark.line != y->mark.line) {
        return x->mark.line < y->mark.line ? -1 : 1;
    }
    return x->mark.column < y->mark.column ? -1 : 1;
}

/* Sorting keeps a mapping of a hundred thousand keys from costing their square. */
static enum status doc_build_check_keys(struct doc_build *build, const struct doc_node *mapping)
{
    if (mapping->count < 2) {
        return STATUS_OK;
    }
    AUTO_HEAP const struct doc_node **keys = calloc(mapping->count, sizeof *keys);
    if (keys == NULL) {
        return STATUS_NOMEM;
    }
    uint32_t count = 0;
    for (const struct doc_node *value = mapping->first; value != NULL; value = value->next) {
        keys[count++] = value->key;
    }
    qsort(keys, count, sizeof *keys, doc_compare_keys);
    bool unique = true;
    for (uint32_t i = 1; i < count; i++) {
        if (bytes_equal(keys[i - 1]->text, keys[i]->text)) {
            struct path path = doc_build_path(build, build->depth + 1);
            (void)path_enter_key(&path, keys[i]->text);
            problems_add(build->problems, keys[i]->mark, path.text,
                         "duplicate key; it is already on line %u", keys[i - 1]->mark.line);
            unique = false;
        }
    }
    return unique ? STATUS_OK : STATUS_MALFORMED;
}

enum status doc_build_close(struct doc_build *build)
{
    CHECK(build->depth > 0);
    build->depth--;
    const struct doc_node *node = build->open[build->depth];
    return node->kind == DOC_MAPPING ? doc_build_check_keys(build, node) : STATUS_OK;
}

const struct doc_node *doc_get(const struct doc_node *node, const char *key)
{
    if (node->kind != DOC_MAPPING) {
        return NULL;
    }
    struct bytes wanted = bytes_of_text(key);
    for (const struct doc_node *value = node->first; value != NULL; value = value->next) {
        if (bytes_equal(value->key->text, wanted)) {
            return value;
        }
    }
    return NULL;
}

const char *doc_kind_text(const struct doc_node *node)
{
    switch (node->kind) {
    case DOC_SEQUENCE:
        return "a list";
    case DOC_MAPPING:
        return "a mapping";
    case DOC_SCALAR:
        return scalar_kind_text(node->plain ? scalar_of_plain(node->text).kind : SCALAR_TEXT);
    }
    UNREACHABLE();
}
