#include "sim.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "controller.h"
#include "oracle/oracle.h"
#include "worker.h"

enum {
    SIM_SAFETY_S = 150,      /* of a short seed: faults happen */
    SIM_SUBMIT_S = 90,       /* and until then jobs are submitted */
    SIM_HEALED_S = 6 * 3600, /* within which everything must have ended */
    SIM_STEPS_PER_JOB = 400000,
    SIM_TOLD_LINES = 60,
    SIM_KEEP_S = 3600, /* after a job's end, before it is forgotten */
};

static const double SIM_YEAR_S = 365.25 * 86400;

/* One seed. */
struct run {
    struct world world;
    struct jobs jobs;
    struct havoc havoc;
    const struct sim_options *options;
    struct sim_report *report;
    uint32_t to_submit;
    uint64_t submit_every_ns;
    uint32_t forgotten;
};

/* --- submitting and forgetting ---------------------------------------------------------------- */

static void run_submit(struct world *world, const struct occasion *occasion, bool gone)
{
    struct run *run = occasion->ctx;
    if (gone || run->to_submit == 0)
        return;
    run->to_submit--;
    struct cell *cell = world->cell;
    /* A job on all nodes of a wide cell is rare: most are small. */
    uint32_t most = cell->node_count;
    while (most > 4 && chance_permille(&world->chance, 650))
        most /= 2;
    struct sim_job *job = jobs_make(world, cell->node_names, cell->node_count, most);
    cell_submit(cell, job);
    havoc_poke(&run->havoc);
    if (run->to_submit > 0)
        world_after(world, chance_around(&world->chance, run->submit_every_ns), occasion);
}

/* Whether anybody may still speak of the job, late as it is. */
static bool run_busy(const struct run *run, uint32_t job)
{
    const struct cell *cell = run->world.cell;
    bool busy = simbus_busy(run->world.bus, job);
    for (uint32_t i = 0; i < cell->node_count && !busy; i++)
        busy = worker_holds(cell->workers[i], job);
    for (uint32_t i = 0; i < cell->controller_count && !busy; i++)
        busy = controller_has(cell->managers[i], job);
    return busy;
}

static void run_forget(struct run *run)
{
    struct world *world = &run->world;
    for (; run->forgotten < run->jobs.count; run->forgotten++) {
        const struct sim_job *job = run->jobs.items[run->forgotten];
        if (!job->ended || world->now - job->ended_at < SIM_KEEP_S * WORLD_S ||
            run_busy(run, run->forgotten))
            return;
        oracle_final(world, job);
        run->report->job_hours +=
            (double)(job->ended_at - job->submitted_at) / (3600.0 * (double)WORLD_S);
        oracle_forget_job(world, run->forgotten);
        simbus_forget_job(world->bus, run->forgotten);
        jobs_forget(world, run->forgotten);
    }
}

/* --- the two phases --------------------------------------------------------------------------- */

static void run_until(struct run *run, uint64_t until)
{
    struct world *world = &run->world;
    uint64_t steps = 0;
    while (!world->violated && world_step(world, until)) {
        if ((++steps & 0xffff) == 0)
            run_forget(run);
    }
    if (!world->violated)
        world->now = until;
}

static void run_heal(struct run *run)
{
    struct world *world = &run->world;
    uint64_t bound = world->now + (uint64_t)SIM_HEALED_S * WORLD_S;
    uint64_t steps = world->occasions_had + SIM_STEPS_PER_JOB * (uint64_t)(run->jobs.open + 1);
    run->to_submit = 0;
    havoc_heal(&run->havoc);
    /* A little on after the last end: what is still under way must do no harm either. */
    while (!world->violated && run->jobs.open > 0 && world->occasions_had < steps &&
           world_step(world, bound))
        ;
    uint64_t after = world->now + 120 * WORLD_S;
    while (!world->violated && run->jobs.open == 0 && world_step(world, after))
        ;
    for (uint32_t i = run->forgotten; i < run->jobs.count && !world->violated; i++) {
        const struct sim_job *job = run->jobs.items[i];
        oracle_final(world, job);
        run->report->job_hours +=
            (double)(job->ended_at - job->submitted_at) / (3600.0 * (double)WORLD_S);
    }
}

static void run_begin(struct run *run)
{
    const struct sim_options *options = run->options;
    struct world *world = &run->world;
    struct chance *chance = &world->chance;
    bool wide = options->years > 0;
    uint32_t nodes = wide ? options->nodes : (uint32_t)chance_between(chance, 1, options->nodes);
    uint32_t controllers =
        wide ? options->controllers : (uint32_t)chance_between(chance, 1, options->controllers);
    struct cell *cell = cell_new(world, controllers, nodes);
    for (uint32_t i = 0; i < controllers; i++)
        cell_start(cell, &cell->controllers[i]);
    for (uint32_t i = 0; i < nodes; i++)
        cell_start(cell, &cell->nodes[i]);
    run->to_submit = (uint32_t)chance_between(chance, 2, 6);
    run->submit_every_ns = SIM_SUBMIT_S * WORLD_S / run->to_submit;
    uint64_t fault_every = 2 * WORLD_S;
    uint64_t busy_every = 0;
    if (wide) {
        double seconds = options->years * SIM_YEAR_S;
        run->to_submit = (uint32_t)(options->years * 365.25) + 2;
        run->submit_every_ns = (uint64_t)(seconds / run->to_submit * (double)WORLD_S);
        fault_every = 6 * 3600 * WORLD_S;
        busy_every = 1500 * WORLD_MS;
    }
    world_after(world, WORLD_S, &(struct occasion){.occur = run_submit, .ctx = run});
    havoc_begin(&run->havoc, cell, options->chaos, fault_every, busy_every);
}

static void run_count(struct run *run)
{
    struct sim_report *report = run->report;
    const struct oracle_counts *counts = oracle_counts(&run->world);
    report->seeds++;
    report->jobs += run->jobs.count;
    report->steps += run->world.occasions_had;
    report->starts += counts->starts;
    report->ends += counts->ends;
    report->revokes += counts->revokes;
    report->executions += counts->executions;
    report->records += counts->records;
    report->takeovers += counts->takeovers;
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++)
        report->faults[kind] += run->world.faults[kind];
}

static void run_tell(const struct run *run, FILE *out)
{
    const struct world *world = &run->world;
    uint64_t kept = world->line_count < WORLD_LINES_MAX ? world->line_count : WORLD_LINES_MAX;
    uint64_t wanted = SIM_TOLD_LINES;
    uint64_t first = world->line_count;
    for (uint64_t i = 1; i <= kept && wanted > 0; i++) {
        const struct world_line *line = &world->lines[(world->line_count - i) % WORLD_LINES_MAX];
        if (line->job != world->violated_job && line->job != WORLD_NO_JOB)
            continue;
        first = world->line_count - i;
        wanted--;
    }
    for (uint64_t i = first; i < world->line_count; i++) {
        const struct world_line *line = &world->lines[i % WORLD_LINES_MAX];
        if (line->job == world->violated_job || line->job == WORLD_NO_JOB)
            fprintf(out, "%s\n", line->text);
    }
}

static void run_seed(const struct sim_options *options, uint64_t seed, struct world_line *lines,
                     struct sim_report *report, crypto_hash_sha256_state *hash, FILE *tell)
{
    struct run *run = calloc(1, sizeof *run);
    CHECK(run != NULL);
    run->options = options;
    run->report = report;
    world_init(&run->world, seed, lines);
    run->world.jobs = &run->jobs;
    run->world.mutant = options->mutant;
    run->world.loud = options->loud;
    run_begin(run);
    double seconds = options->years > 0 ? options->years * SIM_YEAR_S : SIM_SAFETY_S;
    run_until(run, (uint64_t)(seconds * (double)WORLD_S));
    if (!run->world.violated)
        run_heal(run);
    run_count(run);
    if (run->world.violated) {
        report->violated = true;
        report->violated_seed = seed;
        memcpy(report->violation, run->world.violation, sizeof report->violation);
        if (tell != NULL)
            run_tell(run, tell);
    }
    uint8_t digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&run->world.hash, digest);
    crypto_hash_sha256_update(hash, digest, sizeof digest);
    world_done(&run->world);
    cell_free(run->world.cell);
    oracle_free(run->world.oracle);
    jobs_done(&run->jobs);
    free(run);
}

void sim_run(const struct sim_options *options, struct sim_report *report, FILE *tell)
{
    *report = (struct sim_report){0};
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    struct world_line *lines = calloc(WORLD_LINES_MAX, sizeof *lines);
    CHECK(lines != NULL);
    for (uint64_t i = 0; i < options->seeds && !report->violated; i++)
        run_seed(options, options->seed + i, lines, report, &hash, tell);
    free(lines);
    crypto_hash_sha256_final(&hash, report->sha256);
}

/* --- telling ---------------------------------------------------------------------------------- */

static const char *sim_chaos_text(enum chaos chaos)
{
    return chaos == CHAOS_NONE ? "none" : chaos == CHAOS_SOME ? "some" : "full";
}

void sim_print(const struct sim_options *options, const struct sim_report *report, FILE *out)
{
    uint64_t faults = 0;
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++)
        faults += report->faults[kind];
    fprintf(out, "seeds: %" PRIu64 " from %" PRIu64 "\n", report->seeds, options->seed);
    fprintf(out, "jobs: %" PRIu64 ", job-hours simulated: %.1f\n", report->jobs, report->job_hours);
    fprintf(out,
            "steps: %" PRIu64 ", log records: %" PRIu64 ", starts: %" PRIu64 ", ends: %" PRIu64
            ", revocations: %" PRIu64 ", executions: %" PRIu64 ", takeovers: %" PRIu64 "\n",
            report->steps, report->records, report->starts, report->ends, report->revokes,
            report->executions, report->takeovers);
    fprintf(out, "faults injected: %" PRIu64 "\n", faults);
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++) {
        if (report->faults[kind] > 0)
            fprintf(out, "  %-18s %" PRIu64 "\n", fault_text((enum fault_kind)kind),
                    report->faults[kind]);
    }
    fprintf(out, "violations: %d\n", report->violated ? 1 : 0);
    fprintf(out, "sha256: ");
    for (size_t i = 0; i < sizeof report->sha256; i++)
        fprintf(out, "%02x", report->sha256[i]);
    fputc('\n', out);
    if (!report->violated)
        return;
    fprintf(out, "VIOLATION in seed %" PRIu64 ": %s\n", report->violated_seed, report->violation);
    fprintf(out, "replay: baton sim --seed %" PRIu64 " --nodes %u --controllers %u --chaos %s",
            report->violated_seed, options->nodes, options->controllers,
            sim_chaos_text(options->chaos));
    if (options->years > 0)
        fprintf(out, " --years %g", options->years);
    if (options->mutant != MUTANT_NONE)
        fprintf(out, " --mutant %s", mutant_text(options->mutant));
    fprintf(out, " --trace\n");
}

const char *sim_too_little(const struct sim_options *options, const struct sim_report *report)
{
    uint64_t faults = 0;
    for (int kind = 0; kind < FAULT_KIND_COUNT; kind++)
        faults += report->faults[kind];
    if (report->jobs < 2 * report->seeds)
        return "hardly any jobs were simulated";
    if (report->executions < report->jobs / 2)
        return "hardly any task was executed";
    if (report->seeds >= 50 && options->chaos != CHAOS_NONE && faults < report->seeds)
        return "hardly any fault was injected";
    if (report->seeds >= 50 && options->chaos == CHAOS_FULL && options->controllers > 1 &&
        report->takeovers < report->seeds / 5)
        return "hardly any job was taken over";
    return NULL;
}
