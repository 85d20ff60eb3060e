#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "sys/config_source.h"

/* One file being read. */
struct config_file {
    struct config_source *source;
    const char *path;
    yaml_parser_t parser;
    yaml_event_t event;
    bool broken; /* nothing more can be read */
};

static void config_file_complain(struct config_file *file, yaml_mark_t mark, const char *key,
                                 const char *message, const char *suggestion)
{
    if (file->source->complaints++ >= CONFIG_COMPLAINTS_MAX)
        return;
    fprintf(file->source->err, "%s:%zu:%zu: %s%s%s%s%s\n", file->path, mark.line + 1,
            mark.column + 1, key, key[0] == '\0' ? "" : ": ", message,
            suggestion == NULL ? "" : "; did you mean ", suggestion == NULL ? "" : suggestion);
}

/* Step to the next event. @return its type, YAML_NO_EVENT when the file is not YAML. */
static yaml_event_type_t config_file_next(struct config_file *file)
{
    yaml_event_delete(&file->event);
    if (file->broken)
        return YAML_NO_EVENT;
    if (!yaml_parser_parse(&file->parser, &file->event)) {
        file->broken = true;
        config_file_complain(file, file->parser.problem_mark, "",
                             file->parser.problem != NULL ? file->parser.problem : "not YAML",
                             /* suggestion= */ NULL);
        return YAML_NO_EVENT;
    }
    return file->event.type;
}

/* Go over a value of any depth without recursion. The current event starts it. */
static void config_file_skip(struct config_file *file)
{
    size_t depth = 0;
    yaml_event_type_t type = file->event.type;
    do {
        if (type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT)
            depth++;
        else if (type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT)
            depth--;
        if (depth > 0)
            type = config_file_next(file);
    } while (depth > 0 && type != YAML_NO_EVENT);
}

/* The scalar of the current event, or NULL if it is none or holds a NUL. */
static const char *config_file_scalar(const struct config_file *file)
{
    if (file->event.type != YAML_SCALAR_EVENT)
        return NULL;
    const char *text = (const char *)file->event.data.scalar.value;
    return strlen(text) == file->event.data.scalar.length ? text : NULL;
}

/* The members of a list or mapping, as one text with commas. The current event starts it.
 * @return NULL, or what is wrong. */
static const char *config_file_members(struct config_file *file, struct buffer *text)
{
    bool pairs = file->event.type == YAML_MAPPING_START_EVENT;
    bool is_key = pairs;
    const char *wrong = NULL;
    for (;;) {
        yaml_event_type_t type = config_file_next(file);
        if (type == YAML_SEQUENCE_END_EVENT || type == YAML_MAPPING_END_EVENT ||
            type == YAML_NO_EVENT)
            return wrong;
        const char *scalar = config_file_scalar(file);
        if (scalar == NULL) {
            wrong = "its members must be plain values";
            config_file_skip(file);
        } else if (strchr(scalar, ',') != NULL || (is_key && strchr(scalar, '=') != NULL)) {
            wrong = "a member must not contain a comma, nor a name a =";
        } else {
            const char *before = pairs && !is_key ? "=" : text->len == 0 ? "" : ",";
            if (buffer_print(text, "%s%s", before, scalar) != STATUS_OK)
                wrong = "out of memory";
        }
        is_key = pairs && !is_key;
    }
}

static void config_file_keep(struct config_file *file, size_t index, yaml_mark_t mark,
                             const char *text)
{
    struct config_source *source = file->source;
    const struct config_key *key = &source->program->keys[index];
    struct error err;
    if (config_check(key, text, &err) != STATUS_OK) {
        config_file_complain(file, mark, key->name, err.text, /* suggestion= */ NULL);
        return;
    }
    source->texts[index] = arena_text(source->arena, bytes_of_text(text));
    if (source->texts[index] == NULL)
        config_file_complain(file, mark, key->name, "out of memory", /* suggestion= */ NULL);
}

/* The value of key `index`; the current event starts it. */
static void config_file_value(struct config_file *file, size_t index)
{
    const struct config_key *key = &file->source->program->keys[index];
    yaml_mark_t mark = file->event.start_mark;
    const char *scalar = config_file_scalar(file);
    if (scalar != NULL) {
        config_file_keep(file, index, mark, scalar);
        return;
    }
    bool list = file->event.type == YAML_SEQUENCE_START_EVENT && key->kind == CONFIG_LIST;
    bool pairs = file->event.type == YAML_MAPPING_START_EVENT && key->kind == CONFIG_PAIRS;
    if (!list && !pairs) {
        config_file_complain(file, mark, key->name, "a value of the wrong type",
                             /* suggestion= */ NULL);
        config_file_skip(file);
        return;
    }
    AUTO(buffer_done) struct buffer text = {0};
    const char *wrong = config_file_members(file, &text);
    if (wrong != NULL)
        config_file_complain(file, mark, key->name, wrong, /* suggestion= */ NULL);
    else
        config_file_keep(file, index, mark, buffer_text(&text));
}

/* The current event is a key of the outer mapping. */
static void config_file_entry(struct config_file *file)
{
    struct config_source *source = file->source;
    yaml_mark_t mark = file->event.start_mark;
    const char *name = config_file_scalar(file);
    if (name == NULL) {
        config_file_complain(file, mark, "", "a key must be a plain name", /* suggestion= */ NULL);
        config_file_skip(file);
        (void)config_file_next(file);
        config_file_skip(file);
        return;
    }
    size_t index = config_find(source->program, name);
    if (index == source->program->key_count) {
        config_file_complain(file, mark, name, "unknown key",
                             config_suggest(source->program, name));
        (void)config_file_next(file);
        config_file_skip(file);
        return;
    }
    if (source->texts[index] != NULL)
        config_file_complain(file, mark, name, "given twice", /* suggestion= */ NULL);
    if (config_file_next(file) != YAML_NO_EVENT)
        config_file_value(file, index);
}

static void config_file_document(struct config_file *file)
{
    /* Stream start, document start, and then the one thing there may be. */
    (void)config_file_next(file);
    if (config_file_next(file) == YAML_STREAM_END_EVENT || file->broken)
        return; /* an empty file says nothing */
    yaml_event_type_t type = config_file_next(file);
    bool empty = type == YAML_SCALAR_EVENT && file->event.data.scalar.length == 0;
    if (empty || file->broken)
        return;
    if (type != YAML_MAPPING_START_EVENT) {
        config_file_complain(file, file->event.start_mark, "", "expected a mapping of keys",
                             /* suggestion= */ NULL);
        return;
    }
    for (type = config_file_next(file); type != YAML_MAPPING_END_EVENT && type != YAML_NO_EVENT;
         type = config_file_next(file))
        config_file_entry(file);
}

void config_read_file(struct config_source *source, const char *path)
{
    FILE *stream = fopen(path, "re");
    if (stream == NULL) {
        fprintf(source->err, "%s: %s\n", path, strerror(errno));
        source->complaints++;
        return;
    }
    struct config_file file = {.source = source, .path = path};
    if (yaml_parser_initialize(&file.parser)) {
        yaml_parser_set_input_file(&file.parser, stream);
        config_file_document(&file);
        yaml_event_delete(&file.event);
        yaml_parser_delete(&file.parser);
    } else {
        fprintf(source->err, "%s: out of memory\n", path);
        source->complaints++;
    }
    (void)fclose(stream);
}
