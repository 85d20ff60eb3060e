/* fuzz_intake.c - any bytes as what a worker reads: an order that holds together, or a status. */
#include "base/check.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "fuzz.h"
#include "runner/frame.h"
#include "runner/line.h"
#include "shell/intake.h"
#include "shell/run_order.h"

static void fuzz_order(struct bytes bytes)
{
    AUTO(arena_done) struct arena arena = {0};
    struct error err = {0};
    struct order order = {0};
    enum status status = intake_order(bytes, "node-1", &arena, &order, &err);
    CHECK(IMPLIES(status != STATUS_OK, err.text[0] != '\0'));
    if (status != STATUS_OK)
        return;
    CHECK(name_valid(bytes_of_text(order.key.job.text)) && order.key.attempt > 0);
    Baton__V1__RunOrder run = BATON__V1__RUN_ORDER__INIT;
    status = run_order_build(&order, "node-1", "/d", &arena, &run, &err);
    CHECK((status == STATUS_OK) == (order.refusal == NULL));
}

static void fuzz_line(struct bytes bytes)
{
    char text[65];
    size_t len = bytes.len < sizeof text - 1 ? bytes.len : sizeof text - 1;
    if (len > 0)
        memcpy(text, bytes.data, len);
    text[len] = '\0';
    line_clean(text);
    AUTO(buffer_done) struct buffer again = {0};
    CHECK(utf8_append(&again, bytes_of_text(text)) == STATUS_OK);
    CHECK(bytes_equal(buffer_bytes(&again), bytes_of_text(text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = bytes_of(data, size);
    AUTO(arena_done) struct arena arena = {0};
    struct attempt_key key;
    uint64_t grace_ms = 0;
    struct bytes message = {0};
    size_t used = 0;
    fuzz_order(bytes);
    fuzz_line(bytes);
    if (intake_cancel(bytes, &key, &grace_ms, NULL) == STATUS_OK)
        CHECK(key.attempt > 0);
    CHECK(intake_last(bytes, 1, &arena).claim != NULL);
    if (frame_take(bytes, &message, &used) == STATUS_OK)
        CHECK(used <= size);
    return 0;
}
