#include "finish.h"

#include "base/check.h"

void finish(struct proposal *proposal)
{
    const struct job *job = proposal->job;
    if (job_ended(job) || job->nodes_through < job->node_count)
        return;
    switch (job->stop) {
    case STOP_NONE: /* under `continue`, failed nodes make it partial */
        propose_finished(proposal, JOB_COMPLETED, job->failures > 0, "");
        return;
    case STOP_FAILURE:
    case STOP_TIMEOUT:
        propose_finished(proposal, JOB_FAILED, false, job->stop_text);
        return;
    case STOP_CANCEL:
        propose_finished(proposal, JOB_CANCELLED, false, job->stop_text);
        return;
    }
    UNREACHABLE();
}
