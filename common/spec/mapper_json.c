/* mapper_json.c - see mapper.h: free-form values to JSON text, and messages to JSON. */
#include <math.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "spec.pb-c.h"
#include "spec/duration.h"
#include "spec/fields.h"
#include "spec/mapper.h"
#include "spec/scalar.h"

enum { MAPPER_VALUE_DEPTH_MAX = 32 };

static void mapper_json_unref(json_t **value)
{
    json_decref(*value);
}

struct mapper_value {
    struct path *path;
    struct problems *problems;
    bool wrong;
    bool nomem;
};

static json_t *mapper_value(struct mapper_value *v, const struct doc_node *node, unsigned depth);

static json_t *mapper_value_scalar(struct mapper_value *v, const struct doc_node *node)
{
    struct scalar scalar = {.kind = SCALAR_TEXT};
    if (node->plain) {
        scalar = scalar_of_plain(node->text);
    }
    switch (scalar.kind) {
    case SCALAR_NULL:
        return json_null();
    case SCALAR_BOOL:
        return json_boolean(scalar.truth);
    case SCALAR_INT:
        if (!scalar.overflow) {
            return json_integer(scalar.integer);
        }
        break;
    case SCALAR_FLOAT:
        if (isfinite(scalar.real)) {
            return json_real(scalar.real);
        }
        break;
    case SCALAR_TEXT:
        return json_stringn((const char *)node->text.data, node->text.len);
    }
    v->wrong = true;
    problems_add(v->problems, node->mark, v->path->text,
                 "the number %s is out of range; text goes in quotes", quoted_of(node->text).text);
    return json_null();
}

static json_t *mapper_value_collection(struct mapper_value *v, const struct doc_node *node,
                                       unsigned depth)
{
    json_t *collection = node->kind == DOC_MAPPING ? json_object() : json_array();
    uint32_t index = 0;
    for (const struct doc_node *item = node->first; item != NULL && collection != NULL;
         item = item->next, index++) {
        size_t back = node->kind == DOC_MAPPING ? path_enter_key(v->path, item->key->text)
                                                : path_enter_index(v->path, index);
        json_t *value = mapper_value(v, item, depth + 1);
        int failed =
            node->kind == DOC_MAPPING
                ? json_object_set_new(collection, (const char *)item->key->text.data, value)
                : json_array_append_new(collection, value);
        v->nomem = v->nomem || failed != 0;
        path_back(v->path, back);
    }
    return collection;
}

static json_t *mapper_value(struct mapper_value *v, const struct doc_node *node, unsigned depth)
{
    if (depth > MAPPER_VALUE_DEPTH_MAX) {
        v->wrong = true;
        problems_add(v->problems, node->mark, v->path->text,
                     "nested too deeply: more than %d levels", MAPPER_VALUE_DEPTH_MAX);
        return json_null();
    }
    return node->kind == DOC_SCALAR ? mapper_value_scalar(v, node)
                                    : mapper_value_collection(v, node, depth);
}

enum status mapper_json_text(const struct doc_node *node, struct path *path, struct arena *arena,
                             const char **ret_text, struct problems *problems)
{
    struct mapper_value v = {.path = path, .problems = problems};
    *ret_text = NULL;
    AUTO(mapper_json_unref) json_t *value = mapper_value(&v, node, 0);
    if (value == NULL || v.nomem) {
        return STATUS_NOMEM;
    }
    if (v.wrong) {
        return STATUS_OK;
    }
    AUTO_HEAP char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    if (text == NULL) {
        return STATUS_NOMEM;
    }
    *ret_text = arena_text(arena, bytes_of_text(text));
    return *ret_text == NULL ? STATUS_NOMEM : STATUS_OK;
}

/* --- messages to JSON --- */

static json_t *mapper_write_message(const ProtobufCMessage *message)
{
    if (message->descriptor == &baton__v1__duration__descriptor) {
        char text[DURATION_TEXT_MAX];
        duration_print(duration_ms(((const Baton__V1__Duration *)message)->ms), text);
        return json_string(text);
    }
    if (message->descriptor == &baton__v1__json__descriptor) {
        return json_loads(((const Baton__V1__Json *)message)->text,
                          JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    }
    return mapper_write(message);
}

static json_t *mapper_write_enum(const ProtobufCEnumDescriptor *choice, int number)
{
    for (unsigned i = 0; i < choice->n_values; i++) {
        char word[ENUM_WORD_MAX];
        if (choice->values[i].value == number && enum_word(choice, i, word)) {
            return json_string(word);
        }
    }
    return json_null();
}

/* One value at `slot`; an unset one gives null. */
static json_t *mapper_write_value(const ProtobufCFieldDescriptor *field, const void *slot)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(char *const *)slot;
        return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
    }
    if (field->type == PROTOBUF_C_TYPE_UINT32) {
        return json_integer(*(const uint32_t *)slot);
    }
    if (field->type == PROTOBUF_C_TYPE_DOUBLE) {
        return json_real(*(const double *)slot);
    }
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        return json_boolean(*(const protobuf_c_boolean *)slot);
    }
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        return mapper_write_enum(field->descriptor, *(const int *)slot);
    }
    CHECK(field->type == PROTOBUF_C_TYPE_MESSAGE);
    const ProtobufCMessage *inner = *(ProtobufCMessage *const *)slot;
    return inner == NULL ? json_null() : mapper_write_message(inner);
}

/* Texts which are numbers were written as such. */
static json_t *mapper_write_number(const char *text)
{
    bool number = text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
    return number ? json_integer(strtoll(text, NULL, 10)) : json_string(text);
}

static json_t *mapper_write_list(const ProtobufCFieldDescriptor *field,
                                 const struct field_rule *rule, const void *slot, size_t count)
{
    if (count == 0) {
        return json_null();
    }
    json_t *list = json_array();
    void *const *items = *(void *const *const *)slot;
    for (size_t i = 0; i < count && list != NULL; i++) {
        json_t *value = rule->numbers || rule->share ? mapper_write_number(items[i])
                                                     : mapper_write_value(field, &items[i]);
        if (json_array_append_new(list, value) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Zero and false mean unset, unless the key is required, stored as text or has its own presence.
 */
static bool mapper_write_wanted(const ProtobufCMessage *message,
                                const ProtobufCFieldDescriptor *field, const json_t *value)
{
    const char *base = (const char *)message;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        return *(const uint32_t *)(const void *)(base + field->quantifier_offset) == field->id;
    }
    if (json_is_null(value)) {
        return false;
    }
    bool zero = json_is_false(value) || (json_is_number(value) && !(json_number_value(value) != 0));
    const struct field_rule *rule = field_rule_of(message->descriptor, field->name);
    return !zero || rule->required || rule->share;
}

json_t *mapper_write(const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    const char *base = (const char *)message;
    AUTO(mapper_json_unref) json_t *object = json_object();
    for (unsigned i = 0; i < descriptor->n_fields && object != NULL; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        const void *slot = base + field->offset;
        json_t *value = NULL;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            value =
                mapper_write_list(field, field_rule_of(descriptor, field->name), slot,
                                  *(const size_t *)(const void *)(base + field->quantifier_offset));
        } else {
            value = mapper_write_value(field, slot);
            if (json_is_string(value) && field_rule_of(descriptor, field->name)->share) {
                json_decref(value);
                value = mapper_write_number(*(char *const *)slot);
            }
        }
        if (value == NULL) {
            return NULL;
        }
        if (!mapper_write_wanted(message, field, value)) {
            json_decref(value);
        } else if (json_object_set_new(object, field->name, value) != 0) {
            return NULL;
        }
    }
    return STEAL(object);
}
