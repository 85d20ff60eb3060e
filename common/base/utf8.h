/* utf8.h - well-formed UTF-8, for text that comes from outside. Pure. */
#ifndef BATON_UTF8_H
#define BATON_UTF8_H

#include "base/buffer.h"

/**
 * @param data [in] `len` bytes, at least one.
 * @return the length of the character at the front; 0 if there is no well-formed one (surrogates
 * and overlong forms are not).
 */
size_t utf8_character(const uint8_t *data, size_t len);

/** Append bytes as UTF-8: each byte that belongs to no character becomes U+FFFD. @return OK |
 * NOMEM. */
enum status utf8_append(struct buffer *out, struct bytes bytes) ATTR_MUST_USE;

#endif
