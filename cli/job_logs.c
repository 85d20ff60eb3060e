/* job_logs.c - baton job logs: what the tasks of a job printed. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "job.h"
#include "verbs.h"
#include "watch.h"

struct job_logs {
    const char *step;
    const char *node;
    bool follow;
};

/* A step by its path, or all steps below a phase or pipeline. */
static bool job_logs_matches(const char *path, const char *wanted)
{
    size_t len = strlen(wanted);
    return strncmp(path, wanted, len) == 0 && (path[len] == '\0' || path[len] == '.');
}

/* @return which steps to print, the caller's to free; NULL if there is none of that path. */
static bool *job_logs_steps(const json_t *job, const char *wanted, uint32_t *ret_count)
{
    const json_t *steps = json_object_get(job, "steps");
    size_t i;
    json_t *step;
    bool any = false;
    bool *wants = calloc(json_array_size(steps) + 1, sizeof *wants);
    if (wants == NULL)
        return NULL;
    json_array_foreach(steps, i, step)
    {
        wants[i] = job_logs_matches(out_text(step, "path", ""), wanted);
        any = any || wants[i];
    }
    *ret_count = (uint32_t)json_array_size(steps);
    if (!any) {
        free(wants);
        return NULL;
    }
    return wants;
}

static bool job_logs_has_node(const json_t *job, const char *node)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(job, "expected"), i, name)
    {
        if (strcmp(json_string_value(name) == NULL ? "" : json_string_value(name), node) == 0)
            return true;
    }
    return false;
}

static int job_logs_print(const struct job_logs *logs, struct session *session, const json_t *job)
{
    const struct cli *cli = session->cli;
    struct watch_options options = {.output = true, .raw = logs->node != NULL, .node = logs->node};
    AUTO_HEAP bool *steps = NULL;
    if (logs->node != NULL && !job_logs_has_node(job, logs->node))
        return cli_fail(cli, EXIT_NOT_FOUND, "the job has no node %s", logs->node);
    if (logs->step != NULL) {
        steps = job_logs_steps(job, logs->step, &options.step_count);
        if (steps == NULL)
            return cli_fail(cli, EXIT_NOT_FOUND, "the job has no step %s", logs->step);
        options.steps = steps;
    }
    struct watch watch;
    watch_start(&watch, session, out_text(job, "id", ""), &options);
    int code = logs->follow ? watch_run(&watch) : watch_stored(&watch);
    watch_done(&watch);
    /* How the job ended is no failure of showing its output. */
    return code == EXIT_JOB_FAILED || code == EXIT_JOB_CANCELLED ? (int)EXIT_DONE : code;
}

int job_logs_main(struct cli *cli)
{
    struct job_logs logs = {.step = NULL};
    const struct flag flags[] = {
        {"step", '\0', FLAG_TEXT, &logs.step, "PATH", "only this step, or all below: 1 or 1.0"},
        {"node", '\0', FLAG_TEXT, &logs.node, "NODE", "only this node, its bytes as they are"},
        {"follow", 'f', FLAG_SET, &logs.follow, NULL, "go on until the job has ended"},
    };
    int code = cli_parse(cli, flags, sizeof flags / sizeof flags[0], 1, 1);
    if (code != CLI_GO)
        return code;
    struct session session;
    json_auto_t *job = NULL;
    code = session_open(&session, cli);
    if (code == CLI_GO)
        code = job_fetch(&session, cli->words[0], &job);
    if (code == CLI_GO && !name_valid(bytes_of_text(out_text(job, "id", ""))))
        code = cli_fail(cli, EXIT_ERROR, "the answer to job.get names no job");
    if (code == CLI_GO)
        code = job_logs_print(&logs, &session, job);
    session_done(&session);
    return code;
}
