/* The simulator as a test: what must hold does, seeds that failed once stay good, a seed is a seed,
 * and each planted fault is found. [specs/simulation.md] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h wants the five above first. */
#include <cmocka.h>

#include "sanitized.h"
#include "sim/sim.h"

enum {
    FRESH_SEEDS = SANITIZED ? 1500 : 25000,
    LONG_SEEDS = SANITIZED ? 30000 : 1000000,
    MUTANT_SEEDS_MAX = 20000,
};

/* Where the sources are: the commit's hash and the seeds to be kept are there. */
struct place {
    const char *seeds_file;
    const char *git;
};

static const struct sim_options everything = {
    .seed = 1, .seeds = 1, .nodes = 5, .controllers = 3, .chaos = CHAOS_FULL};

static void run_clean(const struct sim_options *options, struct sim_report *report)
{
    sim_run(options, report, stderr);
    if (!report->violated)
        return;
    sim_print(options, report, stderr);
    fail_msg("seed %llu: %s", (unsigned long long)report->violated_seed, report->violation);
}

/* --- seeds that failed once ------------------------------------------------------------------- */

/* A line: the seed, then what it found; behind a # anything. */
static void seeds_that_failed_once_stay_good(void **state)
{
    const struct place *place = *state;
    char line[512];
    unsigned count = 0;
    FILE *file = fopen(place->seeds_file, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        struct sim_options options = everything;
        struct sim_report report;
        if (line[0] < '0' || line[0] > '9')
            continue;
        options.seed = strtoull(line, NULL, 10);
        run_clean(&options, &report);
        count++;
    }
    fclose(file);
    assert_true(count > 0);
}

/* --- a seed is a seed ------------------------------------------------------------------------- */

static void the_same_seed_gives_the_same_trace(void **state)
{
    struct sim_options options = everything;
    struct sim_report one;
    struct sim_report two;
    (void)state;
    options.seeds = 50;
    run_clean(&options, &one);
    run_clean(&options, &two);
    assert_memory_equal(one.sha256, two.sha256, sizeof one.sha256);
    options.seed = 2;
    run_clean(&options, &two);
    assert_memory_not_equal(one.sha256, two.sha256, sizeof one.sha256);
}

/* --- fresh seeds ------------------------------------------------------------------------------ */

static bool first_line(const char *folder, const char *name, char *line, size_t size)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    bool read = fgets(line, (int)size, file) != NULL;
    fclose(file);
    line[read ? strcspn(line, "\r\n") : 0] = '\0';
    return read;
}

/* From the commit's hash, so that every commit tries others; a fixed one where there is no git. */
static uint64_t fresh_seed(const struct place *place)
{
    char line[512];
    char hash[17] = {0};
    const char *given = getenv("BATON_SIM_SEED");
    if (given != NULL)
        return strtoull(given, NULL, 10);
    if (!first_line(place->git, "HEAD", line, sizeof line))
        return 1000000;
    if (strncmp(line, "ref: ", 5) == 0) {
        char name[512];
        memcpy(name, line + 5, sizeof line - 5);
        if (!first_line(place->git, name, line, sizeof line))
            return 1000000;
    }
    memcpy(hash, line, 12);
    return strtoull(hash, NULL, 16);
}

static void nothing_bad_happens_in_fresh_seeds_and_all_jobs_end(void **state)
{
    struct sim_options options = everything;
    struct sim_report report;
    options.seed = fresh_seed(*state);
    options.seeds = getenv("BATON_LONG") != NULL ? LONG_SEEDS : FRESH_SEEDS;
    run_clean(&options, &report);
    sim_print(&options, &report, stderr);
    const char *little = sim_too_little(&options, &report);
    if (little != NULL)
        fail_msg("%s", little);
}

static void nothing_bad_happens_without_faults(void **state)
{
    struct sim_options options = everything;
    struct sim_report report;
    options.seed = fresh_seed(*state);
    options.seeds = 500;
    options.chaos = CHAOS_NONE;
    run_clean(&options, &report);
    assert_null(sim_too_little(&options, &report));
    assert_int_equal(report.executions, report.starts);
}

static void a_wide_cell_lives_for_a_month(void **state)
{
    struct sim_options options = everything;
    struct sim_report report;
    options.seed = fresh_seed(*state);
    options.nodes = 60;
    options.years = 1.0 / 12;
    run_clean(&options, &report);
    assert_null(sim_too_little(&options, &report));
}

/* --- planted faults --------------------------------------------------------------------------- */

static void each_planted_fault_is_found(void **state)
{
    (void)state;
    for (int mutant = MUTANT_NONE + 1; mutant < MUTANT_COUNT; mutant++) {
        struct sim_options options = everything;
        struct sim_report report;
        options.seeds = MUTANT_SEEDS_MAX;
        options.mutant = (enum mutant)mutant;
        sim_run(&options, &report, NULL);
        fprintf(stderr, "%s: %s\n", mutant_text(options.mutant),
                report.violated ? report.violation : "not found");
        if (!report.violated)
            fail_msg("%s is not found within %d seeds", mutant_text(options.mutant),
                     MUTANT_SEEDS_MAX);
    }
}

int main(int argc, char **argv)
{
    static struct place place;
    if (argc < 3)
        return 2;
    place.seeds_file = argv[1];
    place.git = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(seeds_that_failed_once_stay_good, &place),
        cmocka_unit_test(the_same_seed_gives_the_same_trace),
        cmocka_unit_test_prestate(nothing_bad_happens_in_fresh_seeds_and_all_jobs_end, &place),
        cmocka_unit_test_prestate(nothing_bad_happens_without_faults, &place),
        cmocka_unit_test_prestate(a_wide_cell_lives_for_a_month, &place),
        cmocka_unit_test(each_planted_fault_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
