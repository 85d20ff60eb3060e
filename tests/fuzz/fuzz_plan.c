/* fuzz_plan.c - any bytes as a stored spec: a plan that holds together, or a status. */
#include <stdint.h>

#include "base/check.h"
#include "fuzz.h"
#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Baton__V1__Spec *message = baton__v1__spec__unpack(NULL, size, data);
    if (message == NULL)
        return 0;
    struct error err = {0};
    AUTO_PTR(plan_free) struct plan *plan = NULL;
    enum status status = plan_from_spec(message, &plan, &err);
    baton__v1__spec__free_unpacked(message, NULL);
    CHECK((status == STATUS_OK) == (plan != NULL));
    CHECK(IMPLIES(status != STATUS_OK, err.text[0] != '\0'));
    for (uint32_t step = 0; plan != NULL && step < plan->step_count; step++) {
        const struct plan_item *item = &plan->items[plan->step_items[step]];
        CHECK(item->leaf && item->step == step && item->timeout.ns > 0);
        CHECK(item->retry.factor >= 1 && item->retry.jitter >= 0 && item->retry.jitter <= 1);
    }
    return 0;
}
