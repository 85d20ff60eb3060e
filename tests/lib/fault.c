#include "fault.h"

#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

/* The linker's door leaves no other place for it than a global. */
static struct {
    uint64_t calls;
    uint64_t fails_at; /* 0: never */
    bool forever;
    bool struck;
} fault;

void fault_arm(uint64_t n, bool forever)
{
    fault.calls = 0;
    fault.fails_at = n;
    fault.forever = forever;
    fault.struck = false;
}

uint64_t fault_disarm(void)
{
    fault.fails_at = 0;
    return fault.calls;
}

bool fault_struck(void)
{
    return fault.struck;
}

static bool fault_strikes(void)
{
    fault.calls++;
    bool strikes = fault.fails_at != 0 && (fault.calls == fault.fails_at ||
                                           (fault.forever && fault.calls > fault.fails_at));
    fault.struck = fault.struck || strikes;
    return strikes;
}

void *__wrap_malloc(size_t size)
{
    return fault_strikes() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fault_strikes() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fault_strikes() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
    return fault_strikes() ? NULL : __real_strdup(text);
}
