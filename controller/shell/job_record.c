#include "shell/job_record.h"

#include "sys/clock.h"
#include "sys/json_text.h"

json_t *job_record_time(int64_t unix_ms)
{
    return unix_ms == 0 ? json_null() : json_string(clock_rfc3339(unix_ms).text);
}

static const char *job_record_strategy(const struct job *job)
{
    if (job->plan == NULL)
        return NULL;
    return job->plan->strategy == PLAN_CONTINUE ? "continue" : "fail-fast";
}

json_t *job_record_render(const struct job *job, const struct job_summary *summary,
                          const char *owner, uint64_t epoch)
{
    json_t *expected = json_array();
    for (uint32_t i = 0; i < job->node_count; i++)
        json_array_append_new(expected, json_string(job->nodes[i].name));
    return json_pack("{s:s, s:o, s:s, s:b, s:s, s:I, s:s?, s:o, s:o, s:o, s:o, s:o}", "id", job->id,
                     "name", json_text(job->name), "state", job_state_text(summary->state),
                     "partial", summary->partial, "owner", owner, "epoch", (json_int_t)epoch,
                     "strategy", job_record_strategy(job), "error", json_text(summary->error),
                     "expected", expected, "created_at", job_record_time(job->created_at_ms),
                     "started_at", job_record_time(summary->started_at_ms), "finished_at",
                     job_record_time(summary->finished_at_ms));
}

bool job_record_ended(const struct job_record *record)
{
    return record->state == JOB_COMPLETED || record->state == JOB_FAILED ||
           record->state == JOB_CANCELLED;
}

bool job_record_read(const json_t *value, struct job_record *ret_record)
{
    const char *id = json_string_value(json_object_get(value, "id"));
    const char *owner = json_string_value(json_object_get(value, "owner"));
    const char *state = json_string_value(json_object_get(value, "state"));
    const json_t *epoch = json_object_get(value, "epoch");
    struct job_record record = {.state = JOB_STATE_COUNT};
    for (enum job_state s = 0; state != NULL && s < JOB_STATE_COUNT; s++) {
        if (strcmp(state, job_state_text(s)) == 0)
            record.state = s;
    }
    if (id == NULL || owner == NULL || record.state == JOB_STATE_COUNT || !json_is_integer(epoch) ||
        json_integer_value(epoch) < 0)
        return false;
    record.epoch = (uint64_t)json_integer_value(epoch);
    if (!name_set(&record.id, bytes_of_text(id)) || !name_set(&record.owner, bytes_of_text(owner)))
        return false;
    *ret_record = record;
    return true;
}
