/* fuzz_spec.c - any bytes as a job spec: refused with a place or accepted, and then the same again
 * after each way of writing it down. */
#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "fuzz.h"
#include "spec/mapper.h"
#include "spec/spec.h"

static void fuzz_same(const struct plan *a, const struct plan *b)
{
    CHECK(a->item_count == b->item_count && a->step_count == b->step_count);
    CHECK(a->target_count == b->target_count && a->timeout.ns == b->timeout.ns);
    for (uint32_t i = 0; i < a->item_count; i++) {
        const struct plan_item *x = &a->items[i];
        const struct plan_item *y = &b->items[i];
        CHECK(strcmp(x->path, y->path) == 0 && strcmp(x->params, y->params) == 0);
        CHECK(x->end == y->end && x->step == y->step && x->parent == y->parent);
        CHECK(x->timeout.ns == y->timeout.ns && x->idempotent == y->idempotent);
        CHECK(x->retry.max == y->retry.max && x->condition == y->condition);
        CHECK(IMPLIES(x->parent != PLAN_NONE, x->parent < i) && x->end > i);
    }
}

/* As protobuf, the way a controller stores it. */
static void fuzz_stored(const struct spec *spec)
{
    size_t len = baton__v1__spec__get_packed_size(spec->message);
    AUTO_HEAP uint8_t *bytes = malloc(len > 0 ? len : 1);
    CHECK(bytes != NULL && baton__v1__spec__pack(spec->message, bytes) == len);
    Baton__V1__Spec *message = baton__v1__spec__unpack(NULL, len, bytes);
    AUTO_PTR(plan_free) struct plan *plan = NULL;
    CHECK(message != NULL && plan_from_spec(message, &plan, NULL) == STATUS_OK);
    baton__v1__spec__free_unpacked(message, NULL);
    fuzz_same(spec->plan, plan);
}

/* As JSON, the way it is shown. */
static void fuzz_shown(const struct spec *spec)
{
    json_t *json = mapper_write(&spec->message->base);
    CHECK(json != NULL);
    AUTO_HEAP char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    CHECK(text != NULL);
    struct problems problems = {0};
    AUTO_PTR(spec_free) struct spec *again = NULL;
    enum status status = spec_parse(bytes_of_text(text), &again, &problems);
    if (status == STATUS_LIMIT && strlen(text) > PLAN_SPEC_BYTES_MAX)
        return; /* presets make it longer */
    CHECK(status == STATUS_OK);
    fuzz_same(spec->plan, again->plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct problems problems = {0};
    AUTO_PTR(spec_free) struct spec *spec = NULL;
    enum status status = spec_parse(bytes_of(data, size), &spec, &problems);
    CHECK((status == STATUS_OK) == (spec != NULL));
    CHECK((status == STATUS_OK) == (problems.count == 0));
    AUTO(buffer_done) struct buffer lines = {0};
    CHECK(problems_print(&problems, "f", &lines) == STATUS_OK);
    if (spec != NULL) {
        fuzz_stored(spec);
        fuzz_shown(spec);
        status = spec_check_catalogue(spec, &problems);
        CHECK((status == STATUS_OK) == (problems.count == 0));
    }
    return 0;
}
