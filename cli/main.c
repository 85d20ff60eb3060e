/* main.c - baton: finds the verb and runs it. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "spec/suggest.h"
#include "verbs.h"

static const struct verb verbs[] = {
    {NULL, "dev", "[JOB.yaml]", "start a cell on this machine; with a job: run it and stop",
     dev_main},
    {"job", "run", "-f FILE | -t TARGET BACKEND ACTION [NAME=VALUE ...] [-- ARGV ...]",
     "submit a job", job_run_main},
    {"job", "get", "ID", "show one job with every step on every node", job_get_main},
    {"job", "list", "", "list jobs, the newest first", job_list_main},
    {"job", "cancel", "ID", "stop a job", job_cancel_main},
    {"job", "logs", "ID", "show what the tasks of a job printed", job_logs_main},
    {"job", "validate", "FILE", "check a job spec without a bus", job_validate_main},
    {"node", "list", "", "list the nodes of the cell", node_list_main},
    {"node", "info", "NODE", "show one node and what it offers", node_info_main},
    {NULL, "controllers", "", "list the controllers of the cell", controllers_main},
    {NULL, "status", "", "show the cell at a glance", status_main},
    {NULL, "sim", "", "simulate a cell and everything that can go wrong with it", sim_main},
    {NULL, "version", "", "show the version, of the bus too if there is one", version_main},
};
enum { VERB_COUNT = sizeof verbs / sizeof verbs[0] };

static void main_help(FILE *out, const char *noun)
{
    fputs("baton - run jobs on many nodes over NATS\n\nusage: baton COMMAND [arguments]\n\n", out);
    for (size_t i = 0; i < VERB_COUNT; i++) {
        char left[48];
        const struct verb *verb = &verbs[i];
        if (noun != NULL && (verb->noun == NULL || strcmp(verb->noun, noun) != 0))
            continue;
        (void)snprintf(left, sizeof left, "%s%s%s", verb->noun == NULL ? "" : verb->noun,
                       verb->noun == NULL ? "" : " ", verb->name);
        fprintf(out, "  %-14s %s\n", left, verb->summary);
    }
    fputs("\nbaton COMMAND --help says more about each; baton(1) has it all.\n", out);
}

static bool main_is_noun(const char *word)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (verbs[i].noun != NULL && strcmp(verbs[i].noun, word) == 0)
            return true;
    }
    return false;
}

static const struct verb *main_find(const char *noun, const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        bool same_noun = noun == NULL ? verbs[i].noun == NULL
                                      : verbs[i].noun != NULL && strcmp(verbs[i].noun, noun) == 0;
        if (same_noun && strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    }
    return NULL;
}

static int main_unknown(const char *noun, const char *word)
{
    struct suggest suggest = {.word = bytes_of_text(word)};
    for (size_t i = 0; i < VERB_COUNT; i++) {
        bool here = noun == NULL ? verbs[i].noun == NULL
                                 : verbs[i].noun != NULL && strcmp(verbs[i].noun, noun) == 0;
        if (here)
            suggest_offer(&suggest, verbs[i].name);
        else if (noun == NULL)
            suggest_offer(&suggest, verbs[i].noun);
    }
    fprintf(stderr, "baton: %s%s%s: unknown command%s%s%s%s; see baton --help\n",
            noun == NULL ? "" : noun, noun == NULL ? "" : " ", word,
            suggest.best == NULL ? "" : "; did you mean ",
            suggest.best == NULL ? ""
            : noun == NULL       ? ""
                                 : noun,
            suggest.best == NULL || noun == NULL ? "" : " ",
            suggest.best == NULL ? "" : suggest.best);
    return EXIT_USAGE;
}

static int main_run(const struct verb *verb, int skip, int argc, char **argv)
{
    struct cli cli = {
        .verb = verb,
        .argc = argc - skip,
        .argv = argv + skip,
        .environment = environ,
        .program = argv[0],
        .out = stdout,
        .err = stderr,
    };
    int code = verb->run(&cli);
    /* Half an answer must not look like a whole one. */
    if ((fflush(stdout) != 0 || ferror(stdout) != 0) && code == EXIT_DONE)
        return cli_fail(&cli, EXIT_ERROR, "stdout cannot be written");
    return code;
}

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a write to a closed pipe is an error like others */
    const char *word = argc > 1 ? argv[1] : NULL;
    if (word == NULL) {
        main_help(stderr, NULL);
        return EXIT_USAGE;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        main_help(stdout, NULL);
        return EXIT_DONE;
    }
    if (strcmp(word, "--version") == 0) {
        printf("baton %s\n", BATON_VERSION);
        return EXIT_DONE;
    }
    bool noun = main_is_noun(word);
    const char *name = noun ? (argc > 2 ? argv[2] : NULL) : word;
    if (name == NULL || (noun && (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0))) {
        main_help(name == NULL ? stderr : stdout, word);
        return name == NULL ? EXIT_USAGE : EXIT_DONE;
    }
    const struct verb *verb = main_find(noun ? word : NULL, name);
    if (verb == NULL)
        return main_unknown(noun ? word : NULL, name);
    return main_run(verb, noun ? 3 : 2, argc, argv);
}
