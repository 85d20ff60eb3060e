#include "sys/config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "spec/duration.h"
#include "spec/suggest.h"
#include "sys/config_source.h"

enum { CONFIG_WORD_MAX = 64 }; /* of a flag or a variable */

struct config_value {
    const char *text; /* NULL: set nowhere */
    const char *from; /* for --check-config */
    int64_t number;
    struct duration duration;
    const char *const *list;
    bool flag;
};

struct config {
    const struct config_program *program;
    struct config_value *values; /* one for each key */
    struct arena arena;
};

CLEANUP_FREE(struct config, config_free)

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    arena_done(&config->arena);
    free(config);
}

/* --- texts -------------------------------------------------------------------------------- */

size_t config_find(const struct config_program *program, const char *name)
{
    for (size_t i = 0; i < program->key_count; i++) {
        const char *key = program->keys[i].name;
        size_t j = 0;
        while (key[j] != '\0' && (name[j] == key[j] || (name[j] == '-' && key[j] == '_')))
            j++;
        if (key[j] == '\0' && name[j] == '\0')
            return i;
    }
    return program->key_count;
}

const char *config_suggest(const struct config_program *program, const char *name)
{
    struct suggest suggest = {.word = bytes_of_text(name)};
    for (size_t i = 0; i < program->key_count; i++)
        suggest_offer(&suggest, program->keys[i].name);
    return suggest.best;
}

/* --- one value ---------------------------------------------------------------------------- */

static bool config_parse_int(const char *text, int64_t *ret_number)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || strchr(" \t\n", text[0]) != NULL)
        return false;
    *ret_number = number;
    return true;
}

static bool config_parse_flag(const char *text, bool *ret_flag)
{
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    bool no = strcmp(text, "false") == 0 || strcmp(text, "0") == 0;
    if (yes || no)
        *ret_flag = yes;
    return yes || no;
}

static enum status config_check_list(const struct config_key *key, const char *text,
                                     struct error *err)
{
    while (*text != '\0') {
        size_t len = strcspn(text, ",");
        const char *equals = memchr(text, '=', len);
        if (len == 0)
            return ERROR(err, STATUS_MALFORMED, "an empty member");
        if (key->kind == CONFIG_PAIRS && (equals == NULL || equals == text))
            return ERROR(err, STATUS_MALFORMED, "%.*s: expected name=value", (int)len, text);
        text += len;
        if (text[0] == ',' && *++text == '\0')
            return ERROR(err, STATUS_MALFORMED, "an empty member");
    }
    return STATUS_OK;
}

enum status config_check(const struct config_key *key, const char *text, struct error *err)
{
    int64_t number = 0;
    struct duration duration = {0};
    bool flag;
    switch (key->kind) {
    case CONFIG_TEXT:
        return STATUS_OK;
    case CONFIG_LIST:
    case CONFIG_PAIRS:
        return config_check_list(key, text, err);
    case CONFIG_FLAG:
        if (!config_parse_flag(text, &flag))
            return ERROR(err, STATUS_MALFORMED, "%s: expected true or false", text);
        return STATUS_OK;
    case CONFIG_INT:
        if (!config_parse_int(text, &number))
            return ERROR(err, STATUS_MALFORMED, "%s: expected a whole number", text);
        if (key->max != 0 && (number < key->min || number > key->max))
            return ERROR(err, STATUS_MALFORMED, "%s: expected %" PRId64 " to %" PRId64, text,
                         key->min, key->max);
        return STATUS_OK;
    case CONFIG_DURATION:
        if (!duration_parse(bytes_of_text(text), &duration))
            return ERROR(err, STATUS_MALFORMED, "%s: expected a duration such as 90s or 1h30m",
                         text);
        if (key->max != 0 && (duration_to_ms(duration) < (uint64_t)key->min ||
                              duration_to_ms(duration) > (uint64_t)key->max))
            return ERROR(err, STATUS_MALFORMED, "%s: expected %" PRId64 "ms to %" PRId64 "ms", text,
                         key->min, key->max);
        return STATUS_OK;
    }
    UNREACHABLE();
}

/* @return a list ending with NULL, or NULL when out of memory. */
static const char *const *config_split(struct arena *arena, const char *text)
{
    size_t count = text[0] != '\0';
    for (const char *c = text; *c != '\0'; c++)
        count += *c == ',';
    const char **list = arena_take_array(arena, count + 1, sizeof *list);
    for (size_t i = 0; i < count && list != NULL; i++) {
        size_t len = strcspn(text, ",");
        list[i] = arena_text(arena, bytes_of(text, len));
        if (list[i] == NULL)
            return NULL;
        text += len + 1;
    }
    return list;
}

/* Store a text which has been checked. */
static enum status config_set(struct config *config, size_t index, const char *text,
                              const char *from)
{
    const struct config_key *key = &config->program->keys[index];
    struct config_value *value = &config->values[index];
    value->text = arena_text(&config->arena, bytes_of_text(text));
    value->from = from;
    if (value->text == NULL)
        return STATUS_NOMEM;
    switch (key->kind) {
    case CONFIG_TEXT:
        return STATUS_OK;
    case CONFIG_LIST:
    case CONFIG_PAIRS:
        value->list = config_split(&config->arena, text);
        return value->list == NULL ? STATUS_NOMEM : STATUS_OK;
    case CONFIG_INT:
        CHECK(config_parse_int(text, &value->number));
        return STATUS_OK;
    case CONFIG_DURATION:
        CHECK(duration_parse(bytes_of_text(text), &value->duration));
        return STATUS_OK;
    case CONFIG_FLAG:
        CHECK(config_parse_flag(text, &value->flag));
        return STATUS_OK;
    }
    UNREACHABLE();
}

/* --- the sources -------------------------------------------------------------------------- */

/* `--log-level` or `BATON_LOG_LEVEL` for the key `log_level`. */
static void config_spell(const char *name, const char *before, bool upper,
                         char spelled[CONFIG_WORD_MAX])
{
    (void)snprintf(spelled, CONFIG_WORD_MAX, "%s%s", before, name);
    for (char *c = spelled + strlen(before); *c != '\0'; c++) {
        if (!upper && *c == '_')
            *c = '-';
        else if (upper && *c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    }
}

static const char *config_env(char *const *environment, const char *name)
{
    size_t len = strlen(name);
    for (; *environment != NULL; environment++) {
        const char *entry = *environment;
        /* An empty variable says nothing: that is how a shell takes one back. */
        if (strncmp(entry, name, len) == 0 && entry[len] == '=')
            return entry[len + 1] == '\0' ? NULL : entry + len + 1;
    }
    return NULL;
}

static void config_read_environment(struct config_source *source, char *const *environment)
{
    const struct config_program *program = source->program;
    for (size_t i = 0; i < program->key_count; i++) {
        char name[CONFIG_WORD_MAX];
        config_spell(program->keys[i].name, "BATON_", /* upper= */ true, name);
        const char *used = name;
        const char *text = config_env(environment, name);
        if (text == NULL && program->keys[i].also_env != NULL) {
            used = program->keys[i].also_env;
            text = config_env(environment, used);
        }
        struct error err;
        if (text != NULL && config_check(&program->keys[i], text, &err) != STATUS_OK) {
            fprintf(source->err, "%s: %s\n", used, err.text);
            source->complaints++;
        }
        source->texts[i] = text;
    }
}

/* The flags that every program has. */
struct config_common {
    const char *file;
    bool help, version, check;
};

static void config_flag_wrong(struct config_source *source, const char *flag, const char *message)
{
    fprintf(source->err, "%s: %s: %s\n", source->program->name, flag, message);
    source->complaints++;
}

/* Repeated lists add up; of anything else the last one counts. */
static void config_flag_keep(struct config_source *source, size_t index, const char *flag,
                             const char *text)
{
    const struct config_key *key = &source->program->keys[index];
    struct error err;
    if (config_check(key, text, &err) != STATUS_OK) {
        config_flag_wrong(source, flag, err.text);
        return;
    }
    const char *before = source->texts[index];
    if (before == NULL || before[0] == '\0' ||
        (key->kind != CONFIG_LIST && key->kind != CONFIG_PAIRS)) {
        source->texts[index] = text;
        return;
    }
    AUTO(buffer_done) struct buffer joined = {0};
    source->texts[index] = buffer_print(&joined, "%s,%s", before, text) == STATUS_OK
                               ? arena_text(source->arena, buffer_bytes(&joined))
                               : NULL;
    if (source->texts[index] == NULL)
        config_flag_wrong(source, flag, "out of memory");
}

/* One `--flag`. @return how many further arguments it took. */
static int config_flag_read(struct config_source *source, struct config_common *common,
                            const char *flag, const char *next)
{
    const struct config_program *program = source->program;
    char name[CONFIG_WORD_MAX] = "";
    const char *equals = strchr(flag, '=');
    size_t len = equals != NULL ? (size_t)(equals - flag) : strlen(flag);
    if (len < sizeof name)
        memcpy(name, flag, len);
    if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0) {
        common->help = true;
        return 0;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "--check-config") == 0) {
        *(name[2] == 'v' ? &common->version : &common->check) = true;
        return 0;
    }
    bool file = strcmp(name, "-c") == 0 || strcmp(name, "--config") == 0;
    bool dashes = strncmp(name, "--", 2) == 0;
    size_t index = dashes ? config_find(program, name + 2) : program->key_count;
    if (!file && index == program->key_count) {
        const char *meant = dashes ? config_suggest(program, name + 2) : NULL;
        char message[CONFIG_WORD_MAX * 2] = "unknown flag; see --help";
        char spelled[CONFIG_WORD_MAX];
        if (meant != NULL) {
            config_spell(meant, "--", /* upper= */ false, spelled);
            (void)snprintf(message, sizeof message, "unknown flag; did you mean %s", spelled);
        }
        config_flag_wrong(source, flag, flag[0] == '-' ? message : "unexpected argument");
        return 0;
    }
    bool alone = !file && program->keys[index].kind == CONFIG_FLAG;
    const char *text = equals != NULL ? equals + 1 : alone ? "true" : next;
    if (text == NULL) {
        config_flag_wrong(source, flag, "needs a value");
        return 0;
    }
    if (file)
        common->file = text;
    else
        config_flag_keep(source, index, name, text);
    return equals == NULL && !alone;
}

static void config_read_flags(struct config_source *source, struct config_common *common,
                              const struct config_input *input)
{
    for (int i = 1; i < input->argc; i++) {
        const char *next = i + 1 < input->argc ? input->argv[i + 1] : NULL;
        i += config_flag_read(source, common, input->argv[i], next);
    }
}

/* --- answers made from the table ---------------------------------------------------------- */

static const char *config_value_name(const struct config_key *key)
{
    static const char *const names[] = {
        [CONFIG_TEXT] = "TEXT",  [CONFIG_INT] = "N",       [CONFIG_DURATION] = "D",
        [CONFIG_LIST] = "A,B,C", [CONFIG_PAIRS] = "K=V,…", [CONFIG_FLAG] = "",
    };
    return key->value != NULL ? key->value : names[key->kind];
}

static void config_help(const struct config_program *program, FILE *out)
{
    fprintf(out,
            "%s - %s\n\nusage: %s [-c FILE] [flags]\n\n"
            "Every key is a flag --key, a variable BATON_KEY and an entry of the YAML file;\n"
            "flags win over the environment, that over the file, that over the default.\n\n",
            program->name, program->summary, program->name);
    for (size_t i = 0; i < program->key_count; i++) {
        const struct config_key *key = &program->keys[i];
        char flag[CONFIG_WORD_MAX];
        char left[CONFIG_WORD_MAX * 2];
        config_spell(key->name, "  --", /* upper= */ false, flag);
        (void)snprintf(left, sizeof left, "%s %s", flag, config_value_name(key));
        fprintf(out, "%-28s %s", left, key->doc);
        if (key->fallback != NULL && key->fallback[0] != '\0')
            fprintf(out, " (default %s)", key->fallback);
        fputc('\n', out);
    }
    fputs("  -c, --config FILE          YAML file with any of these keys\n"
          "  --check-config             check all settings, print them and where they come from\n"
          "  --version                  print the version\n"
          "  -h, --help                 this text\n",
          out);
}

static void config_print(const struct config *config, FILE *out)
{
    for (size_t i = 0; i < config->program->key_count; i++) {
        const struct config_value *value = &config->values[i];
        if (value->text != NULL)
            fprintf(out, "%s: \"%s\"  # %s\n", config->program->keys[i].name, value->text,
                    value->from);
        else
            fprintf(out, "# %s: unset\n", config->program->keys[i].name);
    }
}

/* --- loading ------------------------------------------------------------------------------ */

static enum status config_fallbacks(struct config *config)
{
    static const char *const nothing[] = {NULL};
    for (size_t i = 0; i < config->program->key_count; i++) {
        const struct config_key *key = &config->program->keys[i];
        config->values[i].list = nothing;
        if (key->fallback == NULL)
            continue;
        CHECK(config_check(key, key->fallback, NULL) == STATUS_OK);
        if (config_set(config, i, key->fallback, "default") != STATUS_OK)
            return STATUS_NOMEM;
    }
    return STATUS_OK;
}

static enum status config_apply(struct config *config, const struct config_source *source,
                                const char *from)
{
    for (size_t i = 0; i < config->program->key_count; i++) {
        if (source->texts[i] != NULL && config_set(config, i, source->texts[i], from) != STATUS_OK)
            return STATUS_NOMEM;
    }
    return STATUS_OK;
}

static enum config_next config_fill(struct config *config, const struct config_input *input)
{
    const struct config_program *program = config->program;
    struct config_common common = {0};
    struct config_source sources[3]; /* file, environment, flags: the last one wins */
    static const char *const names[] = {"file", "environment", "flag"};
    config->values = arena_take_array(&config->arena, program->key_count, sizeof *config->values);
    bool memory = config->values != NULL && config_fallbacks(config) == STATUS_OK;
    for (size_t i = 0; i < 3; i++) {
        sources[i] = (struct config_source){
            .program = program,
            .texts = arena_take_array(&config->arena, program->key_count, sizeof(char *)),
            .arena = &config->arena,
            .err = input->err,
        };
        memory = memory && sources[i].texts != NULL;
    }
    if (memory) {
        config_read_flags(&sources[2], &common, input);
        if (common.help || common.version) {
            if (common.help)
                config_help(program, input->out);
            else
                fprintf(input->out, "%s %s\n", program->name, BATON_VERSION);
            return CONFIG_DONE;
        }
        config_read_environment(&sources[1], input->environment);
        if (common.file != NULL)
            config_read_file(&sources[0], common.file);
        if (sources[0].complaints + sources[1].complaints + sources[2].complaints > 0)
            return CONFIG_WRONG;
    }
    for (size_t i = 0; i < 3 && memory; i++)
        memory = config_apply(config, &sources[i], names[i]) == STATUS_OK;
    if (!memory) {
        fprintf(input->err, "%s: out of memory\n", program->name);
        return CONFIG_WRONG;
    }
    if (common.check)
        config_print(config, input->out);
    return common.check ? CONFIG_DONE : CONFIG_RUN;
}

enum config_next config_load(const struct config_program *program, const struct config_input *input,
                             struct config **ret_config)
{
    AUTO_PTR(config_free) struct config *config = calloc(1, sizeof *config);
    if (config == NULL) {
        fprintf(input->err, "%s: out of memory\n", program->name);
        return CONFIG_WRONG;
    }
    config->program = program;
    enum config_next next = config_fill(config, input);
    if (next == CONFIG_RUN)
        *ret_config = STEAL(config);
    return next;
}

/* --- reading ------------------------------------------------------------------------------ */

static const struct config_value *config_get(const struct config *config, const char *name,
                                             enum config_kind kind, enum config_kind or_kind)
{
    size_t index = config_find(config->program, name);
    CHECK(index < config->program->key_count);
    CHECK(config->program->keys[index].kind == kind ||
          config->program->keys[index].kind == or_kind);
    return &config->values[index];
}

const char *config_text(const struct config *config, const char *name)
{
    return config_get(config, name, CONFIG_TEXT, CONFIG_TEXT)->text;
}

int64_t config_int(const struct config *config, const char *name)
{
    return config_get(config, name, CONFIG_INT, CONFIG_INT)->number;
}

struct duration config_duration(const struct config *config, const char *name)
{
    return config_get(config, name, CONFIG_DURATION, CONFIG_DURATION)->duration;
}

const char *const *config_list(const struct config *config, const char *name)
{
    return config_get(config, name, CONFIG_LIST, CONFIG_PAIRS)->list;
}

bool config_flag(const struct config *config, const char *name)
{
    return config_get(config, name, CONFIG_FLAG, CONFIG_FLAG)->flag;
}
