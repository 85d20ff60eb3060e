#include "stop.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "limits.h"
#include "waves.h"

/* A text that was cut may end within a character, which no JSON text can hold. */
static void stop_trim(char text[STOP_TEXT_MAX])
{
    size_t end = strlen(text);
    size_t lead = end;
    while (lead > 0 && ((unsigned char)text[lead - 1] & 0xc0u) == 0x80u)
        lead--;
    if (end + 1 < STOP_TEXT_MAX || lead == 0)
        return;
    unsigned char first = (unsigned char)text[lead - 1];
    size_t wanted = 1;
    if (first >= 0xc0)
        wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (end - (lead - 1) < wanted)
        text[lead - 1] = '\0';
}

void stop_on_failure(struct proposal *proposal, uint32_t step, uint32_t node,
                     const struct outcome *outcome)
{
    const struct job *job = proposal->job;
    bool over = false;
    bool bounded = waves_bounded(job, job->plan->step_items[step], &over);
    if (job->stop != STOP_NONE || !(bounded ? over : job->plan->strategy == PLAN_FAIL_FAST))
        return;
    const struct plan_item *item = job_step(job, step);
    char text[STOP_TEXT_MAX];
    (void)snprintf(text, sizeof text, "%sstep %s (%s %s) %s on %s: %s",
                   bounded ? "more nodes failed than max_fail allows; the last: " : "", item->path,
                   item->backend, item->action, attempt_state_text(outcome->state),
                   job->nodes[node].name,
                   outcome->error[0] != '\0' ? outcome->error : outcome->code);
    stop_trim(text);
    propose_stopping(proposal, STOP_FAILURE, text, 0);
}

void stop_on_cancel(struct proposal *proposal, const struct event *event)
{
    const struct job *job = proposal->job;
    if (job_ended(job) || job->stop == STOP_CANCEL || event->cancel.seq <= job->signal_seq)
        return;
    char text[STOP_TEXT_MAX];
    bool by = event->cancel.by[0] != '\0';
    bool reason = event->cancel.reason[0] != '\0';
    (void)snprintf(text, sizeof text, "cancelled%s%s%s%s", by ? " by " : "", event->cancel.by,
                   reason ? ": " : "", event->cancel.reason);
    stop_trim(text);
    propose_stopping(proposal, STOP_CANCEL, text, event->cancel.seq);
}

void stop_on_timeout(struct proposal *proposal)
{
    const struct job *job = proposal->job;
    if (job_ended(job) || job->stop == STOP_CANCEL || job->stop == STOP_TIMEOUT)
        return;
    char text[STOP_TEXT_MAX];
    (void)snprintf(text, sizeof text, "the job's timeout of %llu ms passed",
                   (unsigned long long)duration_to_ms(job->plan->timeout));
    propose_stopping(proposal, STOP_TIMEOUT, text, 0);
}
