/* json_text.h - text of any origin as a JSON string. Shell. */
#ifndef BATON_JSON_TEXT_H
#define BATON_JSON_TEXT_H

#include <jansson.h>

/**
 * jansson refuses bytes that are not UTF-8, and with them the whole object they are packed into.
 * Here each such byte becomes U+FFFD.
 *
 * @param text [in, may be NULL] NULL gives JSON null.
 * @return a new reference; NULL when out of memory.
 */
json_t *json_text(const char *text);

#endif
