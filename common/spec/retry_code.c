#include "spec/retry_code.h"

#include <stdio.h>

/* The codes of result.proto, without those that no retry follows. */
static const char *const RETRY_CODES[] = {"EXIT",         "SIGNAL",    "TIMEOUT",
                                          "IDLE_TIMEOUT", "NOT_FOUND", "DENIED",
                                          "BAD_PARAMS",   "FAILED",    "INTERNAL"};

const char *retry_code_at(size_t index)
{
    return index < sizeof RETRY_CODES / sizeof RETRY_CODES[0] ? RETRY_CODES[index] : NULL;
}

bool retry_code_valid(struct bytes text)
{
    const char *code = NULL;
    for (size_t i = 0; (code = retry_code_at(i)) != NULL; i++) {
        if (bytes_equal(text, bytes_of_text(code))) {
            return true;
        }
    }
    unsigned number = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || i == 3 || text.data[0] == '0') {
            return false;
        }
        number = number * 10 + (unsigned)(text.data[i] - '0');
    }
    return number >= RETRY_EXIT_MIN && number <= RETRY_EXIT_MAX;
}

bool retry_code_named(const char *const *on, uint32_t count, const char *code, bool has_exit_code,
                      int32_t exit_code)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%d", exit_code);
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(on[i], code) == 0 || (has_exit_code && strcmp(on[i], number) == 0)) {
            return true;
        }
    }
    return count == 0;
}
