/* fields.h - what the descriptors of the job spec do not say: which keys are required, how enums
 * are spelt, what is only planned, and a line of prose for each. Pure.
 *
 * The mapper, the JSON Schema and the tables of specs/job-spec.md all read this one table.
 */
#ifndef BATON_FIELDS_H
#define BATON_FIELDS_H

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"

struct field_rule {
    const ProtobufCMessageDescriptor *message;
    const char *field;
    bool required;
    bool one_or_many;   /* a list which may be written as its single item */
    bool numbers;       /* texts which are written as numbers where they are some */
    bool share;         /* text that is a whole number, or a percentage of the nodes */
    double minimum;     /* numbers; both 0: no limits */
    double maximum;     /* 0: none */
    const char *preset; /* what holds if the key is absent, for the documentation; NULL: nothing */
    const char *doc;
};

/* Words a reader may expect from the documentation of other versions. */
struct reserved_word {
    const ProtobufCMessageDescriptor *message; /* a key of this message, or */
    const ProtobufCEnumDescriptor *choice;     /* a value of this enum */
    const char *word;
    const char *text;
};

enum { ENUM_WORD_MAX = 32 };

/** @return the rule of a field; every field of the spec's messages has one. */
const struct field_rule *field_rule_of(const ProtobufCMessageDescriptor *message,
                                       const char *field);

/** @return the reserved key or value, NULL if `word` is none. One of the descriptors is NULL. */
const struct reserved_word *reserved_word_of(const ProtobufCMessageDescriptor *message,
                                             const ProtobufCEnumDescriptor *choice,
                                             struct bytes word);

/**
 * Spell an enum value as users write it: without its prefix, in lower case.
 *
 * @param index   [in]  into the descriptor's values.
 * @param ret_word [out] such as "fail-fast".
 * @return false for the `_UNSET` value, which nobody writes.
 */
bool enum_word(const ProtobufCEnumDescriptor *choice, unsigned index, char ret_word[ENUM_WORD_MAX]);

#endif
