#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus/nkey.h"

static const char seed[] = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";

static void the_public_key_of_a_user_seed_is_the_one_nats_makes(void **state)
{
    (void)state;
    char public_key[NKEY_TEXT_BYTES + 1] = "";
    assert_int_equal(nkey_public(bytes_of_text(seed), public_key, NULL), STATUS_OK);
    assert_string_equal(public_key, "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4");
}

static void a_seed_with_any_character_changed_is_refused(void **state)
{
    (void)state;
    char public_key[NKEY_TEXT_BYTES + 1] = "untouched";
    for (size_t i = 0; i < sizeof(seed) - 1; i++) {
        static const char others[] = "AB7!";
        for (size_t j = 0; j < sizeof(others); j++) { /* also its NUL */
            char changed[sizeof(seed)];
            memcpy(changed, seed, sizeof(seed));
            if (changed[i] == others[j])
                continue;
            /* The last character's lowest bits are padding of the encoding. */
            changed[i] = others[j];
            if (i == sizeof(seed) - 2 && others[j] != '!' && others[j] != '\0')
                continue;
            assert_int_equal(nkey_public(bytes_of(changed, sizeof(seed) - 1), public_key, NULL),
                             STATUS_MALFORMED);
        }
    }
    assert_string_equal(public_key, "untouched");
}

static void what_is_too_short_or_no_seed_is_refused(void **state)
{
    (void)state;
    char public_key[NKEY_TEXT_BYTES + 1] = "";
    assert_int_equal(nkey_public(bytes_of(seed, 57), public_key, NULL), STATUS_MALFORMED);
    assert_int_equal(nkey_public(bytes_of(NULL, 0), public_key, NULL), STATUS_MALFORMED);
    assert_int_equal(
        nkey_public(bytes_of_text("UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"),
                    public_key, NULL),
        STATUS_MALFORMED);
    struct error err = {0};
    assert_int_equal(nkey_public_of_file("/does/not/exist", public_key, &err), STATUS_IO);
    assert_non_null(strstr(err.text, "/does/not/exist"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_public_key_of_a_user_seed_is_the_one_nats_makes),
        cmocka_unit_test(a_seed_with_any_character_changed_is_refused),
        cmocka_unit_test(what_is_too_short_or_no_seed_is_refused),
    };
    return cmocka_run_group_tests_name("bus: nkey", tests, NULL, NULL);
}
