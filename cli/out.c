#include "out.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { OUT_DEPTH_MAX = 64 }; /* deeper values are printed as JSON */

static const char *const formats[] = {
    [OUT_TABLE] = "table", [OUT_JSON] = "json", [OUT_JSONL] = "jsonl",
    [OUT_YAML] = "yaml",   [OUT_NAME] = "name",
};

bool out_format_parse(const char *text, enum out_format *ret_format)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i], text) == 0) {
            *ret_format = (enum out_format)i;
            return true;
        }
    }
    return false;
}

/* --- YAML ----------------------------------------------------------------------------------- */

/* Plain in YAML whatever the reader: starts with a letter, stays with harmless characters, and is
 * no word that means something else. */
static bool out_plain(const char *text)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on",
                                        "off",  "null",  "y",   "n"};
    bool letter = (text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z');
    if (!letter ||
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") !=
            strlen(text))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(words[i], text) == 0)
            return false;
    }
    return true;
}

static void out_json(FILE *file, const json_t *value, size_t flags)
{
    /* A value from jansson is dumped unless memory runs out or the disk is full: main() looks at
     * the state of stdout at the end. */
    (void)json_dumpf(value, file, JSON_ENCODE_ANY | flags);
}

static void out_yaml_text(FILE *file, const char *text)
{
    json_t *string = out_plain(text) ? NULL : json_string(text);
    if (string == NULL)
        fputs(text, file);
    else
        out_json(file, string, 0); /* a JSON string is a YAML one */
    json_decref(string);
}

static bool out_yaml_block(const json_t *value, int depth)
{
    return depth < OUT_DEPTH_MAX && ((json_is_object(value) && json_object_size(value) > 0) ||
                                     (json_is_array(value) && json_array_size(value) > 0));
}

/* Members of a block start on the current line when `inside` a list item. Recursion is bounded by
 * OUT_DEPTH_MAX. */
static void out_yaml(FILE *file, const json_t *value, int depth, int indent, bool inside)
{
    const char *key;
    json_t *member;
    size_t i;
    if (!out_yaml_block(value, depth)) {
        if (json_is_string(value))
            out_yaml_text(file, json_string_value(value));
        else
            out_json(file, value, JSON_COMPACT);
        fputc('\n', file);
        return;
    }
    json_array_foreach(value, i, member)
    {
        fprintf(file, "%*s- ", inside && i == 0 ? 0 : indent, "");
        out_yaml(file, member, depth + 1, indent + 2, /* inside= */ true);
    }
    bool first = true;
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        fprintf(file, "%*s", inside && first ? 0 : indent, "");
        out_yaml_text(file, key);
        bool block = out_yaml_block(member, depth + 1);
        fputs(block ? ":\n" : ": ", file);
        out_yaml(file, member, depth + 1, indent + 2, /* inside= */ false);
        first = false;
    }
}

/* --- values --------------------------------------------------------------------------------- */

static void out_one(FILE *file, enum out_format format, const json_t *value, const char *name_key)
{
    if (format == OUT_NAME) {
        fprintf(file, "%s\n", out_text(value, name_key, "-"));
        return;
    }
    out_json(file, value, JSON_COMPACT);
    fputc('\n', file);
}

void out_value(FILE *file, enum out_format format, const json_t *value, const char *list,
               const char *name_key)
{
    CHECK(format != OUT_TABLE);
    if (format == OUT_JSON) {
        out_json(file, value, JSON_INDENT(2));
        fputc('\n', file);
        return;
    }
    if (format == OUT_YAML) {
        out_yaml(file, value, 0, 0, /* inside= */ false);
        return;
    }
    if (list == NULL) {
        out_one(file, format, value, name_key);
        return;
    }
    size_t i;
    json_t *member;
    json_array_foreach(json_object_get(value, list), i, member)
    {
        out_one(file, format, member, name_key);
    }
}

const char *out_text(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? otherwise : text;
}

struct out_span out_span(long long ms)
{
    struct out_span span;
    long long s = ms / 1000;
    if (ms < 0)
        (void)snprintf(span.text, sizeof span.text, "-");
    else if (ms < 1000)
        (void)snprintf(span.text, sizeof span.text, "%lldms", ms);
    else if (s < 60)
        (void)snprintf(span.text, sizeof span.text, "%lld.%llds", s, ms % 1000 / 100);
    else if (s < 3600)
        (void)snprintf(span.text, sizeof span.text, "%lldm%02llds", s / 60, s % 60);
    else if (s < 86400)
        (void)snprintf(span.text, sizeof span.text, "%lldh%02lldm", s / 3600, s % 3600 / 60);
    else
        (void)snprintf(span.text, sizeof span.text, "%lldd%02lldh", s / 86400, s % 86400 / 3600);
    return span;
}

/* --- tables --------------------------------------------------------------------------------- */

void table_init(struct table *table, const char *const *titles, size_t columns)
{
    CHECK(columns > 0);
    CHECK(columns <= TABLE_COLUMNS_MAX);
    *table = (struct table){.columns = columns};
    for (size_t i = 0; i < columns; i++)
        table->titles[i] = titles[i];
}

void table_done(struct table *table)
{
    arena_done(&table->arena);
    free(table->cells);
    *table = (struct table){0};
}

void table_cell(struct table *table, const char *text)
{
    if (table->count == table->capacity) {
        size_t capacity = table->capacity == 0 ? 64 : table->capacity * 2;
        const char **cells = realloc(table->cells, capacity * sizeof *cells);
        CHECK(cells != NULL); /* the rim of the shell: a table half printed helps nobody */
        table->cells = cells;
        table->capacity = capacity;
    }
    char *copy =
        arena_text(&table->arena, bytes_of_text(text == NULL || *text == '\0' ? "-" : text));
    CHECK(copy != NULL);
    for (char *c = copy; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = ' ';
    }
    table->cells[table->count++] = copy;
}

void table_cell_number(struct table *table, long long number)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%lld", number);
    table_cell(table, text);
}

/* Characters, counted by their first bytes. */
static size_t table_width(const char *text)
{
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void table_pad(FILE *file, const char *text, size_t width, bool last, const char *colour)
{
    fprintf(file, "%s%s%s", colour, text, colour[0] == '\0' ? "" : "\033[0m");
    if (!last)
        fprintf(file, "%*s", (int)(width - table_width(text) + 2), "");
}

const char *out_state_colour(const char *state)
{
    static const struct {
        const char *state;
        const char *colour;
    } colours[] = {
        {"succeeded", "\033[32m"}, {"completed", "\033[32m"},  {"ready", "\033[32m"},
        {"running", "\033[36m"},   {"cancelling", "\033[33m"}, {"cancelled", "\033[33m"},
        {"failed", "\033[31m"},    {"timed_out", "\033[31m"},  {"lost", "\033[31m"},
        {"unknown", "\033[31m"},   {"skipped", "\033[2m"},     {"offline", "\033[2m"},
        {"draining", "\033[33m"},
    };
    for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++) {
        if (strcmp(colours[i].state, state) == 0)
            return colours[i].colour;
    }
    return "";
}

void table_print(const struct table *table, FILE *file, bool colour)
{
    size_t widths[TABLE_COLUMNS_MAX];
    size_t rows = table->count / table->columns;
    for (size_t c = 0; c < table->columns; c++) {
        widths[c] = table_width(table->titles[c]);
        for (size_t r = 0; r < rows; r++) {
            size_t width = table_width(table->cells[r * table->columns + c]);
            if (width > widths[c])
                widths[c] = width;
        }
    }
    for (size_t c = 0; c < table->columns; c++)
        table_pad(file, table->titles[c], widths[c], c + 1 == table->columns,
                  colour ? "\033[1m" : "");
    fputc('\n', file);
    for (size_t i = 0; i < rows * table->columns; i++) {
        bool last = (i + 1) % table->columns == 0;
        table_pad(file, table->cells[i], widths[i % table->columns], last,
                  colour ? out_state_colour(table->cells[i]) : "");
        if (last)
            fputc('\n', file);
    }
}
