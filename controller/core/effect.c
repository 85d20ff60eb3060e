#include "effect.h"

#include <stdlib.h>

void effects_done(struct effects *effects)
{
    free(effects->items);
    *effects = (struct effects){0};
}

void effects_clear(struct effects *effects)
{
    effects->count = 0;
    effects->out_of_memory = false;
}

void effects_push(struct effects *effects, const struct effect *effect)
{
    if (effects->count == effects->capacity) {
        uint32_t capacity = effects->capacity == 0 ? 16 : effects->capacity * 2;
        struct effect *items = realloc(effects->items, capacity * sizeof *items);
        if (items == NULL) {
            effects->out_of_memory = true;
            return;
        }
        effects->items = items;
        effects->capacity = capacity;
    }
    effects->items[effects->count++] = *effect;
}
