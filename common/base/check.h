/* check.h - assertions that stay on in production. Pure.
 *
 * A failed CHECK is a bug of ours, never bad input: input gets a status and a text.
 */
#ifndef BATON_CHECK_H
#define BATON_CHECK_H

#include "attr.h"

#define CHECK(condition)                                                                           \
    ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__, __func__))
#define IMPLIES(a, b) (!(a) || (b))
#define UNREACHABLE() check_failed("unreachable", __FILE__, __LINE__, __func__)

/**
 * Report a broken invariant on stderr and abort.
 *
 * @param condition [in] the text of what should have held.
 * @param file,line,function [in] where.
 */
ATTR_NORETURN void check_failed(const char *condition, const char *file, int line,
                                const char *function);

#endif
