/* mapper.c - see mapper.h: reading. */
#include "spec/mapper.h"

#include <stdio.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "spec.pb-c.h"
#include "spec/duration.h"
#include "spec/fields.h"
#include "spec/scalar.h"
#include "spec/share.h"
#include "spec/suggest.h"

struct mapper {
    struct arena *arena;
    struct problems *problems;
    struct path path;
    bool nomem; /* set once, looked at in the end: the tree is then not used */
};

static ProtobufCMessage *mapper_message(struct mapper *m, const struct doc_node *node,
                                        const ProtobufCMessageDescriptor *descriptor);

static void *mapper_at(ProtobufCMessage *message, unsigned offset)
{
    return (char *)message + offset;
}

/* "must be X, not Y", and how to write it if that is known. */
static void mapper_wrong(struct mapper *m, const struct doc_node *node, const char *wanted)
{
    problems_add(m->problems, node->mark, m->path.text, "must be %s, not %s", wanted,
                 doc_kind_text(node));
}

static struct scalar mapper_scalar(const struct doc_node *node)
{
    CHECK(node->kind == DOC_SCALAR);
    return node->plain ? scalar_of_plain(node->text) : (struct scalar){.kind = SCALAR_TEXT};
}

static void mapper_text(struct mapper *m, const struct doc_node *node, char **slot)
{
    if (node->kind != DOC_SCALAR) {
        mapper_wrong(m, node, "text");
        return;
    }
    struct scalar scalar = mapper_scalar(node);
    if (scalar.kind == SCALAR_NULL) {
        problems_add(m->problems, node->mark, m->path.text,
                     "has no value; write some text, or leave the key out");
    } else if (scalar.kind != SCALAR_TEXT) {
        problems_add(m->problems, node->mark, m->path.text,
                     "must be text, not %s; write it in quotes: %s", doc_kind_text(node),
                     quoted_of(node->text).text);
    } else {
        *slot = arena_text(m->arena, node->text);
        m->nomem = m->nomem || *slot == NULL;
    }
}

/* A whole number becomes text in decimal. */
static void mapper_text_or_number(struct mapper *m, const struct doc_node *node, char **slot)
{
    struct scalar scalar = {.kind = SCALAR_TEXT};
    if (node->kind == DOC_SCALAR) {
        scalar = mapper_scalar(node);
    }
    if (scalar.kind != SCALAR_INT || scalar.overflow) {
        mapper_text(m, node, slot);
        return;
    }
    char number[24];
    (void)snprintf(number, sizeof number, "%lld", (long long)scalar.integer);
    *slot = arena_text(m->arena, bytes_of_text(number));
    m->nomem = m->nomem || *slot == NULL;
}

static void mapper_share(struct mapper *m, const struct doc_node *node,
                         const struct field_rule *rule, char **slot)
{
    struct scalar scalar = {.kind = SCALAR_NULL};
    struct plan_share share = {0};
    if (node->kind == DOC_SCALAR) {
        scalar = mapper_scalar(node);
    }
    bool good =
        (scalar.kind == SCALAR_TEXT && share_parse(node->text, &share) && share.percent &&
         share.number >= rule->minimum) ||
        (scalar.kind == SCALAR_INT && !scalar.overflow && (double)scalar.integer >= rule->minimum &&
         (double)scalar.integer <= rule->maximum);
    if (good) {
        mapper_text_or_number(m, node, slot);
        return;
    }
    problems_add(m->problems, node->mark, m->path.text,
                 "must be a whole number from %.0f to %.0f, or a percentage such as 25%%",
                 rule->minimum, rule->maximum);
}

static void mapper_uint32(struct mapper *m, const struct doc_node *node,
                          const struct field_rule *rule, uint32_t *slot)
{
    struct scalar scalar = {.kind = SCALAR_TEXT};
    if (node->kind == DOC_SCALAR) {
        scalar = mapper_scalar(node);
    }
    if (scalar.kind != SCALAR_INT) {
        mapper_wrong(m, node, "a whole number");
        return;
    }
    double max = rule->maximum > 0 ? rule->maximum : UINT32_MAX;
    if (scalar.overflow || (double)scalar.integer < rule->minimum || (double)scalar.integer > max) {
        problems_add(m->problems, node->mark, m->path.text, "must be between %.0f and %.0f",
                     rule->minimum, max);
        return;
    }
    *slot = (uint32_t)scalar.integer;
}

static void mapper_double(struct mapper *m, const struct doc_node *node,
                          const struct field_rule *rule, double *slot)
{
    struct scalar scalar = {.kind = SCALAR_TEXT};
    if (node->kind == DOC_SCALAR) {
        scalar = mapper_scalar(node);
    }
    if (scalar.kind != SCALAR_INT && scalar.kind != SCALAR_FLOAT) {
        mapper_wrong(m, node, "a number");
        return;
    }
    /* Not NaN either: it is neither at least nor at most anything. */
    if (!(scalar.real >= rule->minimum && (rule->maximum <= 0 || scalar.real <= rule->maximum)) ||
        scalar.overflow) {
        problems_add(m->problems, node->mark, m->path.text, "must be between %g and %g",
                     rule->minimum, rule->maximum);
        return;
    }
    *slot = scalar.real;
}

static bool mapper_bool(struct mapper *m, const struct doc_node *node, protobuf_c_boolean *slot)
{
    struct scalar scalar = {.kind = SCALAR_TEXT};
    if (node->kind == DOC_SCALAR) {
        scalar = mapper_scalar(node);
    }
    if (scalar.kind != SCALAR_BOOL) {
        problems_add(m->problems, node->mark, m->path.text, "must be true or false, not %s",
                     node->kind == DOC_SCALAR ? quoted_of(node->text).text : doc_kind_text(node));
        return false;
    }
    *slot = scalar.truth;
    return true;
}

/* Users may write `-` for `_` and the other way round. */
static bool mapper_word_equal(struct bytes text, const char *word)
{
    if (text.len != strlen(word)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        char a = text.data[i] == '-' ? '_' : (char)text.data[i];
        char b = word[i] == '-' ? '_' : word[i];
        if (a != b) {
            return false;
        }
    }
    return true;
}

static void mapper_enum_unknown(struct mapper *m, const struct doc_node *node,
                                const ProtobufCEnumDescriptor *choice)
{
    const struct reserved_word *reserved = reserved_word_of(NULL, choice, node->text);
    if (reserved != NULL) {
        problems_add(m->problems, node->mark, m->path.text, "%s", reserved->text);
        return;
    }
    struct suggest suggest = {.word = node->text};
    char words[16][ENUM_WORD_MAX];
    char allowed[256];
    size_t used = 0;
    CHECK(choice->n_values <= 16);
    allowed[0] = '\0';
    for (unsigned i = 0; i < choice->n_values; i++) {
        if (enum_word(choice, i, words[i])) {
            suggest_offer(&suggest, words[i]);
            used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s",
                                     used == 0 ? "" : ", ", words[i]);
            CHECK(used < sizeof allowed);
        }
    }
    if (suggest.best != NULL) {
        problems_add(m->problems, node->mark, m->path.text,
                     "unknown value %s; did you mean \"%s\"? (allowed: %s)",
                     quoted_of(node->text).text, suggest.best, allowed);
    } else {
        problems_add(m->problems, node->mark, m->path.text, "unknown value %s (allowed: %s)",
                     quoted_of(node->text).text, allowed);
    }
}

static void mapper_enum(struct mapper *m, const struct doc_node *node,
                        const ProtobufCEnumDescriptor *choice, int *slot)
{
    if (node->kind != DOC_SCALAR) {
        mapper_wrong(m, node, "one word");
        return;
    }
    for (unsigned i = 0; i < choice->n_values; i++) {
        char word[ENUM_WORD_MAX];
        if (enum_word(choice, i, word) && mapper_word_equal(node->text, word)) {
            *slot = choice->values[i].value;
            return;
        }
    }
    mapper_enum_unknown(m, node, choice);
}

static void mapper_duration(struct mapper *m, const struct doc_node *node,
                            Baton__V1__Duration *duration)
{
    struct duration parsed = {0};
    if (node->kind != DOC_SCALAR) {
        mapper_wrong(m, node, "a duration such as 90s");
        return;
    }
    if (duration_parse(node->text, &parsed)) {
        duration->ms = duration_to_ms(parsed);
        return;
    }
    struct scalar scalar = scalar_of_plain(node->text);
    if (scalar.kind == SCALAR_INT && !scalar.overflow && scalar.integer >= 0) {
        problems_add(m->problems, node->mark, m->path.text,
                     "a duration needs a unit; write %llds for seconds or %lldms for milliseconds",
                     (long long)scalar.integer, (long long)scalar.integer);
    } else {
        problems_add(m->problems, node->mark, m->path.text,
                     "%s is not a duration; write it such as 500ms, 90s, 5m or 1h30m, at most %dd",
                     quoted_of(node->text).text, DURATION_DAYS_MAX);
    }
}

static ProtobufCMessage *mapper_special(struct mapper *m, const struct doc_node *node,
                                        const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_take(m->arena, descriptor->sizeof_message);
    if (message == NULL) {
        m->nomem = true;
        return NULL;
    }
    descriptor->message_init(message);
    if (descriptor == &baton__v1__duration__descriptor) {
        mapper_duration(m, node, (Baton__V1__Duration *)message);
        return message;
    }
    const char *text = NULL;
    if (mapper_json_text(node, &m->path, m->arena, &text, m->problems) != STATUS_OK) {
        m->nomem = true;
    } else if (text != NULL) {
        /* protobuf-c has no const strings; nobody writes to it. */
        ((Baton__V1__Json *)message)->text = (char *)(uintptr_t)text;
    }
    return message;
}

static ProtobufCMessage *mapper_any_message(struct mapper *m, const struct doc_node *node,
                                            const ProtobufCMessageDescriptor *descriptor)
{
    bool special = descriptor == &baton__v1__duration__descriptor ||
                   descriptor == &baton__v1__json__descriptor;
    return special ? mapper_special(m, node, descriptor) : mapper_message(m, node, descriptor);
}

/* A list; each element is a pointer (text or message). */
static void mapper_repeated(struct mapper *m, const struct doc_node *node,
                            const struct field_rule *rule, const ProtobufCFieldDescriptor *field,
                            ProtobufCMessage *message)
{
    bool single = rule->one_or_many && node->kind == DOC_SCALAR;
    if (node->kind != DOC_SEQUENCE && !single) {
        mapper_wrong(m, node,
                     rule->share         ? "a number, a percentage or a list"
                     : rule->one_or_many ? "text or a list"
                                         : "a list");
        return;
    }
    uint32_t count = single ? 1 : node->count;
    void **items = arena_take_array(m->arena, count > 0 ? count : 1, sizeof *items);
    if (items == NULL) {
        m->nomem = true;
        return;
    }
    uint32_t index = 0;
    for (const struct doc_node *item = single ? node : node->first; index < count;
         item = item->next, index++) {
        size_t back = m->path.len;
        if (!single) {
            (void)path_enter_index(&m->path, index);
        }
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            items[index] = mapper_any_message(m, item, field->descriptor);
        } else {
            char *text = (char *)(uintptr_t)protobuf_c_empty_string;
            if (rule->share) {
                mapper_share(m, item, rule, &text);
            } else if (rule->numbers) {
                mapper_text_or_number(m, item, &text);
            } else {
                mapper_text(m, item, &text);
            }
            items[index] = text;
        }
        path_back(&m->path, back);
    }
    *(void ***)mapper_at(message, field->offset) = items;
    *(size_t *)mapper_at(message, field->quantifier_offset) = count;
}

static void mapper_field(struct mapper *m, const struct doc_node *node,
                         const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    const struct field_rule *rule = field_rule_of(message->descriptor, field->name);
    void *slot = mapper_at(message, field->offset);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        mapper_repeated(m, node, rule, field, message);
    } else if (rule->share) {
        mapper_share(m, node, rule, slot);
    } else if (field->type == PROTOBUF_C_TYPE_STRING) {
        mapper_text(m, node, slot);
    } else if (field->type == PROTOBUF_C_TYPE_UINT32) {
        mapper_uint32(m, node, rule, slot);
    } else if (field->type == PROTOBUF_C_TYPE_DOUBLE) {
        mapper_double(m, node, rule, slot);
    } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
        mapper_enum(m, node, field->descriptor, slot);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        *(ProtobufCMessage **)slot = mapper_any_message(m, node, field->descriptor);
    } else {
        CHECK(field->type == PROTOBUF_C_TYPE_BOOL);
        /* In a oneof false differs from unset. */
        bool oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        if (mapper_bool(m, node, slot) && oneof) {
            *(uint32_t *)mapper_at(message, field->quantifier_offset) = field->id;
        }
    }
}

static struct suggest mapper_suggest(const ProtobufCMessageDescriptor *descriptor,
                                     struct bytes word)
{
    struct suggest suggest = {.word = word};
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        suggest_offer(&suggest, descriptor->fields[i].name);
    }
    return suggest;
}

static void mapper_unknown_key(struct mapper *m, const struct doc_node *node,
                               const ProtobufCMessageDescriptor *descriptor)
{
    const struct doc_node *key = node->key;
    const struct reserved_word *reserved = reserved_word_of(descriptor, NULL, key->text);
    if (reserved != NULL) {
        problems_add(m->problems, key->mark, m->path.text, "%s", reserved->text);
        return;
    }
    if (!problems_open(m->problems)) {
        problems_add(m->problems, key->mark, "", "unknown key");
        return;
    }
    struct suggest suggest = mapper_suggest(descriptor, key->text);
    if (suggest.best != NULL) {
        problems_add(m->problems, key->mark, m->path.text, "unknown key; did you mean \"%s\"?",
                     suggest.best);
        return;
    }
    char allowed[256];
    size_t used = 0;
    allowed[0] = '\0';
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s", i == 0 ? "" : ", ",
                                 descriptor->fields[i].name);
        CHECK(used < sizeof allowed);
    }
    problems_add(m->problems, key->mark, m->path.text, "unknown key (allowed: %s)", allowed);
}

bool mapper_is_misspelt(const struct doc_node *mapping,
                        const ProtobufCMessageDescriptor *descriptor, const char *field)
{
    for (const struct doc_node *value = mapping->first; value != NULL; value = value->next) {
        const char *key = (const char *)value->key->text.data;
        if (protobuf_c_message_descriptor_get_field_by_name(descriptor, key) == NULL) {
            struct suggest suggest = mapper_suggest(descriptor, value->key->text);
            if (suggest.best != NULL && strcmp(suggest.best, field) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void mapper_required(struct mapper *m, const struct doc_node *node,
                            const ProtobufCMessageDescriptor *descriptor)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const char *name = descriptor->fields[i].name;
        if (field_rule_of(descriptor, name)->required && doc_get(node, name) == NULL &&
            problems_open(m->problems) && !mapper_is_misspelt(node, descriptor, name)) {
            size_t back = path_enter_key(&m->path, bytes_of_text(name));
            problems_add(m->problems, node->mark, m->path.text, "this key is required");
            path_back(&m->path, back);
        }
    }
}

static ProtobufCMessage *mapper_message(struct mapper *m, const struct doc_node *node,
                                        const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = arena_take(m->arena, descriptor->sizeof_message);
    if (message == NULL) {
        m->nomem = true;
        return NULL;
    }
    descriptor->message_init(message);
    if (node->kind != DOC_MAPPING) {
        mapper_wrong(m, node, "a mapping (key: value)");
        return message;
    }
    for (const struct doc_node *value = node->first; value != NULL; value = value->next) {
        const char *key = (const char *)value->key->text.data;
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(descriptor, key);
        size_t back = path_enter_key(&m->path, value->key->text);
        if (field == NULL) {
            mapper_unknown_key(m, value, descriptor);
        } else {
            mapper_field(m, value, field, message);
        }
        path_back(&m->path, back);
    }
    mapper_required(m, node, descriptor);
    return message;
}

enum status mapper_read(const struct doc_node *root, const ProtobufCMessageDescriptor *descriptor,
                        struct arena *arena, ProtobufCMessage **ret_message,
                        struct problems *problems)
{
    struct mapper m = {.arena = arena, .problems = problems};
    ProtobufCMessage *message = mapper_message(&m, root, descriptor);
    if (m.nomem) {
        return STATUS_NOMEM;
    }
    CHECK(message != NULL);
    *ret_message = message;
    return STATUS_OK;
}
