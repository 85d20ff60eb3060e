#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Every tree of up to four steps, with conditions and barriers, run by the engine and by a plain
 * reading of specs/job-spec.md (J12 to J29): the same rows come out. */
#include "core/condition.h"
#include "play.h"
#include "spec/spec.h"

enum { NODES = 3, SERIAL = 2, LEAVES_MAX = 4, ITEMS_MAX = 10, SHAPE_BYTES = 16 };
enum order { LOWEST_FIRST, HIGHEST_FIRST, EVENLY, ORDER_COUNT };

static const char *const groups[NODES][2] = {{"x", NULL}, {"x", "y"}, {"y", NULL}};
static const struct expected_node nodes[NODES] = {
    {"a", groups[0], 1}, {"b", groups[1], 2}, {"c", groups[2], 1}};
static const bool related[NODES][NODES] = {
    {true, true, false}, {true, true, true}, {false, true, true}};

/* --- the plain reading ------------------------------------------------------------------------ */

enum decision { UNDECIDED, RUNS, SKIPPED };

struct reading {
    const struct plan *plan;
    const bool (*fails)[NODES]; /* [step][node] */
    enum decision decided[NODES][ITEMS_MAX];
    enum attempt_state rows[LEAVES_MAX][NODES]; /* NONE, RUNNING or an end */
};

static bool reading_failed_in(const struct reading *r, uint32_t node, uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        const struct plan_item *item = &r->plan->items[i];
        if (item->leaf && r->rows[item->step][node] == ATTEMPT_FAILED)
            return true;
    }
    return false;
}

/* Has something failed, in the unit that counts for this item? J16, J26. */
static bool reading_trouble(const struct reading *r, uint32_t node, uint32_t item)
{
    const struct plan_item *items = r->plan->items;
    for (uint32_t up = items[item].parent; up != PLAN_NONE; up = items[up].parent) {
        if (items[up].condition == PLAN_ALWAYS || items[up].condition == PLAN_ON_FAILURE)
            return reading_failed_in(r, node, up, items[up].end);
    }
    bool trouble = reading_failed_in(r, node, 0, r->plan->item_count);
    for (uint32_t n = 0; n < NODES && r->plan->strategy == PLAN_FAIL_FAST; n++)
        trouble = trouble || reading_failed_in(r, n, 0, r->plan->item_count);
    return trouble;
}

static bool reading_holds(const struct reading *r, uint32_t node, uint32_t item)
{
    bool trouble = reading_trouble(r, node, item);
    switch (r->plan->items[item].condition) {
    case PLAN_ALWAYS:
        return true;
    case PLAN_ON_FAILURE:
        return trouble;
    case PLAN_UNLESS_STOPPED:
    case PLAN_ON_SUCCESS:
        break;
    }
    return !trouble;
}

/* Is a node past an item? J13. */
static bool reading_past(const struct reading *r, uint32_t node, uint32_t item)
{
    bool past = true;
    for (uint32_t i = item; i < r->plan->items[item].end; i++) {
        enum attempt_state state =
            r->plan->items[i].leaf ? r->rows[r->plan->items[i].step][node] : ATTEMPT_SKIPPED;
        past = past && state != ATTEMPT_NONE && state != ATTEMPT_RUNNING;
    }
    return past;
}

/* May a node go on behind an item? J12. */
static bool reading_open(const struct reading *r, uint32_t node, uint32_t item)
{
    bool open = true;
    enum plan_sync sync = r->plan->items[item].sync;
    for (uint32_t n = 0; n < NODES; n++) {
        bool waits = sync == PLAN_SYNC_ALL || (sync == PLAN_SYNC_GROUP && related[node][n]);
        open = open && (!waits || reading_past(r, n, item));
    }
    return open;
}

/* Has a step of the item been started on some node? */
static bool reading_started(const struct reading *r, uint32_t item)
{
    bool started = false;
    for (uint32_t i = item; i < r->plan->items[item].end; i++) {
        for (uint32_t n = 0; r->plan->items[i].leaf && n < NODES; n++) {
            enum attempt_state state = r->rows[r->plan->items[i].step][n];
            started = started || (state != ATTEMPT_NONE && state != ATTEMPT_SKIPPED);
        }
    }
    return started;
}

/* What does a node do when it comes to an item? UNDECIDED: wait for its turn. J14a. */
static enum decision reading_decide(const struct reading *r, uint32_t node, uint32_t item)
{
    for (uint32_t n = 0; n < node && r->plan->items[item].serial_count > 0; n++) {
        if (n / SERIAL < node / SERIAL && !reading_past(r, n, item))
            return UNDECIDED; /* J14b */
    }
    if (!reading_holds(r, node, item))
        return SKIPPED;
    if (!r->plan->items[item].run_once)
        return RUNS;
    if (reading_started(r, item))
        return SKIPPED;
    bool turn = true;
    for (uint32_t n = 0; n < node; n++)
        turn = turn && reading_past(r, n, item);
    return turn ? RUNS : UNDECIDED;
}

/* Bring a node as far as it can go in the items from `first` to `end`. @return whether it is
 * through with them. */
static bool reading_visit(struct reading *r, uint32_t node, uint32_t first, uint32_t end)
{
    uint32_t before = PLAN_NONE;
    for (uint32_t i = first; i < end; before = i, i = r->plan->items[i].end) {
        const struct plan_item *item = &r->plan->items[i];
        if (before != PLAN_NONE && !reading_open(r, node, before))
            return false;
        if (r->decided[node][i] == UNDECIDED)
            r->decided[node][i] = reading_decide(r, node, i);
        if (r->decided[node][i] == UNDECIDED)
            return false;
        if (r->decided[node][i] == SKIPPED) {
            for (uint32_t in = i; in < item->end; in++) {
                if (r->plan->items[in].leaf)
                    r->rows[r->plan->items[in].step][node] = ATTEMPT_SKIPPED;
            }
            continue;
        }
        if (!item->leaf) {
            if (!reading_visit(r, node, i + 1, item->end))
                return false;
            continue;
        }
        if (r->rows[item->step][node] == ATTEMPT_NONE)
            r->rows[item->step][node] = ATTEMPT_RUNNING;
        if (r->rows[item->step][node] == ATTEMPT_RUNNING)
            return false;
    }
    return true;
}

/* Until nobody gets any further. */
static void reading_advance(struct reading *r)
{
    for (uint32_t rounds = 0; rounds < NODES * (ITEMS_MAX + 1); rounds++) {
        for (uint32_t node = 0; node < NODES; node++)
            (void)reading_visit(r, node, 0, r->plan->item_count);
    }
}

static bool reading_running(const struct reading *r, uint32_t node, uint32_t *ret_step)
{
    for (uint32_t step = 0; step < r->plan->step_count; step++) {
        if (r->rows[step][node] == ATTEMPT_RUNNING) {
            *ret_step = step;
            return true;
        }
    }
    return false;
}

/* --- who ends next ---------------------------------------------------------------------------- */

/* Of the nodes that run something; PLAN_NONE if none does. */
static uint32_t next_to_end(const bool running[NODES], const uint32_t done[NODES], enum order order)
{
    uint32_t best = PLAN_NONE;
    for (uint32_t node = 0; node < NODES; node++) {
        if (running[node] && (best == PLAN_NONE || order == HIGHEST_FIRST ||
                              (order == EVENLY && done[node] < done[best])))
            best = node;
    }
    return best;
}

static void reading_play(struct reading *r, enum order order)
{
    uint32_t done[NODES] = {0};
    for (;;) {
        uint32_t steps[NODES];
        bool running[NODES];
        reading_advance(r);
        for (uint32_t node = 0; node < NODES; node++)
            running[node] = reading_running(r, node, &steps[node]);
        uint32_t node = next_to_end(running, done, order);
        if (node == PLAN_NONE)
            return;
        done[node]++;
        r->rows[steps[node]][node] =
            r->fails[steps[node]][node] ? ATTEMPT_FAILED : ATTEMPT_SUCCEEDED;
    }
}

/* --- the engine ------------------------------------------------------------------------------- */

static void engine_play(struct play *play, const bool (*fails)[NODES], enum order order)
{
    const struct job *job = engine_job(play->engine);
    uint32_t done[NODES] = {0};
    play_accept(play);
    while (!job_ended(job)) {
        bool running[NODES];
        for (uint32_t node = 0; node < NODES; node++) {
            uint32_t step = job->nodes[node].open_step;
            running[node] = step != PLAN_NONE;
            if (running[node] && row_state(job_row(job, step, node)) == ATTEMPT_QUEUED)
                play_started(play, step, node);
        }
        uint32_t node = next_to_end(running, done, order);
        assert_int_not_equal(node, PLAN_NONE);
        done[node]++;
        uint32_t step = job->nodes[node].open_step;
        play_ended(play, step, node, fails[step][node] ? ATTEMPT_FAILED : ATTEMPT_SUCCEEDED);
        play_accept(play);
    }
}

/* --- shapes ----------------------------------------------------------------------------------- */

struct sweep {
    char shape[SHAPE_BYTES]; /* l: a step; ( and ): a pipeline around what is between them */
    uint32_t leaves;
    uint32_t items;
    enum plan_condition conditions[ITEMS_MAX]; /* in pre-order */
    const char *syncs[ITEMS_MAX];
    uint64_t runs;
};

static void spec_of(const struct sweep *sweep, const char *strategy, struct buffer *out)
{
    static const char *const texts[] = {
        [PLAN_UNLESS_STOPPED] = "",
        [PLAN_ALWAYS] = "condition: always, ",
        [PLAN_ON_SUCCESS] = "condition: on_success, ",
        [PLAN_ON_FAILURE] = "condition: on_failure, ",
    };
    uint32_t item = 0;
    assert_int_equal(
        buffer_print(out, "--- {target: {scope: all}, strategy: %s, tasks: [", strategy),
        STATUS_OK);
    for (const char *c = sweep->shape; *c != '\0'; c++) {
        const char *condition = *c == ')' ? "" : texts[sweep->conditions[item]];
        const char *sync = *c == ')' ? "" : sweep->syncs[item++];
        const char *text = *c == ')'   ? "]}, "
                           : *c == '(' ? "tasks: ["
                                       : "backend: test, action: fail}, ";
        assert_int_equal(buffer_print(out, "%s%s%s%s", *c == ')' ? "" : "{", condition, sync, text),
                         STATUS_OK);
    }
    assert_int_equal(buffer_print(out, "]}"), STATUS_OK);
}

static void compare(const struct sweep *sweep, struct play *play, struct reading *r)
{
    const struct job *job = engine_job(play->engine);
    bool failed = false;
    for (uint32_t step = 0; step < sweep->leaves; step++) {
        for (uint32_t node = 0; node < NODES; node++) {
            enum attempt_state found = row_state(job_row(job, step, node));
            failed = failed || found == ATTEMPT_FAILED;
            if (found == r->rows[step][node])
                continue;
            AUTO(buffer_done) struct buffer spec = {0};
            spec_of(sweep, job->plan->strategy == PLAN_CONTINUE ? "continue" : "fail-fast", &spec);
            fail_msg("step %u on node %u is %s, not %s: %s", step, node, attempt_state_text(found),
                     attempt_state_text(r->rows[step][node]), buffer_text(&spec));
        }
    }
    bool fail_fast = job->plan->strategy == PLAN_FAIL_FAST;
    assert_int_equal(job->state, failed && fail_fast ? JOB_FAILED : JOB_COMPLETED);
    assert_int_equal(job->partial, failed && !fail_fast);
}

static void run_once(struct sweep *sweep, const Baton__V1__Spec *message, uint32_t outcomes)
{
    AUTO(play_done) struct play play = {0};
    bool fails[LEAVES_MAX][NODES];
    for (uint32_t i = 0; i < LEAVES_MAX * NODES; i++)
        fails[i / NODES][i % NODES] = (outcomes & (1u << i)) != 0;
    struct entry created = {.kind = ENTRY_CREATED};
    created.created.id = "01job";
    created.created.refusal = created.created.spec_sha256 = "";
    created.created.expected = nodes;
    created.created.expected_count = NODES;
    struct event event = {.kind = EVENT_CREATE};
    event.create.created = &created;
    event.create.owner = "ctl-1";
    assert_int_equal(plan_from_spec(message, &event.create.take_plan, NULL), STATUS_OK);
    char names[NODES][PLAY_NAME_BYTES] = {"a", "b", "c"};
    play.engine = engine_new();
    play.names = names;
    play_step(&play, event);
    enum order order = (enum order)(sweep->runs++ % ORDER_COUNT);
    struct reading r = {.plan = engine_job(play.engine)->plan,
                        .fails = (const bool(*)[NODES])fails};
    reading_play(&r, order);
    engine_play(&play, (const bool(*)[NODES])fails, order);
    compare(sweep, &play, &r);
    play.names = NULL;
}

static void run_outcomes(struct sweep *sweep)
{
    static const char *const strategies[] = {"fail-fast", "continue"};
    struct problems *problems = calloc(1, sizeof *problems);
    assert_non_null(problems);
    for (int s = 0; s < 2; s++) {
        AUTO(buffer_done) struct buffer text = {0};
        AUTO_PTR(spec_free) struct spec *spec = NULL;
        spec_of(sweep, strategies[s], &text);
        if (spec_parse(buffer_bytes(&text), &spec, problems) != STATUS_OK)
            fail_msg("%s: %s", buffer_text(&text), problems->items[0].text);
        /* Wide sweeps take every so many sets of outcomes; their number has no factor in common
         * with that, so that every shape meets others. */
        static const uint32_t strides[LEAVES_MAX + 1] = {1, 1, 3, 37, 211};
        uint32_t stride = strides[sweep->leaves];
        uint32_t first = (uint32_t)(sweep->runs % stride);
        for (uint32_t outcomes = first; outcomes < 1u << (sweep->leaves * NODES);
             outcomes += stride)
            run_once(sweep, spec->message, outcomes);
    }
    free(problems);
}

/* One phase after the other that runs once, or in waves, with a condition on every item. */
static void run_phases(struct sweep *sweep, const char *key)
{
    uint32_t item = 0;
    uint32_t depth = 0;
    for (const char *c = sweep->shape; *c != '\0'; c++) {
        depth -= *c == ')';
        if (depth == 0 && *c != ')') {
            sweep->syncs[item] = key;
            for (uint32_t b = 0; b < sweep->items; b++) {
                for (enum plan_condition on_b = PLAN_UNLESS_STOPPED; on_b <= PLAN_ON_FAILURE;
                     on_b++) {
                    sweep->conditions[b] = on_b;
                    run_outcomes(sweep);
                }
                sweep->conditions[b] = PLAN_UNLESS_STOPPED;
            }
            sweep->syncs[item] = "";
        }
        item += *c != ')';
        depth += *c == '(';
    }
}

/* Another barrier than the preset one behind every item, and a condition on every item. */
static void run_syncs(struct sweep *sweep)
{
    static const char *const texts[] = {"sync: all, ", "sync: group, ", "sync: none, "};
    for (uint32_t a = 0; a + 1 < sweep->items; a++) {
        for (size_t sync = 0; sync < 3; sync++) {
            sweep->syncs[a] = texts[sync];
            run_outcomes(sweep);
            for (uint32_t b = 0; sweep->leaves < LEAVES_MAX && b < sweep->items; b++) {
                for (enum plan_condition on_b = PLAN_ALWAYS; on_b <= PLAN_ON_FAILURE; on_b++) {
                    sweep->conditions[b] = on_b;
                    run_outcomes(sweep);
                }
                sweep->conditions[b] = PLAN_UNLESS_STOPPED;
            }
        }
        sweep->syncs[a] = "";
    }
}

/* No condition, one on every item, and for small trees one on every pair of items. */
static void run_conditions(struct sweep *sweep)
{
    for (uint32_t i = 0; i < ITEMS_MAX; i++) {
        sweep->conditions[i] = PLAN_UNLESS_STOPPED;
        sweep->syncs[i] = "";
    }
    run_outcomes(sweep);
    run_syncs(sweep);
    run_phases(sweep, "run_once: true, ");
    run_phases(sweep, "serial: 2, ");
    for (uint32_t a = 0; a < sweep->items; a++) {
        for (enum plan_condition on_a = PLAN_ALWAYS; on_a <= PLAN_ON_FAILURE; on_a++) {
            sweep->conditions[a] = on_a;
            run_outcomes(sweep);
            for (uint32_t b = a + 1; sweep->leaves < LEAVES_MAX && b < sweep->items; b++) {
                for (enum plan_condition on_b = PLAN_ALWAYS; on_b <= PLAN_ON_FAILURE; on_b++) {
                    sweep->conditions[b] = on_b;
                    run_outcomes(sweep);
                }
                sweep->conditions[b] = PLAN_UNLESS_STOPPED;
            }
        }
        sweep->conditions[a] = PLAN_UNLESS_STOPPED;
    }
}

/* Pipelines of one item are only taken around a step: others say nothing new. */
static bool shape_closes_well(const char *shape, uint32_t len)
{
    uint32_t depth = 0;
    uint32_t children = 0;
    for (uint32_t i = len; i-- > 0;) {
        if (shape[i] == ')')
            depth++;
        else if (shape[i] == '(' && depth == 0)
            return children >= 2 || (children == 1 && shape[len - 1] == 'l');
        else if (shape[i] == '(')
            depth--;
        children += depth == 0 && shape[i] != ')';
    }
    return false;
}

static void run_shapes(struct sweep *sweep, uint32_t len, uint32_t open, uint32_t leaves_max)
{
    if (open == 0 && sweep->leaves > 0)
        run_conditions(sweep);
    if (len + 1 >= SHAPE_BYTES)
        return;
    if (sweep->leaves < leaves_max) {
        sweep->shape[len] = 'l';
        sweep->leaves++;
        sweep->items++;
        run_shapes(sweep, len + 1, open, leaves_max);
        sweep->leaves--;
        if (open < 2 && sweep->items - sweep->leaves - 1 < 2) {
            sweep->shape[len] = '(';
            run_shapes(sweep, len + 1, open + 1, leaves_max);
        }
        sweep->items--;
    }
    sweep->shape[len] = ')';
    if (open > 0 && shape_closes_well(sweep->shape, len))
        run_shapes(sweep, len + 1, open - 1, leaves_max);
    sweep->shape[len] = '\0';
}

static void every_small_tree_comes_to_the_rows_the_job_spec_asks_for(void **state)
{
    (void)state;
    struct sweep sweep = {.runs = 0};
    run_shapes(&sweep, 0, 0, LEAVES_MAX);
    print_message("# %llu runs\n", (unsigned long long)sweep.runs);
    assert_true(sweep.runs > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_small_tree_comes_to_the_rows_the_job_spec_asks_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
