/* scalar.c - see scalar.h. */
#include "spec/scalar.h"

#include <errno.h>
#include <stdlib.h>

#include "base/check.h"

enum { SCALAR_NUMBER_MAX = 400 }; /* characters; longer ones are text */

static bool scalar_is(struct bytes text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (bytes_equal(text, bytes_of_text(*words))) {
            return true;
        }
    }
    return false;
}

static size_t scalar_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* [-+]? [0-9]+ | 0o [0-7]+ | 0x [0-9a-fA-F]+ */
static bool scalar_parse_int(const char *text, struct scalar *ret)
{
    int base = 10;
    const char *digits = text;
    size_t len = 0;
    if (strncmp(text, "0o", 2) == 0) {
        base = 8;
        digits += 2;
        len = strspn(digits, "01234567");
    } else if (strncmp(text, "0x", 2) == 0) {
        base = 16;
        digits += 2;
        len = strspn(digits, "0123456789abcdefABCDEF");
    } else {
        digits += *text == '-' || *text == '+' ? 1 : 0;
        len = scalar_digits(digits);
    }
    if (len == 0 || digits[len] != '\0') {
        return false;
    }
    errno = 0;
    ret->kind = SCALAR_INT;
    ret->integer = strtoll(base == 10 ? text : digits, NULL, base);
    ret->overflow = errno == ERANGE;
    ret->real = (double)ret->integer;
    return true;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool scalar_parse_float(const char *text, struct scalar *ret)
{
    const char *at = text + (*text == '-' || *text == '+' ? 1 : 0);
    size_t whole = scalar_digits(at);
    at += whole;
    if (*at == '.') {
        at++;
        size_t fraction = scalar_digits(at);
        at += fraction;
        if (whole == 0 && fraction == 0) {
            return false;
        }
    } else if (whole == 0) {
        return false;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '-' || *at == '+' ? 1 : 0;
        size_t exponent = scalar_digits(at);
        if (exponent == 0) {
            return false;
        }
        at += exponent;
    }
    if (*at != '\0') {
        return false;
    }
    ret->kind = SCALAR_FLOAT;
    ret->real = strtod(text, NULL);
    return true;
}

/* [-+]? .inf and .nan, in three spellings each */
static bool scalar_parse_special(struct bytes text, struct scalar *ret)
{
    static const char *const INFINITE[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf",
                                           "+.INF", "-.inf", "-.Inf", "-.INF", NULL};
    static const char *const NOT_NUMBER[] = {".nan", ".NaN", ".NAN", NULL};
    if (scalar_is(text, INFINITE)) {
        ret->kind = SCALAR_FLOAT;
        ret->real = text.data[0] == '-' ? -__builtin_inf() : __builtin_inf();
        return true;
    }
    if (scalar_is(text, NOT_NUMBER)) {
        ret->kind = SCALAR_FLOAT;
        ret->real = __builtin_nan("");
        return true;
    }
    return false;
}

struct scalar scalar_of_plain(struct bytes text)
{
    static const char *const NULLS[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const TRUES[] = {"true", "True", "TRUE", NULL};
    static const char *const FALSES[] = {"false", "False", "FALSE", NULL};
    struct scalar scalar = {.kind = SCALAR_TEXT};
    if (scalar_is(text, NULLS)) {
        scalar.kind = SCALAR_NULL;
        return scalar;
    }
    if (scalar_is(text, TRUES) || scalar_is(text, FALSES)) {
        scalar.kind = SCALAR_BOOL;
        scalar.truth = scalar_is(text, TRUES);
        return scalar;
    }
    if (text.len > SCALAR_NUMBER_MAX || scalar_parse_special(text, &scalar)) {
        return scalar;
    }
    char copy[SCALAR_NUMBER_MAX + 1];
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (strlen(copy) == text.len && !scalar_parse_int(copy, &scalar)) {
        (void)scalar_parse_float(copy, &scalar);
    }
    return scalar;
}

const char *scalar_kind_text(enum scalar_kind kind)
{
    switch (kind) {
    case SCALAR_NULL:
        return "null";
    case SCALAR_BOOL:
        return "a boolean";
    case SCALAR_INT:
        return "a whole number";
    case SCALAR_FLOAT:
        return "a number";
    case SCALAR_TEXT:
        return "text";
    }
    UNREACHABLE();
}
