/* nkey.h - the public half of a NATS user key, from the file that holds its seed. Shell: reads. */
#ifndef BATON_BUS_NKEY_H
#define BATON_BUS_NKEY_H

#include "base/bytes.h"
#include "base/status.h"

enum { NKEY_TEXT_BYTES = 56 };

/** The public key of a user seed (`SU...`), as NATS spells it (`U...`).
 * @return OK | MALFORMED; on failure `ret_public` is untouched. */
enum status nkey_public(struct bytes seed, char ret_public[NKEY_TEXT_BYTES + 1],
                        struct error *err) ATTR_MUST_USE;

/** The same from the first line of a file. Blocks. @return OK | IO | MALFORMED. */
enum status nkey_public_of_file(const char *path, char ret_public[NKEY_TEXT_BYTES + 1],
                                struct error *err) ATTR_MUST_USE;

#endif
