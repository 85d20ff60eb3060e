/* Plays the scenarios named on the command line and compares what happens with the traces they
 * expect; then again with the owner dying at every record of the log. TAP on stdout.
 * `golden --update FILES` writes the traces instead: read the diff before you commit it.
 * `golden --log FILE` writes the log of a scenario to stdout, for the corpus of tests/fuzz. */
#include <stdio.h>

#include "base/check.h"
#include "world.h"

static void golden_complain(const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t line = strcspn(text + at, "\n");
        printf("# %.*s\n", (int)line, text + at);
        at += line + 1;
    }
}

/* @return whether the traces are the same; else both are shown from the first difference on. */
static bool golden_compare(const char *expected, size_t expected_len, const struct buffer *found)
{
    const char *story = buffer_text(found);
    if (expected_len == found->len && memcmp(expected, story, found->len) == 0)
        return true;
    size_t same = 0; /* up to the line in which they part */
    for (size_t i = 0; i < expected_len && i < found->len && expected[i] == story[i]; i++) {
        if (expected[i] == '\n')
            same = i + 1;
    }
    printf("# expected from here:\n");
    golden_complain(expected + same, expected_len - same);
    printf("# found:\n");
    golden_complain(story + same, found->len - same);
    return false;
}

static bool golden_play(const struct scenario *scenario, struct world_result *result)
{
    world_play(scenario, (struct world_crash){0}, result);
    bool good = result->fault[0] == '\0';
    if (!good)
        printf("# %s\n", result->fault);
    return golden_compare(scenario->text + scenario->trace_at,
                          scenario->text_len - scenario->trace_at, &result->story) &&
           good;
}

/* Without outside happenings a job comes to the same end whoever drives it. */
static bool golden_crash(const struct scenario *scenario, const struct world_result *whole)
{
    for (uint64_t record = 1; record <= whole->records; record++) {
        for (int acknowledged = 0; acknowledged < 2; acknowledged++) {
            struct world_result result;
            struct world_crash crash = {.record = record, .acknowledged = acknowledged != 0};
            world_play(scenario, crash, &result);
            bool good = result.fault[0] == '\0' &&
                        (scenario->happening_count > 0 || result.ended == whole->ended);
            if (!good) {
                printf("# the owner dies %s record %llu: %s\n", acknowledged ? "after" : "at",
                       (unsigned long long)record,
                       result.fault[0] != '\0' ? result.fault : "another end");
                golden_complain(buffer_text(&result.story), result.story.len);
            }
            world_result_done(&result);
            if (!good)
                return false;
        }
    }
    return true;
}

static bool golden_update(const char *file, const struct scenario *scenario)
{
    struct world_result result;
    world_play(scenario, (struct world_crash){0}, &result);
    if (result.fault[0] != '\0')
        fprintf(stderr, "%s: %s\n", file, result.fault);
    FILE *stream = fopen(file, "wb");
    bool good = stream != NULL &&
                fwrite(scenario->text, 1, scenario->trace_at, stream) == scenario->trace_at &&
                fwrite(buffer_text(&result.story), 1, result.story.len, stream) == result.story.len;
    good = stream != NULL && fclose(stream) == 0 && good && result.fault[0] == '\0';
    world_result_done(&result);
    return good;
}

static bool golden_log(const char *file)
{
    AUTO_PTR(scenario_free) struct scenario *scenario = NULL;
    if (scenario_read(file, &scenario, NULL) != STATUS_OK)
        return false;
    struct world_result result;
    world_play(scenario, (struct world_crash){0}, &result);
    bool good = fwrite(buffer_text(&result.log), 1, result.log.len, stdout) == result.log.len;
    world_result_done(&result);
    return good;
}

static bool golden_file(const char *file, bool update)
{
    struct error err = {0};
    AUTO_PTR(scenario_free) struct scenario *scenario = NULL;
    if (scenario_read(file, &scenario, &err) != STATUS_OK) {
        printf("# %s\n", err.text);
        return false;
    }
    if (update)
        return golden_update(file, scenario);
    struct world_result result;
    bool good = golden_play(scenario, &result) && golden_crash(scenario, &result);
    world_result_done(&result);
    return good;
}

static int golden_name_len(const char *file, const char **ret_name)
{
    const char *slash = strrchr(file, '/');
    *ret_name = slash == NULL ? file : slash + 1;
    return (int)strcspn(*ret_name, ".");
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--log") == 0)
        return golden_log(argv[2]) ? 0 : 1;
    bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
    int first = update ? 2 : 1;
    int failed = 0;
    if (!update)
        printf("1..%d\n", argc - first);
    for (int i = first; i < argc; i++) {
        bool good = golden_file(argv[i], update);
        const char *name = NULL;
        int len = golden_name_len(argv[i], &name);
        if (!update)
            printf("%s %d - %.*s\n", good ? "ok" : "not ok", i - first + 1, len, name);
        failed += !good;
        (void)fflush(stdout);
    }
    return failed == 0 ? 0 : 1;
}
