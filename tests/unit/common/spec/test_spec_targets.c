#include "spec_cases.h"

static const struct spec_offer BOTH[] = {
    {"ping", "echo", true}, {"ping", "hostname", true}, {"db", "backup", true}};
static const struct spec_offer UNSURE[] = {
    {"ping", "echo", true}, {"ping", "hostname", true}, {"db", "backup", false}};
static const struct spec_offer PING_ONLY[] = {{"ping", "hostname", true}};

static const struct spec_node NODES[] = {
    {"node-1", BOTH, 3}, {"node-2", UNSURE, 3}, {"node-3", PING_ONLY, 1}, {"node-4", NULL, 0}};

/* Check a single step against the first nodes. */
static struct spec *checked(const char *step, size_t node_count, const char *wanted)
{
    char text[256];
    (void)snprintf(text, sizeof text, CASE_TARGET "tasks:\n- tasks:\n  - %s\n", step);
    struct problems problems = {0};
    struct spec *spec = case_spec(text);
    enum status status = spec_check_targets(spec, NODES, node_count, &problems);
    case_problems_equal(&problems, wanted);
    assert_int_equal(status, wanted[0] == '\0' ? STATUS_OK : STATUS_MALFORMED);
    return spec;
}

static void what_every_node_offers_passes(void **state)
{
    (void)state;
    spec_free(checked("{backend: ping, action: hostname}", 3, ""));
    spec_free(checked("{backend: db, action: backup}", 2, ""));
}

static void what_no_node_offers_is_unknown(void **state)
{
    (void)state;
    spec_free(checked("{backend: pong, action: echo}", 2,
                      "f:4:15: tasks[0].tasks[0].backend: unknown backend \"pong\"; did you mean "
                      "\"ping\"?"));
    spec_free(checked("{backend: db, action: bakcup}", 2,
                      "f:4:15: tasks[0].tasks[0].action: unknown action \"bakcup\" of db; did you "
                      "mean \"backup\"?"));
    spec_free(checked("{backend: mail, action: send}", 2,
                      "f:4:15: tasks[0].tasks[0].backend: unknown backend \"mail\""));
}

static void what_some_nodes_lack_is_refused_with_the_first_of_them(void **state)
{
    (void)state;
    spec_free(checked("{backend: db, action: backup}", 4,
                      "f:4:15: tasks[0].tasks[0].backend: backend \"db\" is not there on 2 of 4 "
                      "targeted nodes (node-3 ...)"));
    spec_free(checked("{backend: ping, action: echo, params: {message: x}}", 3,
                      "f:4:15: tasks[0].tasks[0].action: action \"echo\" is not there on 1 of 3 "
                      "targeted nodes (node-3 ...)"));
}

static void a_foreign_step_is_idempotent_if_all_its_nodes_say_so(void **state)
{
    (void)state;
    static const struct {
        const char *step;
        size_t nodes;
        bool wanted;
    } CASES[] = {
        {"{backend: db, action: backup}", 1, true},
        {"{backend: db, action: backup}", 2, false},
        {"{backend: db, action: backup, idempotent: true}", 2, true},
        {"{backend: db, action: backup, idempotent: false}", 1, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        AUTO_PTR(spec_free) struct spec *spec = checked(CASES[i].step, CASES[i].nodes, "");
        const Baton__V1__Task *task = spec->message->tasks[0]->tasks[0];
        assert_int_equal(task->idempotent_choice_case,
                         BATON__V1__TASK__IDEMPOTENT_CHOICE_IDEMPOTENT);
        assert_int_equal(task->idempotent, CASES[i].wanted);
        assert_int_equal(spec->plan->items[1].idempotent, CASES[i].wanted);
    }
}

static void without_a_cell_only_built_in_backends_pass(void **state)
{
    (void)state;
    AUTO_PTR(spec_free)
    struct spec *spec =
        case_spec(CASE_TARGET "tasks:\n- " CASE_PING "\n- {backend: excec, action: run}\n");
    struct problems problems = {0};
    assert_int_equal(spec_check_catalogue(spec, &problems), STATUS_MALFORMED);
    case_problems_equal(&problems, "f:4:13: tasks[1].backend: unknown backend \"excec\"; did you "
                                   "mean \"exec\"?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_every_node_offers_passes),
        cmocka_unit_test(what_no_node_offers_is_unknown),
        cmocka_unit_test(what_some_nodes_lack_is_refused_with_the_first_of_them),
        cmocka_unit_test(a_foreign_step_is_idempotent_if_all_its_nodes_say_so),
        cmocka_unit_test(without_a_cell_only_built_in_backends_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
