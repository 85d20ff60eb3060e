#include "record_wire.h"

#include <stdlib.h>

#include "base/check.h"
#include "log.pb-c.h"
#include "spec/spec.h"

/* The numbers of the wire are those of the structs; a new one has to be added to both. */
_Static_assert((int)ATTEMPT_SKIPPED == (int)BATON__V1__ATTEMPT_STATE__ATTEMPT_SKIPPED, "states");
_Static_assert((int)STOP_CANCEL == (int)BATON__V1__STOP_REASON__STOP_CANCEL, "stop reasons");
_Static_assert((int)SKIP_RUN_ONCE == (int)BATON__V1__SKIP_REASON__SKIP_RUN_ONCE, "skip reasons");

/* --- packing ---------------------------------------------------------------------------------- */

/* protobuf-c wants writable pointers to what it only reads. */
#define WIRE_TEXT(text) ((char *)(text))

static bool wire_put_created(struct arena *arena, const struct entry *entry,
                             Baton__V1__LogEntry *to)
{
    Baton__V1__JobCreated *created = arena_take(arena, sizeof *created);
    if (created == NULL)
        return false;
    baton__v1__job_created__init(created);
    created->id = WIRE_TEXT(entry->created.id);
    created->submitted_at_ms = entry->created.submitted_at_ms;
    created->refusal = WIRE_TEXT(entry->created.refusal);
    created->spec_sha256 = WIRE_TEXT(entry->created.spec_sha256);
    created->n_expected = entry->created.expected_count;
    created->expected = arena_take_array(arena, created->n_expected, sizeof *created->expected);
    if (created->expected == NULL)
        return false;
    for (uint32_t i = 0; i < entry->created.expected_count; i++) {
        Baton__V1__ExpectedNode *node = arena_take(arena, sizeof *node);
        if (node == NULL)
            return false;
        baton__v1__expected_node__init(node);
        node->name = WIRE_TEXT(entry->created.expected[i].name);
        node->n_groups = entry->created.expected[i].group_count;
        node->groups = (char **)entry->created.expected[i].groups;
        created->expected[i] = node;
    }
    to->kind_case = BATON__V1__LOG_ENTRY__KIND_CREATED;
    to->created = created;
    return true;
}

static bool wire_put_ended(struct arena *arena, const struct entry *entry, Baton__V1__LogEntry *to)
{
    Baton__V1__AttemptEnded *ended = arena_take(arena, sizeof *ended);
    if (ended == NULL)
        return false;
    baton__v1__attempt_ended__init(ended);
    const struct outcome *outcome = &entry->ended.outcome;
    ended->step = entry->ended.step;
    ended->node = entry->ended.node;
    ended->attempt = entry->ended.attempt;
    ended->state = (Baton__V1__AttemptState)outcome->state;
    ended->code = WIRE_TEXT(outcome->code);
    ended->exit_code = outcome->exit_code;
    ended->has_exit_code = outcome->has_exit_code;
    ended->error = WIRE_TEXT(outcome->error);
    ended->started_at_ms = outcome->started_at_ms;
    ended->finished_at_ms = outcome->finished_at_ms;
    ended->duration_ms = outcome->duration_ms;
    ended->result_seq = entry->ended.result_seq;
    ended->retry = entry->ended.retry;
    ended->retry_after_ms = duration_to_ms(entry->ended.retry_after);
    to->kind_case = BATON__V1__LOG_ENTRY__KIND_ENDED;
    to->ended = ended;
    return true;
}

static bool wire_put_wave(struct arena *arena, const struct entry *entry, Baton__V1__LogEntry *to)
{
    if (entry->kind == ENTRY_SCHEDULED) {
        Baton__V1__StepScheduled *scheduled = arena_take(arena, sizeof *scheduled);
        if (scheduled == NULL)
            return false;
        baton__v1__step_scheduled__init(scheduled);
        scheduled->step = entry->wave.step;
        scheduled->attempt = entry->wave.attempt;
        scheduled->n_nodes = entry->wave.node_count;
        scheduled->nodes = (uint32_t *)entry->wave.nodes;
        to->kind_case = BATON__V1__LOG_ENTRY__KIND_SCHEDULED;
        to->scheduled = scheduled;
        return true;
    }
    Baton__V1__StepSkipped *skipped = arena_take(arena, sizeof *skipped);
    if (skipped == NULL)
        return false;
    baton__v1__step_skipped__init(skipped);
    skipped->step = entry->wave.step;
    skipped->reason = (Baton__V1__SkipReason)entry->wave.reason;
    skipped->n_nodes = entry->wave.node_count;
    skipped->nodes = (uint32_t *)entry->wave.nodes;
    to->kind_case = BATON__V1__LOG_ENTRY__KIND_SKIPPED;
    to->skipped = skipped;
    return true;
}

static bool wire_put_claimed(struct arena *arena, const struct entry *entry,
                             Baton__V1__LogEntry *to)
{
    Baton__V1__JobClaimed *claimed = arena_take(arena, sizeof *claimed);
    if (claimed == NULL)
        return false;
    baton__v1__job_claimed__init(claimed);
    claimed->from_owner = WIRE_TEXT(entry->claimed.from_owner);
    to->kind_case = BATON__V1__LOG_ENTRY__KIND_CLAIMED;
    to->claimed = claimed;
    return true;
}

static bool wire_put_stopping(struct arena *arena, const struct entry *entry,
                              Baton__V1__LogEntry *to)
{
    Baton__V1__JobStopping *stopping = arena_take(arena, sizeof *stopping);
    if (stopping == NULL)
        return false;
    baton__v1__job_stopping__init(stopping);
    stopping->reason = (Baton__V1__StopReason)entry->stopping.reason;
    stopping->text = WIRE_TEXT(entry->stopping.text);
    stopping->signal_seq = entry->stopping.signal_seq;
    to->kind_case = BATON__V1__LOG_ENTRY__KIND_STOPPING;
    to->stopping = stopping;
    return true;
}

static bool wire_put_finished(struct arena *arena, const struct entry *entry,
                              Baton__V1__LogEntry *to)
{
    Baton__V1__JobFinished *finished = arena_take(arena, sizeof *finished);
    if (finished == NULL)
        return false;
    baton__v1__job_finished__init(finished);
    finished->state = WIRE_TEXT(job_state_text(entry->finished.state));
    finished->partial = entry->finished.partial;
    finished->error = WIRE_TEXT(entry->finished.error);
    to->kind_case = BATON__V1__LOG_ENTRY__KIND_FINISHED;
    to->finished = finished;
    return true;
}

static bool wire_put_entry(struct arena *arena, const struct entry *entry, Baton__V1__LogEntry *to)
{
    switch (entry->kind) {
    case ENTRY_CREATED:
        return wire_put_created(arena, entry, to);
    case ENTRY_CLAIMED:
        return wire_put_claimed(arena, entry, to);
    case ENTRY_SCHEDULED:
    case ENTRY_SKIPPED:
        return wire_put_wave(arena, entry, to);
    case ENTRY_ENDED:
        return wire_put_ended(arena, entry, to);
    case ENTRY_STOPPING:
        return wire_put_stopping(arena, entry, to);
    case ENTRY_FINISHED:
        return wire_put_finished(arena, entry, to);
    case ENTRY_KIND_COUNT:
        break;
    }
    UNREACHABLE();
}

enum status record_wire_pack(const struct record *record, struct buffer *out)
{
    AUTO(arena_done) struct arena arena = {0};
    Baton__V1__LogRecord message = BATON__V1__LOG_RECORD__INIT;
    message.version = RECORD_WIRE_VERSION;
    message.index = record->index;
    message.prev_seq = record->prev_seq;
    message.owner = WIRE_TEXT(record->owner);
    message.epoch = record->epoch;
    message.at_ms = record->at_ms;
    message.n_entries = record->entry_count;
    message.entries = arena_take_array(&arena, record->entry_count, sizeof *message.entries);
    Baton__V1__LogEntry *entries = arena_take_array(&arena, record->entry_count, sizeof *entries);
    if (message.entries == NULL || entries == NULL)
        return STATUS_NOMEM;
    Baton__V1__Spec *spec = NULL;
    for (uint32_t i = 0; i < record->entry_count; i++) {
        const struct entry *entry = &record->entries[i];
        baton__v1__log_entry__init(&entries[i]);
        message.entries[i] = &entries[i];
        if (!wire_put_entry(&arena, entry, &entries[i]))
            return STATUS_NOMEM;
        if (entry->kind != ENTRY_CREATED || entry->created.spec.len == 0)
            continue;
        CHECK(spec == NULL);
        spec = baton__v1__spec__unpack(NULL, entry->created.spec.len, entry->created.spec.data);
        if (spec == NULL)
            return STATUS_MALFORMED;
        entries[i].created->spec = spec;
    }
    enum status status = buffer_reserve(out, baton__v1__log_record__get_packed_size(&message));
    if (status == STATUS_OK)
        out->len += baton__v1__log_record__pack(&message, (uint8_t *)out->data + out->len);
    if (status == STATUS_OK)
        out->data[out->len] = '\0';
    if (spec != NULL)
        baton__v1__spec__free_unpacked(spec, NULL);
    return status;
}

/* --- unpacking -------------------------------------------------------------------------------- */

/* Texts and lists are copied into the arena, so that the message can be freed at once. */
static const char *wire_text(struct arena *arena, const char *text, bool *ok)
{
    char *copy = arena_text(arena, bytes_of_text(text));
    *ok = *ok && copy != NULL;
    return copy == NULL ? "" : copy;
}

static bool wire_get_expected(struct arena *arena, const Baton__V1__JobCreated *from,
                              struct entry *entry)
{
    bool ok = true;
    struct expected_node *nodes = arena_take_array(arena, from->n_expected, sizeof *nodes);
    if (nodes == NULL)
        return false;
    for (size_t i = 0; i < from->n_expected && ok; i++) {
        const Baton__V1__ExpectedNode *node = from->expected[i];
        const char **groups = arena_take_array(arena, node->n_groups, sizeof *groups);
        if (groups == NULL)
            return false;
        for (size_t g = 0; g < node->n_groups; g++)
            groups[g] = wire_text(arena, node->groups[g], &ok);
        nodes[i] = (struct expected_node){.name = wire_text(arena, node->name, &ok),
                                          .groups = groups,
                                          .group_count = (uint32_t)node->n_groups};
    }
    entry->created.expected = nodes;
    entry->created.expected_count = (uint32_t)from->n_expected;
    return ok;
}

static enum status wire_get_created(struct record_read *read, const Baton__V1__JobCreated *from,
                                    struct entry *entry, struct error *err)
{
    bool ok = true;
    entry->kind = ENTRY_CREATED;
    entry->created.id = wire_text(&read->arena, from->id, &ok);
    entry->created.submitted_at_ms = from->submitted_at_ms;
    entry->created.refusal = wire_text(&read->arena, from->refusal, &ok);
    entry->created.spec_sha256 = wire_text(&read->arena, from->spec_sha256, &ok);
    if (!ok || !wire_get_expected(&read->arena, from, entry))
        return ERROR(err, STATUS_NOMEM, "record");
    if (from->spec == NULL)
        return STATUS_OK;
    if (read->plan != NULL)
        return ERROR(err, STATUS_MALFORMED, "a record with two specs");
    enum status status = plan_from_spec(from->spec, &read->plan, err);
    entry->created.plan = read->plan;
    return status;
}

static bool wire_get_wave(struct arena *arena, enum entry_kind kind, uint32_t step,
                          const uint32_t *nodes, size_t count, struct entry *entry)
{
    uint32_t *copy = arena_take_array(arena, count, sizeof *copy);
    if (copy == NULL)
        return false;
    if (count > 0)
        memcpy(copy, nodes, count * sizeof *copy);
    entry->kind = kind;
    entry->wave.step = step;
    entry->wave.nodes = copy;
    entry->wave.node_count = (uint32_t)count;
    return true;
}

static bool wire_get_ended(struct arena *arena, const Baton__V1__AttemptEnded *from,
                           struct entry *entry)
{
    bool ok = true;
    entry->kind = ENTRY_ENDED;
    entry->ended.step = from->step;
    entry->ended.node = from->node;
    entry->ended.attempt = from->attempt;
    entry->ended.result_seq = from->result_seq;
    entry->ended.retry = from->retry;
    entry->ended.retry_after = duration_ms(from->retry_after_ms);
    entry->ended.outcome = (struct outcome){
        .state = (enum attempt_state)from->state,
        .code = wire_text(arena, from->code, &ok),
        .error = wire_text(arena, from->error, &ok),
        .has_exit_code = from->has_exit_code,
        .exit_code = from->exit_code,
        .started_at_ms = from->started_at_ms,
        .finished_at_ms = from->finished_at_ms,
        .duration_ms = from->duration_ms,
    };
    return ok;
}

static bool wire_get_job_state(const char *text, enum job_state *ret_state)
{
    for (enum job_state state = 0; state < JOB_STATE_COUNT; state++) {
        if (strcmp(text, job_state_text(state)) == 0) {
            *ret_state = state;
            return true;
        }
    }
    return false;
}

static enum status wire_get_entry(struct record_read *read, const Baton__V1__LogEntry *from,
                                  struct entry *entry, struct error *err)
{
    struct arena *arena = &read->arena;
    bool ok = true;
    switch (from->kind_case) {
    case BATON__V1__LOG_ENTRY__KIND_CREATED:
        return wire_get_created(read, from->created, entry, err);
    case BATON__V1__LOG_ENTRY__KIND_CLAIMED:
        entry->kind = ENTRY_CLAIMED;
        entry->claimed.from_owner = wire_text(arena, from->claimed->from_owner, &ok);
        break;
    case BATON__V1__LOG_ENTRY__KIND_SCHEDULED:
        ok = wire_get_wave(arena, ENTRY_SCHEDULED, from->scheduled->step, from->scheduled->nodes,
                           from->scheduled->n_nodes, entry);
        entry->wave.attempt = from->scheduled->attempt;
        break;
    case BATON__V1__LOG_ENTRY__KIND_ENDED:
        ok = wire_get_ended(arena, from->ended, entry);
        break;
    case BATON__V1__LOG_ENTRY__KIND_SKIPPED:
        ok = wire_get_wave(arena, ENTRY_SKIPPED, from->skipped->step, from->skipped->nodes,
                           from->skipped->n_nodes, entry);
        entry->wave.reason = (enum skip_reason)from->skipped->reason;
        break;
    case BATON__V1__LOG_ENTRY__KIND_STOPPING:
        entry->kind = ENTRY_STOPPING;
        entry->stopping.reason = (enum stop_reason)from->stopping->reason;
        entry->stopping.text = wire_text(arena, from->stopping->text, &ok);
        entry->stopping.signal_seq = from->stopping->signal_seq;
        break;
    case BATON__V1__LOG_ENTRY__KIND_FINISHED:
        entry->kind = ENTRY_FINISHED;
        entry->finished.partial = from->finished->partial;
        entry->finished.error = wire_text(arena, from->finished->error, &ok);
        if (!wire_get_job_state(from->finished->state, &entry->finished.state))
            return ERROR(err, STATUS_MALFORMED, "unknown job state in a record");
        break;
    case BATON__V1__LOG_ENTRY__KIND__NOT_SET:
    case _BATON__V1__LOG_ENTRY__KIND__CASE_IS_INT_SIZE: /* only there to size the enum */
    default:
        return ERROR(err, STATUS_UNSUPPORTED, "a record with an entry of an unknown kind");
    }
    return ok ? STATUS_OK : ERROR(err, STATUS_NOMEM, "record");
}

static enum status wire_get_record(struct record_read *read, const Baton__V1__LogRecord *message,
                                   struct error *err)
{
    if (message->version != RECORD_WIRE_VERSION)
        return ERROR(err, STATUS_UNSUPPORTED, "a record of format %u; this program knows format %d",
                     message->version, RECORD_WIRE_VERSION);
    bool ok = true;
    struct entry *entries = arena_take_array(&read->arena, message->n_entries, sizeof *entries);
    if (entries == NULL)
        return ERROR(err, STATUS_NOMEM, "record");
    read->record = (struct record){
        .index = message->index,
        .prev_seq = message->prev_seq,
        .owner = wire_text(&read->arena, message->owner, &ok),
        .epoch = message->epoch,
        .at_ms = message->at_ms,
        .entries = entries,
        .entry_count = (uint32_t)message->n_entries,
    };
    for (size_t i = 0; i < message->n_entries; i++) {
        enum status status = wire_get_entry(read, message->entries[i], &entries[i], err);
        if (status != STATUS_OK)
            return status;
    }
    return ok ? STATUS_OK : ERROR(err, STATUS_NOMEM, "record");
}

enum status record_wire_unpack(struct bytes bytes, struct record_read **ret_read, struct error *err)
{
    Baton__V1__LogRecord *message = baton__v1__log_record__unpack(NULL, bytes.len, bytes.data);
    if (message == NULL)
        return ERROR(err, STATUS_MALFORMED, "%zu bytes which are no log record", bytes.len);
    AUTO_PTR(record_read_free) struct record_read *read = calloc(1, sizeof *read);
    enum status status =
        read == NULL ? ERROR(err, STATUS_NOMEM, "record") : wire_get_record(read, message, err);
    baton__v1__log_record__free_unpacked(message, NULL);
    if (status == STATUS_OK)
        *ret_read = STEAL(read);
    return status;
}

void record_read_free(struct record_read *read)
{
    if (read == NULL)
        return;
    plan_free(read->plan);
    arena_done(&read->arena);
    free(read);
}
