#include "spec_cases.h"

#include "spec/suggest.h"

static const char *meant(const char *word)
{
    struct suggest suggest = {.word = bytes_of_text(word)};
    suggest_offer(&suggest, "name");
    suggest_offer(&suggest, "target");
    suggest_offer(&suggest, "timeout");
    suggest_offer(&suggest, "max_retries");
    suggest_offer(&suggest, "on_success");
    return suggest.best == NULL ? "" : suggest.best;
}

static void slips_of_the_finger_are_recognised(void **state)
{
    (void)state;
    assert_string_equal(meant("nmae"), "name");
    assert_string_equal(meant("Name"), "name");
    assert_string_equal(meant("targt"), "target");
    assert_string_equal(meant("tymeout"), "timeout");
    assert_string_equal(meant("max-retrys"), "max_retries");
    assert_string_equal(meant("maxRetries"), "max_retries");
    assert_string_equal(meant("onsuccess"), "on_success");
}

static void other_words_suggest_nothing(void **state)
{
    (void)state;
    assert_string_equal(meant(""), "");
    assert_string_equal(meant("x"), "");
    assert_string_equal(meant("priority"), "");
    assert_string_equal(meant("backend"), "");
    assert_string_equal(meant("a_word_which_is_much_longer_than_any_key_could_ever_be"), "");
}

static void the_nearest_wins_and_of_equals_the_first(void **state)
{
    (void)state;
    struct suggest suggest = {.word = bytes_of_text("cat")};
    suggest_offer(&suggest, "car");
    suggest_offer(&suggest, "can");
    assert_string_equal(suggest.best, "car");
    suggest_offer(&suggest, "CAT");
    assert_string_equal(suggest.best, "CAT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slips_of_the_finger_are_recognised),
        cmocka_unit_test(other_words_suggest_nothing),
        cmocka_unit_test(the_nearest_wins_and_of_equals_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
