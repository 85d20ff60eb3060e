#include "spec_cases.h"

#include "spec/doc.h"

static const struct doc_node *parsed(struct bytes text, struct arena *arena, enum status wanted,
                                     const char *lines)
{
    struct problems problems = {0};
    const struct doc_node *root = NULL;
    assert_int_equal(doc_parse(text, arena, &root, &problems), wanted);
    case_problems_equal(&problems, lines);
    return root;
}

static void both_syntaxes_give_the_same_tree(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"a: [1, 'x']\nb: {c: ~}\n",
                                        " {\"a\": [1, \"x\"], \"b\": {\"c\": null}}"};
    for (size_t i = 0; i < 2; i++) {
        AUTO(arena_done) struct arena arena = {0};
        const struct doc_node *root = parsed(bytes_of_text(TEXTS[i]), &arena, STATUS_OK, "");
        assert_int_equal(root->kind, DOC_MAPPING);
        assert_int_equal(root->count, 2);
        const struct doc_node *list = doc_get(root, "a");
        assert_int_equal(list->count, 2);
        assert_true(list->first->plain);
        assert_false(list->first->next->plain);
        assert_string_equal((const char *)list->first->next->text.data, "x");
        assert_string_equal(doc_kind_text(doc_get(doc_get(root, "b"), "c")), "null");
        assert_null(doc_get(root, "c"));
        assert_null(doc_get(list, "a"));
    }
}

static void places_count_characters_not_bytes(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"a: 1\n\"\xc3\xa9\xf0\x9f\x98\x80\": x\n",
                                        "{\"a\": 1,\n\"\xc3\xa9\xf0\x9f\x98\x80\": \"x\"}"};
    for (size_t i = 0; i < 2; i++) {
        AUTO(arena_done) struct arena arena = {0};
        const struct doc_node *root = parsed(bytes_of_text(TEXTS[i]), &arena, STATUS_OK, "");
        const struct doc_node *value = root->first->next;
        assert_int_equal(value->key->mark.line, 2);
        assert_int_equal(value->key->mark.column, 1);
        assert_int_equal(value->mark.line, 2);
        assert_int_equal(value->mark.column, 7);
    }
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    parsed(bytes_of("a: \0", 4), &arena, STATUS_MALFORMED, "f:1:4: a NUL byte (0x00)");
    static const char *const BROKEN[] = {
        "\x80",
        "\xc3",
        "\xc0\xaf",
        "\xe0\x80\xaf",
        "\xed\xa0\x80",
        "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80",
        "\xff",
        "\xf0\x9f\x98",
        "\xc3(",
    };
    for (size_t i = 0; i < sizeof BROKEN / sizeof BROKEN[0]; i++) {
        struct problems problems = {0};
        const struct doc_node *root = NULL;
        assert_int_equal(doc_parse(bytes_of_text(BROKEN[i]), &arena, &root, &problems),
                         STATUS_MALFORMED);
        assert_non_null(strstr(problems.items[0].text, "not UTF-8"));
    }
}

static void more_than_a_mebibyte_is_refused_unread(void **state)
{
    (void)state;
    AUTO_HEAP char *text = malloc(DOC_BYTES_MAX + 1);
    assert_non_null(text);
    memset(text, '#', DOC_BYTES_MAX + 1);
    AUTO(arena_done) struct arena arena = {0};
    parsed(bytes_of(text, DOC_BYTES_MAX + 1), &arena, STATUS_LIMIT,
           "f:1:1: the text has 1048577 bytes; a job spec may have at most 1048576 (1 MiB)");
    text[0] = '\n';
    text[1] = 'a';
    text[2] = ':';
    text[3] = '\n';
    parsed(bytes_of(text, DOC_BYTES_MAX), &arena, STATUS_OK, "");
}

static void too_deep_a_text_is_refused(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    char text[2 * DOC_DEPTH_MAX + 10] = "x: ";
    memset(text + 3, '[', DOC_DEPTH_MAX - 1);
    memset(text + 3 + DOC_DEPTH_MAX - 1, ']', DOC_DEPTH_MAX - 1);
    parsed(bytes_of_text(text), &arena, STATUS_OK, "");
    memset(text + 3, '[', DOC_DEPTH_MAX);
    struct problems problems = {0};
    const struct doc_node *root = NULL;
    assert_int_equal(doc_parse(bytes_of_text(text), &arena, &root, &problems), STATUS_LIMIT);
    assert_non_null(strstr(problems.items[0].text, "nested too deeply"));
}

static void every_duplicate_key_is_named_with_its_way(void **state)
{
    (void)state;
    AUTO(arena_done) struct arena arena = {0};
    parsed(bytes_of_text("a:\n- b: {c: 1, 'c': 2, d: 3, c: 4}\n"), &arena, STATUS_MALFORMED,
           "f:2:13: a[0].b.c: duplicate key; it is already on line 2\n"
           "f:2:27: a[0].b.c: duplicate key; it is already on line 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_syntaxes_give_the_same_tree),
        cmocka_unit_test(places_count_characters_not_bytes),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(more_than_a_mebibyte_is_refused_unread),
        cmocka_unit_test(too_deep_a_text_is_refused),
        cmocka_unit_test(every_duplicate_key_is_named_with_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
