#include "spec_cases.h"

#include "spec/doc.h"

static void refused(const char *yaml, const char *wanted)
{
    AUTO(arena_done) struct arena arena = {0};
    struct problems problems = {0};
    const struct doc_node *root = NULL;
    assert_int_equal(doc_parse(bytes_of_text(yaml), &arena, &root, &problems), STATUS_MALFORMED);
    case_problems_equal(&problems, wanted);
}

static void only_unquoted_scalars_are_typed(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    struct problems problems = {0};
    const struct doc_node *root = NULL;
    const char *text = "- 1\n- '1'\n- \"1\"\n- |\n  1\n- >\n  1\n";
    assert_int_equal(doc_parse(bytes_of_text(text), &arena, &root, &problems), STATUS_OK);
    bool plain = true;
    for (const struct doc_node *item = root->first; item != NULL; item = item->next) {
        assert_int_equal(item->plain, plain);
        plain = false;
    }
}

static void a_byte_order_mark_and_directives_pass(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    struct problems problems = {0};
    const struct doc_node *root = NULL;
    const char *text = "\xef\xbb\xbf%YAML 1.1\n---\na: 1\n...\n";
    assert_int_equal(doc_parse(bytes_of_text(text), &arena, &root, &problems), STATUS_OK);
    assert_non_null(doc_get(root, "a"));
}

static void what_makes_a_text_mean_something_else_is_refused(void **state)
{
    (void)state;
    refused("a: &x 1\n", "f:1:4: a: anchors (&name) are not allowed; write the value out");
    refused("a: &x [1]\n", "f:1:4: a: anchors (&name) are not allowed; write the value out");
    refused("a:\n- *x\n", "f:2:3: a[0]: aliases (*name) are not allowed; write the value out");
    refused("a: !!int 1\n", "f:1:4: a: tags (!name) are not allowed; text goes in quotes");
    refused("a: ! x\n", "f:1:4: a: tags (!name) are not allowed; text goes in quotes");
    refused("%TAG ! x\n---\na: 1\n", "f:1:1: %TAG is not allowed");
    refused("a: 1\n---\nb: 1\n", "f:2:1: a second document begins here; a file holds one job spec");
    refused("? {a: b}\n: c\n", "f:1:3: a key must be text, not a mapping");
}

static void syntax_errors_have_a_place(void **state)
{
    (void)state;
    refused("", "f:1:1: the text is empty; a job spec has at least target and tasks");
}

static void control_characters_are_refused_in_their_place(void **state)
{
    (void)state;
    refused("a: 1\nb: \x01\n", "f:2:4: not YAML: control characters are not allowed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_unquoted_scalars_are_typed),
        cmocka_unit_test(a_byte_order_mark_and_directives_pass),
        cmocka_unit_test(what_makes_a_text_mean_something_else_is_refused),
        cmocka_unit_test(syntax_errors_have_a_place),
        cmocka_unit_test(control_characters_are_refused_in_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
