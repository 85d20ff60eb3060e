/* doc_build.h - puts a document tree together; used by the readers of both syntaxes. Pure. */
#ifndef BATON_DOC_BUILD_H
#define BATON_DOC_BUILD_H

#include "spec/doc.h"

struct doc_build {
    struct arena *arena;
    struct problems *problems;
    struct doc_node *root;
    struct doc_node *open[DOC_DEPTH_MAX]; /* the collections around the place of reading */
    struct doc_node *last[DOC_DEPTH_MAX]; /* newest child of each */
    struct doc_node *key[DOC_DEPTH_MAX];  /* of a mapping: key whose value comes next */
    uint32_t depth;
};

/** Add a scalar (its text is copied). @return OK | MALFORMED | NOMEM. */
enum status doc_build_scalar(struct doc_build *build, struct doc_mark mark, struct bytes text,
                             bool plain);

/** Begin a sequence or mapping. @return OK | MALFORMED | LIMIT | NOMEM. */
enum status doc_build_open(struct doc_build *build, struct doc_mark mark, enum doc_kind kind);

/** End the innermost collection; a mapping's keys must differ. @return OK | MALFORMED | NOMEM. */
enum status doc_build_close(struct doc_build *build);

/** Refuse what comes next, naming the way to it. @return MALFORMED. */
enum status doc_build_refuse(struct doc_build *build, struct doc_mark mark, const char *message);

/** Read JSON text. Same contract as doc_parse(). */
enum status doc_json_read(struct bytes text, struct doc_build *build);

/** Read YAML text. Same contract as doc_parse(). */
enum status doc_yaml_read(struct bytes text, struct doc_build *build);

/** @return line and column of the character at byte `offset`. */
struct doc_mark doc_mark_at(struct bytes text, size_t offset);

#endif
