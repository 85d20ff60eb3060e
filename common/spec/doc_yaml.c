/* doc_yaml.c - YAML text to a document tree, over the events of libyaml. */
#include <yaml.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "spec/doc_build.h"

static struct doc_mark doc_yaml_mark(yaml_mark_t mark)
{
    return (struct doc_mark){(uint32_t)mark.line + 1, (uint32_t)mark.column + 1};
}

/* Whether a tab stands there; libyaml's own words for it help nobody. */
static bool doc_yaml_at_tab(struct bytes text, struct doc_mark mark)
{
    struct doc_mark at = {1, 1};
    for (size_t i = 0; i < text.len && at.line <= mark.line; i++) {
        if (at.line == mark.line && at.column == mark.column) {
            return text.data[i] == '\t';
        }
        if (text.data[i] == '\n') {
            at = (struct doc_mark){at.line + 1, 1};
        } else if ((text.data[i] & 0xc0) != 0x80) {
            at.column++;
        }
    }
    return false;
}

/* What libyaml found; its reader knows an offset, its scanner and parser a mark. */
static enum status doc_yaml_failed(struct doc_build *build, struct bytes text,
                                   const yaml_parser_t *parser)
{
    const char *problem = parser->problem != NULL ? parser->problem : "not readable";
    if (parser->error == YAML_MEMORY_ERROR) {
        return STATUS_NOMEM;
    }
    if (parser->error == YAML_READER_ERROR) {
        problems_add(build->problems, doc_mark_at(text, parser->problem_offset), "", "not YAML: %s",
                     problem);
    } else if (parser->error == YAML_SCANNER_ERROR &&
               doc_yaml_at_tab(text, doc_yaml_mark(parser->problem_mark))) {
        problems_add(build->problems, doc_yaml_mark(parser->problem_mark), "",
                     "not YAML: a tab cannot indent; use blanks");
    } else if (parser->context != NULL) {
        problems_add(build->problems, doc_yaml_mark(parser->problem_mark), "",
                     "not YAML: %s %s (line %zu)", parser->context, problem,
                     parser->context_mark.line + 1);
    } else {
        problems_add(build->problems, doc_yaml_mark(parser->problem_mark), "", "not YAML: %s",
                     problem);
    }
    return STATUS_MALFORMED;
}

static enum status doc_yaml_refuse(struct doc_build *build, const yaml_event_t *event,
                                   const char *message)
{
    return doc_build_refuse(build, doc_yaml_mark(event->start_mark), message);
}

/* Anchors and tags make a text mean something else than it says. */
static enum status doc_yaml_check_plainness(struct doc_build *build, const yaml_event_t *event,
                                            const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL) {
        return doc_yaml_refuse(build, event,
                               "anchors (&name) are not allowed; write the value out");
    }
    if (tag != NULL) {
        return doc_yaml_refuse(build, event, "tags (!name) are not allowed; text goes in quotes");
    }
    return STATUS_OK;
}

static enum status doc_yaml_open(struct doc_build *build, const yaml_event_t *event,
                                 enum doc_kind kind)
{
    const yaml_char_t *anchor =
        kind == DOC_MAPPING ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    const yaml_char_t *tag =
        kind == DOC_MAPPING ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    enum status status = doc_yaml_check_plainness(build, event, anchor, tag);
    return status != STATUS_OK ? status
                               : doc_build_open(build, doc_yaml_mark(event->start_mark), kind);
}

static enum status doc_yaml_scalar(struct doc_build *build, const yaml_event_t *event)
{
    enum status status =
        doc_yaml_check_plainness(build, event, event->data.scalar.anchor, event->data.scalar.tag);
    if (status != STATUS_OK) {
        return status;
    }
    return doc_build_scalar(build, doc_yaml_mark(event->start_mark),
                            bytes_of(event->data.scalar.value, event->data.scalar.length),
                            event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
}

static enum status doc_yaml_event(struct doc_build *build, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return STATUS_OK;
    case YAML_DOCUMENT_START_EVENT:
        if (build->root != NULL) {
            return doc_yaml_refuse(build, event,
                                   "a second document begins here; a file holds one job spec");
        }
        if (event->data.document_start.tag_directives.start !=
            event->data.document_start.tag_directives.end) {
            return doc_yaml_refuse(build, event, "%TAG is not allowed");
        }
        return STATUS_OK;
    case YAML_ALIAS_EVENT:
        return doc_yaml_refuse(build, event,
                               "aliases (*name) are not allowed; write the value out");
    case YAML_SCALAR_EVENT:
        return doc_yaml_scalar(build, event);
    case YAML_SEQUENCE_START_EVENT:
        return doc_yaml_open(build, event, DOC_SEQUENCE);
    case YAML_MAPPING_START_EVENT:
        return doc_yaml_open(build, event, DOC_MAPPING);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return doc_build_close(build);
    }
    UNREACHABLE();
}

enum status doc_yaml_read(struct bytes text, struct doc_build *build)
{
    AUTO(yaml_parser_delete) yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        memset(&parser, 0, sizeof parser);
        return STATUS_NOMEM;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.data, text.len);
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            return doc_yaml_failed(build, text, &parser);
        }
        more = event.type != YAML_STREAM_END_EVENT;
        enum status status = doc_yaml_event(build, &event);
        yaml_event_delete(&event);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (build->root == NULL) {
        problems_add(build->problems, (struct doc_mark){1, 1}, "",
                     "the text is empty; a job spec has at least target and tasks");
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}
