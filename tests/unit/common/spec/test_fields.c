#include "spec_cases.h"

#include "spec/fields.h"

static const ProtobufCMessageDescriptor *const MESSAGES[] = {
    &baton__v1__spec__descriptor, &baton__v1__target__descriptor, &baton__v1__task__descriptor,
    &baton__v1__retry__descriptor};

static void every_field_has_a_rule_and_a_line_of_prose(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof MESSAGES / sizeof MESSAGES[0]; i++) {
        for (unsigned k = 0; k < MESSAGES[i]->n_fields; k++) {
            const struct field_rule *rule = field_rule_of(MESSAGES[i], MESSAGES[i]->fields[k].name);
            size_t len = strlen(rule->doc);
            assert_true(len > 10 && rule->doc[len - 1] == '.');
        }
    }
}

static void words_are_written_without_prefix_in_lower_case(void **state)
{
    (void)state;
    char word[ENUM_WORD_MAX];
    assert_false(enum_word(&baton__v1__strategy__descriptor, 0, word));
    assert_true(enum_word(&baton__v1__strategy__descriptor, 1, word));
    assert_string_equal(word, "fail-fast");
    assert_true(enum_word(&baton__v1__condition__descriptor, 2, word));
    assert_string_equal(word, "on_success");
    assert_true(enum_word(&baton__v1__scope__descriptor, 1, word));
    assert_string_equal(word, "all");
}

static void planned_words_are_known_as_such(void **state)
{
    (void)state;
    assert_non_null(reserved_word_of(NULL, &baton__v1__scope__descriptor, bytes_of_text("pool")));
    assert_non_null(
        reserved_word_of(&baton__v1__spec__descriptor, NULL, bytes_of_text("priority")));
    assert_null(reserved_word_of(&baton__v1__task__descriptor, NULL, bytes_of_text("priority")));
    assert_null(reserved_word_of(NULL, &baton__v1__scope__descriptor, bytes_of_text("all")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_has_a_rule_and_a_line_of_prose),
        cmocka_unit_test(words_are_written_without_prefix_in_lower_case),
        cmocka_unit_test(planned_words_are_known_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
