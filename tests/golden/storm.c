/* Scenarios made up at random, played for what must hold in every story (oracle.c); nobody expects
 * a certain trace of them. `storm FIRST COUNT` plays the seeds FIRST ..; what fails is printed
 * whole, so that it can be made a golden scenario. Each is played again with the owner dying at
 * some record. TAP on stdout. */
#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "world.h"

struct storm {
    uint64_t draw;
    struct buffer text;
    uint32_t leaves; /* so far */
    uint32_t leaves_max;
    uint32_t nodes;
    bool alone; /* inside of a pipeline with run_once or serial, where nobody can wait */
};

#define PRINT(...) CHECK(buffer_print(__VA_ARGS__) == STATUS_OK)

static uint32_t storm_draw(struct storm *storm, uint32_t below)
{
    storm->draw ^= storm->draw << 13;
    storm->draw ^= storm->draw >> 7;
    storm->draw ^= storm->draw << 17;
    return (uint32_t)((storm->draw >> 32) % below);
}

static bool storm_chance(struct storm *storm, uint32_t percent)
{
    return storm_draw(storm, 100) < percent;
}

static void storm_condition(struct storm *storm)
{
    static const char *const texts[] = {"condition: always, ", "condition: on_success, ",
                                        "condition: on_failure, "};
    if (storm_chance(storm, 35))
        PRINT(&storm->text, "%s", texts[storm_draw(storm, 3)]);
}

static void storm_sync(struct storm *storm)
{
    static const char *const texts[] = {"sync: all, ", "sync: group, ", "sync: none, "};
    if (storm_chance(storm, 35))
        PRINT(&storm->text, "%s", texts[storm_draw(storm, 3)]);
}

/* Items in flow style on one line; recursion ends with the depth. */
static void storm_items(struct storm *storm, uint32_t depth)
{
    uint32_t count = 1 + storm_draw(storm, 3);
    for (uint32_t i = 0; i < count && (i == 0 || storm->leaves < storm->leaves_max); i++) {
        PRINT(&storm->text, "{");
        storm_condition(storm);
        bool once = depth == 1 && storm_chance(storm, 10);
        if (once)
            PRINT(&storm->text, "run_once: true, sync: all, ");
        else if (!storm->alone)
            storm_sync(storm);
        bool serial = depth == 1 && !once && storm_chance(storm, 15);
        if (serial)
            PRINT(&storm->text, "serial: [1, %u%%], ", 1 + storm_draw(storm, 100));
        if (depth == 1 && storm_chance(storm, 15))
            PRINT(&storm->text, "max_fail: %u, ", storm_draw(storm, 3));
        if (depth < 3 && storm_chance(storm, 40)) {
            PRINT(&storm->text, "tasks: [");
            storm->alone = storm->alone || once || serial;
            storm_items(storm, depth + 1);
            storm->alone = storm->alone && depth > 1;
            PRINT(&storm->text, "]}, ");
            continue;
        }
        storm->leaves++;
        if (storm_chance(storm, 30))
            PRINT(&storm->text, "retry: {max: %u, initial: %ums}, ", 1 + storm_draw(storm, 2),
                  10 + storm_draw(storm, 300));
        if (storm_chance(storm, 30))
            PRINT(&storm->text, "idempotent: false, ");
        PRINT(&storm->text, "backend: test, action: succeed}, ");
    }
}

static void storm_behaviour(struct storm *storm, uint32_t node)
{
    PRINT(&storm->text, "  n%u * #%u: ", node, 1 + storm_draw(storm, 2));
    if (storm_chance(storm, 60))
        PRINT(&storm->text, "ok after %ums", 1 + storm_draw(storm, 300));
    else
        PRINT(&storm->text, "fail exit 3 after %ums", 1 + storm_draw(storm, 300));
    if (storm_chance(storm, 30))
        PRINT(&storm->text, ", starts after %ums", 1 + storm_draw(storm, 200));
    if (storm_chance(storm, 15))
        PRINT(&storm->text, ", order lost");
    else if (storm_chance(storm, 15))
        PRINT(&storm->text, ", puback lost");
    if (storm_chance(storm, 10))
        PRINT(&storm->text, ", ignores cancel");
    PRINT(&storm->text, "\n");
}

static void storm_happening(struct storm *storm)
{
    PRINT(&storm->text, "  at %ums: ", storm_draw(storm, 1500));
    uint32_t node = storm_draw(storm, storm->nodes);
    static const char *const verbs[] = {"silent", "heard", "dies", "returns", "restarts", "again"};
    switch (storm_draw(storm, 5)) {
    case 0:
        PRINT(&storm->text, "cancel by ops\n");
        return;
    case 1:
        PRINT(&storm->text, "owner dies\n");
        return;
    case 2:
        PRINT(&storm->text, "append refused\n");
        return;
    default:
        PRINT(&storm->text, "n%u %s\n", node, verbs[storm_draw(storm, 6)]);
    }
}

static void storm_make(struct storm *storm)
{
    static const char *const groups[] = {"", "[a]", "[b]", "[a,b]", "[c]"};
    for (int i = 0; i < 10; i++)
        (void)storm_draw(storm, 2);
    storm->leaves_max = 1 + storm_draw(storm, 8);
    storm->nodes = 1 + storm_draw(storm, 4);
    PRINT(&storm->text, "spec:\n  target: {scope: all}\n");
    if (storm_chance(storm, 40))
        PRINT(&storm->text, "  strategy: continue\n");
    if (storm_chance(storm, 20))
        PRINT(&storm->text, "  timeout: %ums\n", 1 + storm_draw(storm, 2000));
    PRINT(&storm->text, "  tasks: [");
    storm_items(storm, 1);
    PRINT(&storm->text, "]\nnodes:");
    for (uint32_t node = 0; node < storm->nodes; node++)
        PRINT(&storm->text, " n%u%s", node, groups[storm_draw(storm, 5)]);
    PRINT(&storm->text, "\nworld:\n");
    for (uint32_t node = 0; node < storm->nodes; node++)
        storm_behaviour(storm, node);
    uint32_t happenings = storm_draw(storm, 6);
    for (uint32_t i = 0; i < happenings; i++)
        storm_happening(storm);
    /* In the end every worker is back, so that every story has an end. */
    for (uint32_t node = 0; node < storm->nodes; node++)
        PRINT(&storm->text, "  at 20s: n%u returns\n", node);
    PRINT(&storm->text, "trace:\n");
}

static bool storm_tell(const struct storm *storm, uint64_t seed, const struct scenario *scenario,
                       struct world_crash crash, uint64_t *ret_records)
{
    struct world_result result;
    world_play(scenario, crash, &result);
    bool good = result.fault[0] == '\0';
    if (!good)
        printf("# seed %" PRIu64 ": %s\n%s%s", seed, result.fault, buffer_text(&storm->text),
               buffer_text(&result.story));
    *ret_records = result.records;
    world_result_done(&result);
    return good;
}

static bool storm_play(uint64_t seed)
{
    struct storm storm = {.draw = (seed + 1) * 0x9e3779b97f4a7c15u};
    struct error err = {0};
    AUTO_PTR(scenario_free) struct scenario *scenario = NULL;
    storm_make(&storm);
    bool good = scenario_of_text(buffer_bytes(&storm.text), "storm", &scenario, &err) == STATUS_OK;
    if (!good)
        printf("# seed %" PRIu64 ": %s\n%s", seed, err.text, buffer_text(&storm.text));
    uint64_t records = 0;
    if (good)
        good = storm_tell(&storm, seed, scenario, (struct world_crash){0}, &records);
    if (good && records > 0) {
        struct world_crash crash = {.record = 1 + storm_draw(&storm, (uint32_t)records),
                                    .acknowledged = storm_chance(&storm, 50)};
        good = storm_tell(&storm, seed, scenario, crash, &records);
    }
    buffer_done(&storm.text);
    return good;
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    uint64_t first = strtoull(argv[1], NULL, 10);
    uint64_t count = strtoull(argv[2], NULL, 10);
    uint64_t failed = 0;
    printf("1..1\n");
    for (uint64_t seed = first; seed < first + count && failed < 3; seed++)
        failed += !storm_play(seed);
    printf("%sok 1 - %" PRIu64 " stories made up at random, from seed %" PRIu64 "\n",
           failed == 0 ? "" : "not ", count, first);
    return failed == 0 ? 0 : 1;
}
