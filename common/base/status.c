#include "status.h"

#include <stdarg.h>
#include <stdio.h>

#include "check.h"

static const char *const texts[] = {
#define X(name, text) [STATUS_##name] = (text),
    STATUS_MAP(X)
#undef X
};

const char *status_text(enum status status)
{
    CHECK(status < STATUS_COUNT);
    return texts[status];
}

enum status error_set(struct error *err, enum status status, const char *where, const char *format,
                      ...)
{
    CHECK(status != STATUS_OK);
    CHECK(status < STATUS_COUNT);
    if (err == NULL)
        return status;
    err->status = status;
    err->where = where;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return status;
}
