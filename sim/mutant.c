#include "mutant.h"

#include <string.h>

#include "base/check.h"

static const char *const mutant_texts[] = {
#define X(name, text) [MUTANT_##name] = (text),
    MUTANT_MAP(X)
#undef X
};

const char *mutant_text(enum mutant mutant)
{
    CHECK(mutant < MUTANT_COUNT);
    return mutant_texts[mutant];
}

bool mutant_find(const char *text, enum mutant *ret_mutant)
{
    for (int i = 0; i < MUTANT_COUNT; i++) {
        if (strcmp(mutant_texts[i], text) == 0) {
            *ret_mutant = (enum mutant)i;
            return true;
        }
    }
    return false;
}
