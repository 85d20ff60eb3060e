/* doc.h - YAML or JSON text as a tree that remembers where everything stood. Pure.
 *
 * A text whose first character is `{` or `[` is JSON and held to its rules; everything else is
 * YAML without anchors, aliases, tags and second documents: what is written is what is meant.
 */
#ifndef BATON_DOC_H
#define BATON_DOC_H

#include "base/arena.h"
#include "base/status.h"
#include "spec/problems.h"

enum {
    DOC_BYTES_MAX = 1024 * 1024,
    DOC_DEPTH_MAX = 100, /* 32 levels of tasks (a list and a mapping each), 32 inside of params */
};

enum doc_kind { DOC_SCALAR, DOC_SEQUENCE, DOC_MAPPING };

struct doc_node {
    enum doc_kind kind;
    bool plain; /* scalar without quotes: typed by its look (scalar.h) */
    struct doc_mark mark;
    struct bytes text;          /* scalar; UTF-8 without NUL, followed by one */
    const struct doc_node *key; /* the scalar before the colon, if in a mapping */
    struct doc_node *first;     /* items of a sequence, values of a mapping, in their order */
    struct doc_node *next;      /* of the same parent */
    uint32_t count;
};

/**
 * Read one document.
 *
 * @param text     [in]     UTF-8, untrusted, at most DOC_BYTES_MAX.
 * @param arena    [in,out] will own the tree.
 * @param ret_root [out]    the tree; untouched on failure.
 * @param problems [in,out] what is wrong, on MALFORMED and LIMIT.
 * @return OK | MALFORMED | LIMIT (too long, too deep) | NOMEM.
 */
enum status doc_parse(struct bytes text, struct arena *arena, const struct doc_node **ret_root,
                      struct problems *problems);

/** @return the value of a key in a mapping, NULL if it is not there or `node` is no mapping. */
const struct doc_node *doc_get(const struct doc_node *node, const char *key);

/** @return what the node is, for messages: "a list", "a mapping", "text", "a whole number"... */
const char *doc_kind_text(const struct doc_node *node);

#endif
