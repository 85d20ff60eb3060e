/* schema.h - the job spec described for programs (JSON Schema) and people (tables). Pure.
 *
 * Both come from the protobuf descriptors, fields.h and backends.h; tests compare them with
 * specs/job.schema.json and specs/job-spec.md.
 */
#ifndef BATON_SCHEMA_H
#define BATON_SCHEMA_H

#include "base/buffer.h"

/**
 * Print the JSON Schema (draft 2020-12) of a job spec, indented, with a newline at the end.
 *
 * What it accepts a controller may still refuse (duplicate names, unknown nodes), not the other way
 * round, except for the spelling variants of words (`fail_fast`).
 *
 * @param out [in,out] appended to.
 * @return OK | NOMEM.
 */
enum status schema_print(struct buffer *out) ATTR_MUST_USE;

/**
 * Print the reference tables of keys and of built-in actions in Markdown.
 *
 * @param out [in,out] appended to.
 * @return OK | NOMEM.
 */
enum status schema_print_tables(struct buffer *out) ATTR_MUST_USE;

#endif
