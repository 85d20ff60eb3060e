#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Trees of up to five steps on up to three nodes, all shapes and all outcomes, with as many
 * settings of conditions, barriers and retries as there is time for, run by the engine and by a
 * plain reading of the job spec: the same rows come out. */
#include "play.h"
#include "reading.h"
#include "sanitized.h"
#include "spec/spec.h"

enum {
    LEAVES_MAX = SANITIZED ? 2 : READING_LEAVES,
    WRAPPED_LEAVES_MAX = 3, /* of trees with pipelines around a single step */
    SHAPE_BYTES = 16,
    WAVE = 2,
};

static const char *const groups[READING_NODES][2] = {{"x", NULL}, {"x", "y"}, {"y", NULL}};
static const struct expected_node nodes[READING_NODES] = {
    {"a", groups[0], 1}, {"b", groups[1], 2}, {"c", groups[2], 1}};
static const bool related[READING_NODES][READING_NODES] = {
    {true, true, false}, {true, true, true}, {false, true, true}};

/* What was played for trees of one size, of how much. */
struct tally {
    uint64_t shapes;
    uint64_t settings; /* of a strategy, retries, conditions, barriers, waves */
    uint64_t runs;     /* no two with the same attempts and ends */
    uint64_t outcomes; /* sets of outcomes of all attempts that these stand for */
};

struct sweep {
    struct reading_tree tree;
    char shape[SHAPE_BYTES]; /* l: a step; ( and ): a pipeline around what is between them */
    uint32_t leaves;
    uint32_t items;
    uint32_t wraps; /* pipelines of one step alone, in a whole shape */
    enum reading_order order;
    struct tally tally[READING_LEAVES + 1][READING_NODES + 1];
};

static struct tally *sweep_tally(struct sweep *sweep)
{
    return &sweep->tally[sweep->leaves][sweep->tree.node_count];
}

/* --- the engine ------------------------------------------------------------------------------- */

/* A retry is due before anything else happens. */
static void engine_end(struct play *play, uint32_t step, uint32_t node, bool fails)
{
    const struct job *job = engine_job(play->engine);
    play_ended(play, step, node, fails ? ATTEMPT_FAILED : ATTEMPT_SUCCEEDED);
    play_accept(play);
    while (job_row(job, step, node)->retrying) {
        play_tick(play);
        play_accept(play);
    }
}

static void engine_play(struct play *play, const struct reading *r, enum reading_order order)
{
    const struct job *job = engine_job(play->engine);
    uint32_t ends[READING_NODES] = {0};
    play_accept(play);
    while (!job_ended(job)) {
        bool running[READING_NODES];
        for (uint32_t node = 0; node < job->node_count; node++) {
            uint32_t step = job->nodes[node].open_step;
            running[node] = step != PLAN_NONE;
            if (running[node] && row_state(job_row(job, step, node)) == ATTEMPT_QUEUED)
                play_started(play, step, node);
        }
        uint32_t node = reading_next(running, ends, job->node_count, order);
        assert_int_not_equal(node, READING_NOBODY);
        uint32_t step = job->nodes[node].open_step;
        ends[node]++;
        engine_end(play, step, node, job_row(job, step, node)->attempts <= r->failures[step][node]);
    }
}

/* --- one tree, one setting -------------------------------------------------------------------- */

static void spec_of_item(const struct reading_tree *tree, uint32_t i, struct buffer *out)
{
    static const char *const conditions[] = {
        [READING_PLAIN] = "",
        [READING_ALWAYS] = "condition: always, ",
        [READING_ON_SUCCESS] = "condition: on_success, ",
        [READING_ON_FAILURE] = "condition: on_failure, ",
    };
    static const char *const syncs[] = {
        [READING_PRESET] = "",
        [READING_ALL] = "sync: all, ",
        [READING_GROUP] = "sync: group, ",
        [READING_NONE] = "sync: none, ",
    };
    const struct reading_item *item = &tree->items[i];
    assert_int_equal(buffer_print(out, "{%s%s%s", conditions[item->condition], syncs[item->sync],
                                  item->run_once ? "run_once: true, " : ""),
                     STATUS_OK);
    if (item->wave > 0)
        assert_int_equal(buffer_print(out, "serial: %u, ", item->wave), STATUS_OK);
    if (item->leaf && tree->retries > 0)
        assert_int_equal(buffer_print(out, "max_retries: %u, ", tree->retries), STATUS_OK);
    assert_int_equal(
        buffer_print(out, "%s", item->leaf ? "backend: test, action: fail}, " : "tasks: ["),
        STATUS_OK);
}

static void spec_of(const struct sweep *sweep, struct buffer *out)
{
    uint32_t item = 0;
    assert_int_equal(buffer_print(out, "--- {target: {scope: all}, strategy: %s, tasks: [",
                                  sweep->tree.fail_fast ? "fail-fast" : "continue"),
                     STATUS_OK);
    for (const char *c = sweep->shape; *c != '\0'; c++) {
        if (*c == ')')
            assert_int_equal(buffer_print(out, "]}, "), STATUS_OK);
        else
            spec_of_item(&sweep->tree, item++, out);
    }
    assert_int_equal(buffer_print(out, "]}"), STATUS_OK);
}

static void compare(const struct sweep *sweep, struct play *play, const struct reading *r)
{
    static const enum attempt_state states[] = {
        [READING_NOT_YET] = ATTEMPT_NONE,    [READING_RUNS] = ATTEMPT_RUNNING,
        [READING_DONE] = ATTEMPT_SUCCEEDED,  [READING_FAILED] = ATTEMPT_FAILED,
        [READING_SKIPPED] = ATTEMPT_SKIPPED,
    };
    const struct job *job = engine_job(play->engine);
    bool failed = false;
    for (uint32_t i = 0; i < sweep->leaves * job->node_count; i++) {
        uint32_t step = i / job->node_count;
        uint32_t node = i % job->node_count;
        const struct row *row = job_row(job, step, node);
        enum reading_row wanted = r->rows[step][node];
        uint32_t attempts = r->failures[step][node] + (wanted == READING_DONE);
        failed = failed || row_state(row) == ATTEMPT_FAILED;
        if (row_state(row) == states[wanted] && row->attempts == attempts)
            continue;
        AUTO(buffer_done) struct buffer spec = {0};
        spec_of(sweep, &spec);
        fail_msg("step %u on node %u is %s after %u attempts, not %s after %u: %s", step, node,
                 attempt_state_text(row_state(row)), row->attempts,
                 attempt_state_text(states[wanted]), attempts, buffer_text(&spec));
    }
    bool fail_fast = sweep->tree.fail_fast;
    assert_int_equal(job->state, failed && fail_fast ? JOB_FAILED : JOB_COMPLETED);
    assert_int_equal(job->partial, failed && !fail_fast);
}

static void run_draws(struct sweep *sweep, const Baton__V1__Spec *message,
                      struct reading_draws *draws)
{
    AUTO(play_done) struct play play = {0};
    struct entry created = {.kind = ENTRY_CREATED};
    created.created.id = "01job";
    created.created.refusal = created.created.spec_sha256 = "";
    created.created.expected = nodes;
    created.created.expected_count = sweep->tree.node_count;
    struct event event = {.kind = EVENT_CREATE};
    event.create.created = &created;
    event.create.owner = "ctl-1";
    assert_int_equal(plan_from_spec(message, &event.create.take_plan, NULL), STATUS_OK);
    char names[READING_NODES][PLAY_NAME_BYTES] = {"a", "b", "c"};
    play.engine = engine_new();
    play.names = names;
    play_step(&play, event);
    struct reading r = {.tree = &sweep->tree};
    reading_play(&r, draws, sweep->order);
    engine_play(&play, &r, sweep->order);
    compare(sweep, &play, &r);
    play.names = NULL;
}

/* Every outcome of every attempt. An attempt that is not made stands for both of its outcomes: the
 * sets of outcomes that the runs stand for must add up to all there are. */
static void run_setting(struct sweep *sweep)
{
    struct problems *problems = calloc(1, sizeof *problems);
    assert_non_null(problems);
    AUTO(buffer_done) struct buffer text = {0};
    AUTO_PTR(spec_free) struct spec *spec = NULL;
    spec_of(sweep, &text);
    if (spec_parse(buffer_bytes(&text), &spec, problems) != STATUS_OK)
        fail_msg("%s: %s", buffer_text(&text), problems->items[0].text);
    free(problems);
    const struct reading_tree *tree = &sweep->tree;
    struct tally *tally = sweep_tally(sweep);
    struct reading_draws draws = {.count = 0};
    uint32_t attempts = sweep->leaves * tree->node_count * (1 + tree->retries);
    uint64_t outcomes = 0;
    do {
        run_draws(sweep, spec->message, &draws);
        tally->runs++;
        outcomes += (uint64_t)1 << (attempts - draws.used);
    } while (reading_draws_next(&draws));
    assert_int_equal(outcomes, (uint64_t)1 << attempts);
    tally->outcomes += outcomes;
    tally->settings++;
}

/* --- settings --------------------------------------------------------------------------------- */

/* Both strategies; in small trees also a retry, and every order in which attempts end. */
static void run_strategies(struct sweep *sweep)
{
    uint32_t rows = sweep->leaves * sweep->tree.node_count;
    bool small = sweep->leaves <= 2;
    for (uint32_t i = 0; i < (rows <= 4 ? 4u : 2u); i++) {
        sweep->tree.fail_fast = i % 2 == 0;
        sweep->tree.retries = i / 2;
        uint32_t orders =
            small && sweep->tree.retries == 0 && sweep->tree.node_count > 1 ? ORDER_COUNT : 1;
        for (uint32_t order = 0; order < orders; order++) {
            sweep->order = (enum reading_order)((sweep->order + 1) % ORDER_COUNT);
            run_setting(sweep);
        }
    }
}

/* Every setting of conditions with at most so many items, from the first one on, that have one. */
static void run_conditions(struct sweep *sweep, uint32_t first, uint32_t most)
{
    run_strategies(sweep);
    for (uint32_t i = first; most > 0 && i < sweep->items; i++) {
        for (uint32_t on = READING_ALWAYS; on <= READING_ON_FAILURE; on++) {
            sweep->tree.items[i].condition = (enum reading_condition)on;
            run_conditions(sweep, i + 1, most - 1);
        }
        sweep->tree.items[i].condition = READING_PLAIN;
    }
}

/* Another barrier than the preset one behind every item, and phases that run once or in waves. */
static void run_barriers(struct sweep *sweep, uint32_t most)
{
    for (uint32_t i = 0; i < sweep->items; i++) {
        struct reading_item *item = &sweep->tree.items[i];
        for (uint32_t sync = READING_ALL; i + 1 < sweep->items && sync <= READING_NONE; sync++) {
            item->sync = (enum reading_sync)sync;
            run_conditions(sweep, 0, most);
        }
        item->sync = READING_PRESET;
        if (item->parent != READING_NOBODY)
            continue;
        item->run_once = true;
        run_conditions(sweep, 0, most);
        item->run_once = false;
        item->wave = WAVE;
        run_conditions(sweep, 0, most);
        item->wave = 0;
    }
}

/* A condition on every item, another set of them for every shape. */
static void run_mixed(struct sweep *sweep, uint64_t shape)
{
    uint64_t mixed = (shape + 1) * 0x9e3779b97f4a7c15u;
    for (uint32_t i = 0; i < sweep->items; i++)
        sweep->tree.items[i].condition = (enum reading_condition)((mixed >> (20 + 2 * i)) & 3);
    run_conditions(sweep, 0, 0);
    for (uint32_t i = 0; i < sweep->items; i++)
        sweep->tree.items[i].condition = READING_PLAIN;
}

/* Conditions at a time, by steps and nodes; the more the larger the tree, the fewer. */
static const uint32_t conditions_most[READING_LEAVES + 1][READING_NODES + 1] = {
    {0},
    {0, READING_ITEMS, READING_ITEMS, READING_ITEMS},
    {0, READING_ITEMS, 2, 2},
    {0, 3, 2, 1},
    {0, 2, 1, 1},
    {0, 1, 1, 0},
};

/* The same in a tree with a barrier or waves, and one more: 0 if these are left out. Around single
 * steps, no pipelines are taken here. */
static const uint32_t barriers_most[READING_LEAVES + 1][READING_NODES + 1] = {
    {0}, {0, 0, 2, 2}, {0, 0, 2, 2}, {0, 0, 2, 2}, {0, 0, 1, 1}, {0, 0, 1, 0},
};

static void run_shape(struct sweep *sweep)
{
    struct reading_tree *tree = &sweep->tree;
    uint32_t parent = READING_NOBODY;
    uint32_t item = 0;
    tree->step_count = 0;
    memset(tree->items, 0, sizeof tree->items);
    for (const char *c = sweep->shape; *c != '\0'; c++) {
        if (*c == ')') {
            tree->items[parent].end = item;
            parent = tree->items[parent].parent;
            continue;
        }
        tree->items[item] = (struct reading_item){
            .parent = parent, .end = item + 1, .leaf = *c == 'l', .step = tree->step_count};
        tree->step_count += *c == 'l';
        parent = *c == '(' ? item : parent;
        item++;
    }
    tree->item_count = item;
    for (tree->node_count = 1; tree->node_count <= READING_NODES; tree->node_count++) {
        struct tally *tally = sweep_tally(sweep);
        run_conditions(sweep, 0, conditions_most[sweep->leaves][tree->node_count]);
        run_mixed(sweep, tally->shapes++);
        uint32_t most = barriers_most[sweep->leaves][tree->node_count];
        if (most > 0 && sweep->wraps == 0)
            run_barriers(sweep, most - 1);
    }
}

/* --- shapes ----------------------------------------------------------------------------------- */

/* Pipelines of one item are only taken around a step: others say nothing new. @return how many
 * items the pipeline that would be closed here has. */
static uint32_t shape_children(const char *shape, uint32_t len)
{
    uint32_t depth = 0;
    uint32_t children = 0;
    for (uint32_t i = len; i-- > 0;) {
        if (shape[i] == ')')
            depth++;
        else if (shape[i] == '(' && depth == 0)
            return children;
        else if (shape[i] == '(')
            depth--;
        children += depth == 0 && shape[i] != ')';
    }
    return 0;
}

static bool shape_wanted(const struct sweep *sweep)
{
    return sweep->wraps == 0 || sweep->leaves <= WRAPPED_LEAVES_MAX;
}

/* All there are, without a pipeline around a single step, and with. */
static const uint32_t shapes_of[READING_LEAVES + 1] = {0, 1, 2, 6, 22, 90};

static void tally_print(const struct tally *tally, uint32_t leaves, uint32_t node_count)
{
    print_message("# %u steps, %u nodes: %llu of %u shapes, %llu settings, %llu runs for all their "
                  "%llu sets of outcomes\n",
                  leaves, node_count, (unsigned long long)tally->shapes,
                  shapes_of[leaves] << leaves, (unsigned long long)tally->settings,
                  (unsigned long long)tally->runs, (unsigned long long)tally->outcomes);
}

static void run_shapes(struct sweep *sweep, uint32_t len, uint32_t open)
{
    if (open == 0 && sweep->leaves > 0 && shape_wanted(sweep))
        run_shape(sweep);
    if (len + 1 >= SHAPE_BYTES)
        return;
    if (sweep->leaves < LEAVES_MAX) {
        sweep->shape[len] = 'l';
        sweep->leaves++;
        sweep->items++;
        run_shapes(sweep, len + 1, open);
        sweep->leaves--;
        sweep->shape[len] = '(';
        if (open < LEAVES_MAX)
            run_shapes(sweep, len + 1, open + 1);
        sweep->items--;
    }
    sweep->shape[len] = ')';
    uint32_t children = open > 0 ? shape_children(sweep->shape, len) : 0;
    bool wraps = children == 1 && sweep->shape[len - 1] == 'l';
    if (children >= 2 || wraps) {
        sweep->wraps += wraps;
        run_shapes(sweep, len + 1, open - 1);
        sweep->wraps -= wraps;
    }
    sweep->shape[len] = '\0';
}

static void every_small_tree_comes_to_the_rows_the_job_spec_asks_for(void **state)
{
    (void)state;
    struct sweep *sweep = calloc(1, sizeof *sweep);
    assert_non_null(sweep);
    memcpy(sweep->tree.related, related, sizeof related);
    run_shapes(sweep, 0, 0);
    for (uint32_t i = 0; i < LEAVES_MAX * READING_NODES; i++) {
        uint32_t leaves = 1 + i / READING_NODES;
        uint32_t node_count = 1 + i % READING_NODES;
        const struct tally *tally = &sweep->tally[leaves][node_count];
        tally_print(tally, leaves, node_count);
        assert_int_equal(tally->shapes,
                         shapes_of[leaves] << (leaves <= WRAPPED_LEAVES_MAX ? leaves : 0));
    }
    free(sweep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_small_tree_comes_to_the_rows_the_job_spec_asks_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
