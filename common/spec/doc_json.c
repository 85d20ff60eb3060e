/* doc_json.c - JSON text to a document tree.
 *
 * jansson judges the syntax but forgets where things stood; so once it has accepted the text, a
 * short walk over what is then known to be well-formed builds the tree with its positions.
 */
#include <jansson.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "spec/doc_build.h"

struct doc_json {
    struct bytes text;
    size_t at;
    struct doc_mark mark; /* of `at` */
    struct doc_build *build;
    struct buffer scratch; /* the string being unescaped */
};

static uint8_t doc_json_peek(const struct doc_json *json)
{
    CHECK(json->at < json->text.len);
    return json->text.data[json->at];
}

static uint8_t doc_json_next(struct doc_json *json)
{
    uint8_t byte = doc_json_peek(json);
    json->at++;
    if (byte == '\n') {
        json->mark = (struct doc_mark){json->mark.line + 1, 1};
    } else if ((byte & 0xc0) != 0x80) {
        json->mark.column++;
    }
    return byte;
}

static uint32_t doc_json_hex4(struct doc_json *json)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t byte = doc_json_next(json);
        uint32_t digit = byte <= '9' ? (uint32_t)byte - '0' : ((uint32_t)byte | 0x20) - 'a' + 10;
        value = value << 4 | digit;
    }
    return value;
}

static enum status doc_json_append(struct doc_json *json, uint32_t code)
{
    uint8_t out[4];
    size_t len = 0;
    if (code < 0x80) {
        out[len++] = (uint8_t)code;
    } else if (code < 0x800) {
        out[len++] = (uint8_t)(0xc0 | code >> 6);
        out[len++] = (uint8_t)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        out[len++] = (uint8_t)(0xe0 | code >> 12);
        out[len++] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        out[len++] = (uint8_t)(0x80 | (code & 0x3f));
    } else {
        out[len++] = (uint8_t)(0xf0 | code >> 18);
        out[len++] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
        out[len++] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        out[len++] = (uint8_t)(0x80 | (code & 0x3f));
    }
    return buffer_append(&json->scratch, bytes_of(out, len));
}

static enum status doc_json_escape(struct doc_json *json)
{
    uint8_t kind = doc_json_next(json);
    if (kind == 'u') {
        uint32_t code = doc_json_hex4(json);
        if (code >= 0xd800 && code < 0xdc00) {
            (void)doc_json_next(json); /* `\u`: jansson has seen the second half of the pair */
            (void)doc_json_next(json);
            code = 0x10000 + ((code - 0xd800) << 10) + (doc_json_hex4(json) - 0xdc00);
        }
        return doc_json_append(json, code);
    }
    static const char FROM[] = "bfnrt\"\\/";
    static const char TO[] = "\b\f\n\r\t\"\\/";
    const char *found = strchr(FROM, kind);
    CHECK(found != NULL);
    return doc_json_append(json, (uint32_t)TO[found - FROM]);
}

static enum status doc_json_string(struct doc_json *json)
{
    struct doc_mark mark = json->mark;
    buffer_clear(&json->scratch);
    (void)doc_json_next(json);
    while (doc_json_peek(json) != '"') {
        uint8_t byte = doc_json_next(json);
        enum status status = byte == '\\' ? doc_json_escape(json)
                                          : buffer_append(&json->scratch, bytes_of(&byte, 1));
        if (status != STATUS_OK) {
            return status;
        }
    }
    (void)doc_json_next(json);
    return doc_build_scalar(json->build, mark, buffer_bytes(&json->scratch), false);
}

/* A number, true, false or null. */
static enum status doc_json_word(struct doc_json *json)
{
    struct doc_mark mark = json->mark;
    size_t start = json->at;
    while (json->at < json->text.len && strchr(" \t\r\n,]}:", doc_json_peek(json)) == NULL) {
        (void)doc_json_next(json);
    }
    return doc_build_scalar(json->build, mark, bytes_of(json->text.data + start, json->at - start),
                            true);
}

static enum status doc_json_walk(struct doc_json *json)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && json->at < json->text.len) {
        uint8_t byte = doc_json_peek(json);
        switch (byte) {
        case ' ':
        case '\t':
        case '\r':
        case '\n':
        case ',':
        case ':':
            (void)doc_json_next(json);
            break;
        case '{':
        case '[':
            status =
                doc_build_open(json->build, json->mark, byte == '{' ? DOC_MAPPING : DOC_SEQUENCE);
            (void)doc_json_next(json);
            break;
        case '}':
        case ']':
            (void)doc_json_next(json);
            status = doc_build_close(json->build);
            break;
        case '"':
            status = doc_json_string(json);
            break;
        default:
            status = doc_json_word(json);
            break;
        }
    }
    return status;
}

enum status doc_json_read(struct bytes text, struct doc_build *build)
{
    json_error_t error;
    json_t *value = json_loadb((const char *)text.data, text.len, 0, &error);
    if (value == NULL) {
        /* jansson does not name every allocation that failed, but then says nothing at all. */
        if (json_error_code(&error) == json_error_out_of_memory || error.text[0] == '\0') {
            return STATUS_NOMEM;
        }
        uint32_t column = error.column > 0 ? (uint32_t)error.column : 1;
        problems_add(build->problems, (struct doc_mark){(uint32_t)error.line, column}, "",
                     "not JSON: %s", error.text);
        return STATUS_MALFORMED;
    }
    json_decref(value);
    AUTO(buffer_done) struct buffer scratch = {0};
    struct doc_json json = {.text = text, .mark = {1, 1}, .build = build, .scratch = scratch};
    enum status status = doc_json_walk(&json);
    scratch = json.scratch;
    return status;
}
