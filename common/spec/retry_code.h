/* retry_code.h - which ends of an attempt `retry.on` can name: outcome codes and exit codes. Pure.
 */
#ifndef BATON_RETRY_CODE_H
#define BATON_RETRY_CODE_H

#include "base/bytes.h"

enum { RETRY_EXIT_MIN = 1, RETRY_EXIT_MAX = 255 };

/** @return the outcome codes after which a retry is possible, one by one; NULL behind the last. */
const char *retry_code_at(size_t index);

/** @return whether the text is such a code, or an exit code in plain decimal. */
bool retry_code_valid(struct bytes text);

/**
 * Say whether an attempt which ended so is named.
 *
 * @param on            [in] codes as retry_code_valid() takes them; none of them: any end is named.
 * @param code          [in] the outcome's.
 * @param has_exit_code [in] whether `exit_code` counts.
 */
bool retry_code_named(const char *const *on, uint32_t count, const char *code, bool has_exit_code,
                      int32_t exit_code);

#endif
