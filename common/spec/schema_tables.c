/* schema_tables.c - see schema.h: the tables for specs/job-spec.md. */
#include <stdio.h>

#include "base/check.h"
#include "spec.pb-c.h"
#include "spec/backends.h"
#include "spec/fields.h"
#include "spec/schema.h"

/* What a user may write there, in a few words. */
static enum status schema_type_text(const ProtobufCFieldDescriptor *field,
                                    const struct field_rule *rule, struct buffer *out)
{
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        const ProtobufCEnumDescriptor *choice = field->descriptor;
        bool first = true;
        for (unsigned i = 0; i < choice->n_values; i++) {
            char word[ENUM_WORD_MAX];
            if (!enum_word(choice, i, word)) {
                continue;
            }
            enum status status = buffer_print(out, "%s`%s`", first ? "" : ", ", word);
            if (status != STATUS_OK) {
                return status;
            }
            first = false;
        }
        return STATUS_OK;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        if (rule->share) {
            return buffer_print(out, "whole number or percentage%s",
                                rule->one_or_many ? ", or a list of them" : "");
        }
        return buffer_print(out, rule->numbers       ? "list of codes and numbers"
                                 : rule->one_or_many ? "text or list of texts"
                                                     : "text");
    }
    if (field->type == PROTOBUF_C_TYPE_UINT32) {
        return buffer_print(out, "whole number, %.0f to %.0f", rule->minimum, rule->maximum);
    }
    if (field->type == PROTOBUF_C_TYPE_DOUBLE) {
        return buffer_print(out, "number, %g to %g", rule->minimum, rule->maximum);
    }
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        return buffer_print(out, "`true`, `false`");
    }
    CHECK(field->type == PROTOBUF_C_TYPE_MESSAGE);
    const ProtobufCMessageDescriptor *message = field->descriptor;
    return buffer_print(out, "%s",
                        message == &baton__v1__duration__descriptor ? "duration"
                        : message == &baton__v1__json__descriptor   ? "mapping"
                        : message == &baton__v1__task__descriptor   ? "list of items"
                        : message == &baton__v1__target__descriptor ? "target"
                                                                    : "retry");
}

static enum status schema_message_table(const ProtobufCMessageDescriptor *message,
                                        const char *title, struct buffer *out)
{
    enum status status = buffer_print(out,
                                      "\n#### %s\n\n| key | type | required | preset | meaning |\n"
                                      "|---|---|---|---|---|\n",
                                      title);
    for (unsigned i = 0; i < message->n_fields && status == STATUS_OK; i++) {
        const struct field_rule *rule = field_rule_of(message, message->fields[i].name);
        status = buffer_print(out, "| `%s` | ", rule->field);
        if (status == STATUS_OK) {
            status = schema_type_text(&message->fields[i], rule, out);
        }
        if (status == STATUS_OK) {
            status = buffer_print(out, " | %s | %s | %s |\n", rule->required ? "yes" : "",
                                  rule->preset == NULL ? "" : rule->preset, rule->doc);
        }
    }
    return status;
}

static enum status schema_param_text(const struct backend_param *param, struct buffer *out)
{
    enum status status = buffer_print(out, "`%s`: ", param->name);
    if (status != STATUS_OK) {
        return status;
    }
    switch (param->type) {
    case BACKEND_PARAM_TEXT:
        status = buffer_print(out, param->absolute ? "absolute path" : "text");
        break;
    case BACKEND_PARAM_WHOLE:
        status = buffer_print(out, "whole number, %lld to %lld", (long long)param->minimum,
                              (long long)param->maximum);
        break;
    case BACKEND_PARAM_DURATION:
        status = buffer_print(out, "duration");
        break;
    case BACKEND_PARAM_TEXT_LIST:
        status = buffer_print(out, "list of texts");
        break;
    case BACKEND_PARAM_TEXT_MAP:
        status = buffer_print(out, "names to texts");
        break;
    }
    if (status != STATUS_OK) {
        return status;
    }
    return buffer_print(out, "%s. %s", param->required ? ", required" : "", param->doc);
}

static enum status schema_action_row(const struct backend_action *action, struct buffer *out)
{
    enum status status =
        buffer_print(out, "| `%s` | `%s` | %s | ", action->backend, action->name, action->doc);
    for (const struct backend_param *param = action->params;
         param->name != NULL && status == STATUS_OK; param++) {
        status = buffer_print(out, "%s", param == action->params ? "" : "<br>");
        if (status == STATUS_OK) {
            status = schema_param_text(param, out);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    return buffer_print(out, " | %s |\n", action->idempotent ? "yes" : "no");
}

enum status schema_print_tables(struct buffer *out)
{
    static const struct {
        const ProtobufCMessageDescriptor *message;
        const char *title;
    } TABLES[] = {
        {&baton__v1__spec__descriptor, "The spec"},
        {&baton__v1__target__descriptor, "`target`"},
        {&baton__v1__task__descriptor, "An item of `tasks`"},
        {&baton__v1__retry__descriptor, "`retry`"},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof TABLES / sizeof TABLES[0] && status == STATUS_OK; i++) {
        status = schema_message_table(TABLES[i].message, TABLES[i].title, out);
    }
    if (status == STATUS_OK) {
        status = buffer_print(out, "\n#### Built-in backends and actions\n\n"
                                   "| backend | action | does | params | idempotent |\n"
                                   "|---|---|---|---|---|\n");
    }
    const struct backend_action *action = NULL;
    for (size_t i = 0; status == STATUS_OK && (action = backends_at(i)) != NULL; i++) {
        status = schema_action_row(action, out);
    }
    return status;
}
