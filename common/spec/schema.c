/* schema.c - see schema.h: the JSON Schema. */
#include "spec/schema.h"

#include <jansson.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "spec.pb-c.h"
#include "spec/backends.h"
#include "spec/fields.h"
#include "spec/retry_code.h"

static void schema_unref(json_t **value)
{
    json_decref(*value);
}

static json_t *schema_ref(const char *definition)
{
    return json_pack("{s:s+}", "$ref", "#/$defs/", definition);
}

static json_t *schema_words(const ProtobufCEnumDescriptor *choice)
{
    AUTO(schema_unref) json_t *words = json_array();
    for (unsigned i = 0; i < choice->n_values; i++) {
        char word[ENUM_WORD_MAX];
        if (enum_word(choice, i, word) && json_array_append_new(words, json_string(word)) != 0) {
            return NULL;
        }
    }
    return json_pack("{s:O}", "enum", words);
}

static json_t *schema_message_ref(const ProtobufCMessageDescriptor *message)
{
    if (message == &baton__v1__json__descriptor) {
        return json_pack("{s:s}", "type", "object");
    }
    return schema_ref(message == &baton__v1__duration__descriptor ? "duration"
                      : message == &baton__v1__target__descriptor ? "target"
                      : message == &baton__v1__retry__descriptor  ? "retry"
                                                                  : "task");
}

static json_t *schema_number(const struct field_rule *rule, const char *type)
{
    json_t *number = json_pack("{s:s}", "type", type);
    bool whole = type[0] == 'i';
    if (number == NULL) {
        return NULL;
    }
    json_object_set_new(number, "minimum",
                        whole ? json_integer((json_int_t)rule->minimum) : json_real(rule->minimum));
    json_object_set_new(number, "maximum",
                        whole ? json_integer((json_int_t)rule->maximum) : json_real(rule->maximum));
    return number;
}

static json_t *schema_retry_code(void)
{
    AUTO(schema_unref) json_t *codes = json_array();
    const char *code = NULL;
    for (size_t i = 0; (code = retry_code_at(i)) != NULL; i++) {
        if (json_array_append_new(codes, json_string(code)) != 0) {
            return NULL;
        }
    }
    return json_pack("{s:[{s:O}, {s:s, s:i, s:i}]}", "anyOf", "enum", codes, "type", "integer",
                     "minimum", RETRY_EXIT_MIN, "maximum", RETRY_EXIT_MAX);
}

static json_t *schema_share(const struct field_rule *rule)
{
    return json_pack("{s:[{s:s, s:I, s:I}, {s:s, s:s}]}", "anyOf", "type", "integer", "minimum",
                     (json_int_t)rule->minimum, "maximum", (json_int_t)rule->maximum, "type",
                     "string", "pattern",
                     rule->minimum > 0 ? "^([1-9][0-9]?|100)%$" : "^([1-9]?[0-9]|100)%$");
}

/* One value of a field, leaving aside that it may be a list. */
static json_t *schema_value(const ProtobufCFieldDescriptor *field, const struct field_rule *rule)
{
    if (rule->share) {
        return schema_share(rule);
    }
    if (rule->numbers) {
        return schema_retry_code();
    }
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        return json_pack("{s:s}", "type", "string");
    }
    if (field->type == PROTOBUF_C_TYPE_UINT32) {
        return schema_number(rule, "integer");
    }
    if (field->type == PROTOBUF_C_TYPE_DOUBLE) {
        return schema_number(rule, "number");
    }
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        return json_pack("{s:s}", "type", "boolean");
    }
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        return schema_words(field->descriptor);
    }
    CHECK(field->type == PROTOBUF_C_TYPE_MESSAGE);
    return schema_message_ref(field->descriptor);
}

static json_t *schema_field(const ProtobufCFieldDescriptor *field, const struct field_rule *rule)
{
    json_t *value = schema_value(field, rule);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        value = json_pack("{s:s, s:i, s:o}", "type", "array", "minItems", 1, "items", value);
        if (rule->share) {
            value = json_pack("{s:[o, o]}", "oneOf", schema_share(rule), value);
        } else if (rule->one_or_many) {
            value = json_pack("{s:[{s:s}, o]}", "oneOf", "type", "string", value);
        }
    }
    if (value != NULL) {
        AUTO(buffer_done) struct buffer doc = {0};
        enum status status = rule->preset == NULL
                                 ? buffer_print(&doc, "%s", rule->doc)
                                 : buffer_print(&doc, "%s Preset: %s.", rule->doc, rule->preset);
        if (status != STATUS_OK ||
            json_object_set_new(value, "description", json_string(buffer_text(&doc))) != 0) {
            json_decref(value);
            return NULL;
        }
    }
    return value;
}

static json_t *schema_message(const ProtobufCMessageDescriptor *message)
{
    AUTO(schema_unref) json_t *properties = json_object();
    AUTO(schema_unref) json_t *required = json_array();
    for (unsigned i = 0; i < message->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->fields[i];
        const struct field_rule *rule = field_rule_of(message, field->name);
        if (json_object_set_new(properties, field->name, schema_field(field, rule)) != 0) {
            return NULL;
        }
        if (rule->required && json_array_append_new(required, json_string(field->name)) != 0) {
            return NULL;
        }
    }
    return json_pack("{s:s, s:b, s:O, s:O}", "type", "object", "additionalProperties", 0,
                     "required", required, "properties", properties);
}

/* --- what depends on other keys --- */

static json_t *schema_target(void)
{
    json_t *target = schema_message(&baton__v1__target__descriptor);
    if (target != NULL &&
        (json_object_set_new(target, "if",
                             json_pack("{s:{s:{s:s}}}", "properties", "scope", "const", "all")) !=
             0 ||
         json_object_set_new(target, "then", json_pack("{s:{s:b}}", "properties", "value", 0)) !=
             0 ||
         json_object_set_new(target, "else", json_pack("{s:[s]}", "required", "value")) != 0)) {
        json_decref(target);
        return NULL;
    }
    return target;
}

static json_t *schema_param(const struct backend_param *param)
{
    switch (param->type) {
    case BACKEND_PARAM_TEXT:
        if (param->absolute || param->filled) {
            return json_pack("{s:s, s:s, s:s}", "type", "string", "pattern",
                             param->absolute ? "^/" : "^.", "description", param->doc);
        }
        return json_pack("{s:s, s:s}", "type", "string", "description", param->doc);
    case BACKEND_PARAM_WHOLE:
        return json_pack("{s:s, s:I, s:I, s:s}", "type", "integer", "minimum",
                         (json_int_t)param->minimum, "maximum", (json_int_t)param->maximum,
                         "description", param->doc);
    case BACKEND_PARAM_DURATION:
        return json_pack("{s:s, s:s}", "$ref", "#/$defs/duration", "description", param->doc);
    case BACKEND_PARAM_TEXT_LIST:
        return json_pack("{s:s, s:i, s:{s:s}, s:s}", "type", "array", "minItems", 1, "items",
                         "type", "string", "description", param->doc);
    case BACKEND_PARAM_TEXT_MAP:
        return json_pack("{s:s, s:{s:s}, s:s}", "type", "object", "additionalProperties", "type",
                         "string", "description", param->doc);
    }
    UNREACHABLE();
}

static json_t *schema_params(const struct backend_action *action)
{
    AUTO(schema_unref) json_t *properties = json_object();
    AUTO(schema_unref) json_t *required = json_array();
    for (const struct backend_param *param = action->params; param->name != NULL; param++) {
        if (json_object_set_new(properties, param->name, schema_param(param)) != 0 ||
            (param->required && json_array_append_new(required, json_string(param->name)) != 0)) {
            return NULL;
        }
    }
    return json_pack("{s:s, s:s, s:b, s:O, s:O}", "type", "object", "description", action->doc,
                     "additionalProperties", 0, "required", required, "properties", properties);
}

/* A step of this backend and action takes these params. */
static json_t *schema_action(const struct backend_action *action)
{
    bool needed = false;
    for (const struct backend_param *param = action->params; param->name != NULL; param++) {
        needed = needed || param->required;
    }
    AUTO(schema_unref) json_t *required = needed ? json_pack("[s]", "params") : json_array();
    return json_pack("{s:{s:{s:{s:s}, s:{s:s}}, s:[s, s]}, s:{s:{s:o}, s:O}}", "if", "properties",
                     "backend", "const", action->backend, "action", "const", action->name,
                     "required", "backend", "action", "then", "properties", "params",
                     schema_params(action), "required", required);
}

/* A step of this backend has one of these actions. */
static json_t *schema_backend(const char *backend)
{
    AUTO(schema_unref) json_t *names = json_array();
    const struct backend_action *action = NULL;
    for (size_t i = 0; (action = backends_at(i)) != NULL; i++) {
        if (strcmp(action->backend, backend) == 0 &&
            json_array_append_new(names, json_string(action->name)) != 0) {
            return NULL;
        }
    }
    return json_pack("{s:{s:{s:{s:s}}, s:[s]}, s:{s:{s:{s:O}}}}", "if", "properties", "backend",
                     "const", backend, "required", "backend", "then", "properties", "action",
                     "enum", names);
}

static json_t *schema_task_rules(void)
{
    AUTO(schema_unref) json_t *rules = json_array();
    const struct backend_action *action = NULL;
    const char *backend = "";
    for (size_t i = 0; (action = backends_at(i)) != NULL; i++) {
        if (strcmp(backend, action->backend) != 0) {
            backend = action->backend;
            if (json_array_append_new(rules, schema_backend(backend)) != 0) {
                return NULL;
            }
        }
        if (json_array_append_new(rules, schema_action(action)) != 0) {
            return NULL;
        }
    }
    return STEAL(rules);
}

static json_t *schema_task(void)
{
    AUTO(schema_unref) json_t *task = schema_message(&baton__v1__task__descriptor);
    json_t *kinds = json_pack(
        "[{s:s, s:[s, s], s:{s:b}}, {s:s, s:[s], s:{s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b}}]",
        "title", "step", "required", "backend", "action", "properties", "tasks", 0, "title",
        "pipeline", "required", "tasks", "properties", "backend", 0, "action", 0, "params", 0,
        "timeout", 0, "idle_timeout", 0, "max_retries", 0, "retry", 0, "idempotent", 0);
    if (json_object_set_new(task, "oneOf", kinds) != 0 ||
        json_object_set_new(task, "not",
                            json_pack("{s:[s, s]}", "required", "max_retries", "retry")) != 0 ||
        json_object_set_new(task, "allOf", schema_task_rules()) != 0) {
        return NULL;
    }
    return STEAL(task);
}

static json_t *schema_definitions(void)
{
    return json_pack("{s:{s:s, s:s, s:s}, s:o, s:o, s:o}", "duration", "type", "string", "pattern",
                     "^(?=[0-9])([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
                     "description", "Numbers with units: 500ms, 90s, 5m, 1h30m.", "target",
                     schema_target(), "task", schema_task(), "retry",
                     schema_message(&baton__v1__retry__descriptor));
}

enum status schema_print(struct buffer *out)
{
    AUTO(schema_unref)
    json_t *head =
        json_pack("{s:s, s:s, s:s}", "$schema", "https://json-schema.org/draft/2020-12/schema",
                  "$id", "urn:baton:job-spec:v1", "title", "Baton job spec");
    AUTO(schema_unref) json_t *body = schema_message(&baton__v1__spec__descriptor);
    if (json_object_update(head, body) != 0 ||
        json_object_set_new(head, "$defs", schema_definitions()) != 0) {
        return STATUS_NOMEM;
    }
    AUTO_HEAP char *text = json_dumps(head, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    return text == NULL ? STATUS_NOMEM : buffer_print(out, "%s\n", text);
}
