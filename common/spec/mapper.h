/* mapper.h - documents to protobuf messages and back, driven by the descriptors. Pure. */
#ifndef BATON_MAPPER_H
#define BATON_MAPPER_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "spec/doc.h"
#include "spec/path.h"

/**
 * Fill a message from a document.
 *
 * Goes on after a mistake, so as to report up to PROBLEMS_MAX of them. Every item of a list of
 * messages in the document has its twin in the message, also where the item is wrong.
 *
 * @param root        [in]     mapping whose keys are the message's fields.
 * @param descriptor  [in]     the message's.
 * @param arena       [in,out] will own the message: never free it with protobuf-c.
 * @param ret_message [out]    set unless NOMEM, even when there are problems.
 * @return OK (also with problems) | NOMEM.
 */
enum status mapper_read(const struct doc_node *root, const ProtobufCMessageDescriptor *descriptor,
                        struct arena *arena, ProtobufCMessage **ret_message,
                        struct problems *problems);

/**
 * Say whether some unknown key of a mapping was probably meant to be `field`, so that its absence
 * need not be reported as well.
 */
bool mapper_is_misspelt(const struct doc_node *mapping,
                        const ProtobufCMessageDescriptor *descriptor, const char *field);

/**
 * Write a message as JSON: snake_case keys, fields which are unset left out unless required.
 *
 * @return a new object, NULL when out of memory or when a `Json` field holds no JSON.
 */
json_t *mapper_write(const ProtobufCMessage *message);

/**
 * Turn any node into compact JSON text with sorted keys.
 *
 * @param path     [in]  of the node, for messages.
 * @param ret_text [out] owned by `arena`; NULL if there were problems.
 * @return OK (also with problems) | NOMEM.
 */
enum status mapper_json_text(const struct doc_node *node, struct path *path, struct arena *arena,
                             const char **ret_text, struct problems *problems);

#endif
