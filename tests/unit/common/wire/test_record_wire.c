#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "log.pb-c.h"
#include "spec/spec.h"
#include "wire/record_wire.h"

#define SPEC                                                                                       \
    "target: {scope: all}\ntasks: [{backend: test, action: succeed}, {tasks: [{backend: exec, "    \
    "action: run, params: {command: [/bin/true]}, max_retries: 3}]}]\n"

enum { ENTRIES = 7 };

static const uint32_t NODES[] = {0, 1, 19999, UINT32_MAX};
static const char *const GROUPS[] = {"web", "db"};
static const struct expected_node EXPECTED[] = {{"a", GROUPS, 2}, {"b", NULL, 0}};

static void pack_spec(struct buffer *out)
{
    struct problems *problems = calloc(1, sizeof *problems);
    AUTO_PTR(spec_free) struct spec *spec = NULL;
    assert_int_equal(spec_parse(bytes_of_text(SPEC), &spec, problems), STATUS_OK);
    free(problems);
    assert_int_equal(buffer_reserve(out, baton__v1__spec__get_packed_size(spec->message)),
                     STATUS_OK);
    out->len = baton__v1__spec__pack(spec->message, (uint8_t *)out->data);
}

/* One entry of every kind, in the order of the enum. */
static void fill(struct entry entries[ENTRIES], const struct buffer *spec)
{
    memset(entries, 0, ENTRIES * sizeof *entries);
    for (enum entry_kind kind = 0; kind < ENTRY_KIND_COUNT; kind++)
        entries[kind].kind = kind;
    entries[ENTRY_CREATED].created.id = "01job";
    entries[ENTRY_CREATED].created.spec = buffer_bytes(spec);
    entries[ENTRY_CREATED].created.expected = EXPECTED;
    entries[ENTRY_CREATED].created.expected_count = 2;
    entries[ENTRY_CREATED].created.submitted_at_ms = 1234567890123;
    entries[ENTRY_CREATED].created.refusal = "";
    entries[ENTRY_CREATED].created.spec_sha256 = "00ff";
    entries[ENTRY_CLAIMED].claimed.from_owner = "ctl-0";
    for (enum entry_kind kind = ENTRY_SCHEDULED; kind <= ENTRY_SKIPPED; kind++) {
        if (kind == ENTRY_ENDED)
            continue;
        entries[kind].wave.step = 3;
        entries[kind].wave.nodes = NODES;
        entries[kind].wave.node_count = 4;
    }
    entries[ENTRY_SCHEDULED].wave.attempt = 2;
    entries[ENTRY_SKIPPED].wave.reason = SKIP_RUN_ONCE;
    entries[ENTRY_ENDED].ended.step = 1;
    entries[ENTRY_ENDED].ended.node = 2;
    entries[ENTRY_ENDED].ended.attempt = 3;
    entries[ENTRY_ENDED].ended.outcome = (struct outcome){.state = ATTEMPT_TIMED_OUT,
                                                          .code = "TIMEOUT",
                                                          .error = "too long",
                                                          .has_exit_code = true,
                                                          .exit_code = -9,
                                                          .started_at_ms = -1,
                                                          .finished_at_ms = INT64_MAX,
                                                          .duration_ms = UINT64_MAX};
    entries[ENTRY_ENDED].ended.result_seq = UINT64_MAX;
    entries[ENTRY_ENDED].ended.retry = true;
    entries[ENTRY_ENDED].ended.retry_after = DURATION_MS(4000);
    entries[ENTRY_STOPPING].stopping.reason = STOP_CANCEL;
    entries[ENTRY_STOPPING].stopping.text = "because";
    entries[ENTRY_STOPPING].stopping.signal_seq = 17;
    entries[ENTRY_FINISHED].finished.state = JOB_CANCELLED;
    entries[ENTRY_FINISHED].finished.partial = true;
    entries[ENTRY_FINISHED].finished.error = "an error";
}

static void pack(struct buffer *out)
{
    AUTO(buffer_done) struct buffer spec = {0};
    struct entry entries[ENTRIES];
    pack_spec(&spec);
    fill(entries, &spec);
    struct record record = {.index = 5,
                            .prev_seq = UINT64_MAX,
                            .owner = "ctl-1",
                            .epoch = 3,
                            .at_ms = 42,
                            .entries = entries,
                            .entry_count = ENTRIES};
    assert_int_equal(record_wire_pack(&record, out), STATUS_OK);
}

static void same_wave(const struct entry *a, const struct entry *b)
{
    assert_int_equal(a->wave.step, b->wave.step);
    assert_int_equal(a->wave.attempt, b->wave.attempt);
    assert_int_equal(a->wave.reason, b->wave.reason);
    assert_int_equal(a->wave.node_count, b->wave.node_count);
    assert_memory_equal(a->wave.nodes, b->wave.nodes, a->wave.node_count * sizeof *a->wave.nodes);
}

static void same_ended(const struct entry *a, const struct entry *b)
{
    assert_int_equal(a->ended.step, b->ended.step);
    assert_int_equal(a->ended.node, b->ended.node);
    assert_int_equal(a->ended.attempt, b->ended.attempt);
    assert_int_equal(a->ended.result_seq, b->ended.result_seq);
    assert_int_equal(a->ended.retry, b->ended.retry);
    assert_int_equal(a->ended.retry_after.ns, b->ended.retry_after.ns);
    const struct outcome *x = &a->ended.outcome;
    const struct outcome *y = &b->ended.outcome;
    assert_int_equal(x->state, y->state);
    assert_string_equal(x->code, y->code);
    assert_string_equal(x->error, y->error);
    assert_int_equal(x->has_exit_code, y->has_exit_code);
    assert_int_equal(x->exit_code, y->exit_code);
    assert_int_equal(x->started_at_ms, y->started_at_ms);
    assert_int_equal(x->finished_at_ms, y->finished_at_ms);
    assert_int_equal(x->duration_ms, y->duration_ms);
}

static void every_kind_of_entry_comes_back_as_it_was(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer packed = {0};
    AUTO(buffer_done) struct buffer spec = {0};
    struct entry entries[ENTRIES];
    AUTO_PTR(record_read_free) struct record_read *read = NULL;
    pack(&packed);
    pack_spec(&spec);
    fill(entries, &spec);
    assert_int_equal(record_wire_unpack(buffer_bytes(&packed), &read, NULL), STATUS_OK);
    assert_int_equal(read->record.index, 5);
    assert_int_equal(read->record.prev_seq, UINT64_MAX);
    assert_string_equal(read->record.owner, "ctl-1");
    assert_int_equal(read->record.epoch, 3);
    assert_int_equal(read->record.at_ms, 42);
    assert_int_equal(read->record.entry_count, ENTRIES);
    const struct entry *got = read->record.entries;
    for (enum entry_kind kind = 0; kind < ENTRY_KIND_COUNT; kind++)
        assert_int_equal(got[kind].kind, kind);
    assert_string_equal(got[ENTRY_CREATED].created.id, "01job");
    assert_int_equal(got[ENTRY_CREATED].created.submitted_at_ms, 1234567890123);
    assert_string_equal(got[ENTRY_CREATED].created.spec_sha256, "00ff");
    assert_int_equal(got[ENTRY_CREATED].created.expected_count, 2);
    assert_string_equal(got[ENTRY_CREATED].created.expected[0].groups[1], "db");
    assert_string_equal(got[ENTRY_CREATED].created.expected[1].name, "b");
    assert_ptr_equal(got[ENTRY_CREATED].created.plan, read->plan);
    assert_int_equal(read->plan->step_count, 2);
    assert_int_equal(read->plan->items[2].retry.max, 3);
    assert_string_equal(got[ENTRY_CLAIMED].claimed.from_owner, "ctl-0");
    same_wave(&got[ENTRY_SCHEDULED], &entries[ENTRY_SCHEDULED]);
    same_wave(&got[ENTRY_SKIPPED], &entries[ENTRY_SKIPPED]);
    same_ended(&got[ENTRY_ENDED], &entries[ENTRY_ENDED]);
    assert_int_equal(got[ENTRY_STOPPING].stopping.reason, STOP_CANCEL);
    assert_string_equal(got[ENTRY_STOPPING].stopping.text, "because");
    assert_int_equal(got[ENTRY_STOPPING].stopping.signal_seq, 17);
    assert_int_equal(got[ENTRY_FINISHED].finished.state, JOB_CANCELLED);
    assert_true(got[ENTRY_FINISHED].finished.partial);
    assert_string_equal(got[ENTRY_FINISHED].finished.error, "an error");
}

static void a_refused_job_has_no_spec_and_comes_back_without_a_plan(void **state)
{
    (void)state;
    struct entry entry = {.kind = ENTRY_CREATED};
    entry.created.id = "01job";
    entry.created.refusal = "line 3: no";
    entry.created.spec_sha256 = "";
    struct record record = {.index = 1, .owner = "c", .entries = &entry, .entry_count = 1};
    AUTO(buffer_done) struct buffer packed = {0};
    AUTO_PTR(record_read_free) struct record_read *read = NULL;
    assert_int_equal(record_wire_pack(&record, &packed), STATUS_OK);
    assert_int_equal(record_wire_unpack(buffer_bytes(&packed), &read, NULL), STATUS_OK);
    assert_null(read->plan);
    assert_string_equal(read->record.entries[0].created.refusal, "line 3: no");
}

static void a_packed_spec_that_is_none_is_malformed(void **state)
{
    (void)state;
    struct entry entry = {.kind = ENTRY_CREATED};
    entry.created.id = entry.created.refusal = entry.created.spec_sha256 = "";
    entry.created.spec = bytes_of_text("\xff\xff\xff");
    struct record record = {.index = 1, .owner = "c", .entries = &entry, .entry_count = 1};
    AUTO(buffer_done) struct buffer packed = {0};
    assert_int_equal(record_wire_pack(&record, &packed), STATUS_MALFORMED);
}

/* Any status, but nothing is left behind, and a reason is given. */
static enum status unpacked(struct bytes bytes)
{
    struct error err = {0};
    AUTO_PTR(record_read_free) struct record_read *read = NULL;
    enum status status = record_wire_unpack(bytes, &read, &err);
    assert_int_equal(status == STATUS_OK, read != NULL);
    assert_int_equal(status == STATUS_OK, err.text[0] == '\0');
    return status;
}

static void a_record_cut_anywhere_is_refused_or_read_as_far_as_it_goes(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer packed = {0};
    pack(&packed);
    unsigned refused = 0;
    for (size_t len = 0; len < packed.len; len++) {
        uint8_t *exact = malloc(len + 1); /* so that reading beyond it is seen */
        assert_non_null(exact);
        memcpy(exact, packed.data, len);
        refused += unpacked(bytes_of(exact, len)) != STATUS_OK;
        free(exact);
    }
    assert_true(refused > packed.len * 9 / 10);
    assert_int_equal(unpacked(bytes_of(NULL, 0)), STATUS_UNSUPPORTED);
}

static void a_record_of_another_format_is_unsupported(void **state)
{
    (void)state;
    for (uint32_t version = 0; version < 4; version++) {
        Baton__V1__LogRecord message = BATON__V1__LOG_RECORD__INIT;
        uint8_t bytes[64];
        message.version = version;
        message.index = 1;
        size_t len = baton__v1__log_record__pack(&message, bytes);
        assert_int_equal(unpacked(bytes_of(bytes, len)),
                         version == RECORD_WIRE_VERSION ? STATUS_OK : STATUS_UNSUPPORTED);
    }
}

static void an_entry_of_no_kind_is_unsupported_and_an_unknown_job_state_malformed(void **state)
{
    (void)state;
    Baton__V1__JobFinished finished = BATON__V1__JOB_FINISHED__INIT;
    Baton__V1__LogEntry entry = BATON__V1__LOG_ENTRY__INIT;
    Baton__V1__LogEntry *entries[] = {&entry};
    Baton__V1__LogRecord message = BATON__V1__LOG_RECORD__INIT;
    uint8_t bytes[128];
    message.version = RECORD_WIRE_VERSION;
    message.n_entries = 1;
    message.entries = entries;
    size_t len = baton__v1__log_record__pack(&message, bytes);
    assert_int_equal(unpacked(bytes_of(bytes, len)), STATUS_UNSUPPORTED);
    entry.kind_case = BATON__V1__LOG_ENTRY__KIND_FINISHED;
    entry.finished = &finished;
    finished.state = (char *)"exploded";
    len = baton__v1__log_record__pack(&message, bytes);
    assert_int_equal(unpacked(bytes_of(bytes, len)), STATUS_MALFORMED);
}

static void changed_bytes_are_refused_or_read_but_never_harm(void **state)
{
    (void)state;
    AUTO(buffer_done) struct buffer packed = {0};
    pack(&packed);
    uint8_t *bytes = malloc(packed.len);
    assert_non_null(bytes);
    uint64_t draw = 88172645463325252u;
    for (int round = 0; round < 20000; round++) {
        memcpy(bytes, packed.data, packed.len);
        for (int change = 0; change <= round % 4; change++) {
            draw ^= draw << 13;
            draw ^= draw >> 7;
            draw ^= draw << 17;
            bytes[draw % packed.len] = (uint8_t)(draw >> 40);
        }
        (void)unpacked(bytes_of(bytes, packed.len));
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_entry_comes_back_as_it_was),
        cmocka_unit_test(a_refused_job_has_no_spec_and_comes_back_without_a_plan),
        cmocka_unit_test(a_packed_spec_that_is_none_is_malformed),
        cmocka_unit_test(a_record_cut_anywhere_is_refused_or_read_as_far_as_it_goes),
        cmocka_unit_test(a_record_of_another_format_is_unsupported),
        cmocka_unit_test(an_entry_of_no_kind_is_unsupported_and_an_unknown_job_state_malformed),
        cmocka_unit_test(changed_bytes_are_refused_or_read_but_never_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
