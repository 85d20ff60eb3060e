/* name.h - names that become subject tokens, KV keys and file names. Pure. */
#ifndef BATON_NAME_H
#define BATON_NAME_H

#include "bytes.h"

enum {
    NAME_MAX_BYTES = 64, /* a job id, node, group, controller or cell name, without the NUL */
    JOB_ID_BYTES = 26,   /* an id we make: 26 characters of Crockford base 32 */
};

/* A checked name. Always NUL-terminated. */
struct name {
    char text[NAME_MAX_BYTES + 1];
};

/**
 * Say whether bytes may serve as a name: 1 ..= 64 of `A-Z a-z 0-9 _ -`.
 * Dots, blanks and wildcards would change the meaning of a NATS subject, slashes that of a path.
 */
bool name_valid(struct bytes bytes);

/** Copy a valid name. @return false, with `ret_name` untouched, if it is not valid. */
bool name_set(struct name *ret_name, struct bytes bytes);

/**
 * Make a job id that sorts by time (the layout of a ULID, in lower case).
 *
 * @param unix_ms [in] 48 bits of Unix milliseconds.
 * @param chance  [in] 10 bytes: random, or a digest where the same input must give the same id.
 */
struct name name_job_id(uint64_t unix_ms, const uint8_t chance[10]);

#endif
