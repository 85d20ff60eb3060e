/* attr.h - compiler attributes under short names. Pure. */
#ifndef BATON_ATTR_H
#define BATON_ATTR_H

#define ATTR_PRINTF(format_index, first_arg)                                                       \
    __attribute__((format(printf, format_index, first_arg)))
#define ATTR_MUST_USE __attribute__((warn_unused_result))
#define ATTR_NORETURN __attribute__((noreturn))
#define ATTR_UNUSED __attribute__((unused))

#endif
