#include "scenario.h"

#include <stdio.h>

enum { WORDS_MAX = 48, FILE_BYTES_MAX = 256 * 1024 };

struct words {
    char *at[WORDS_MAX + 1]; /* NULL behind the last */
    uint32_t count;
};

void scenario_free(struct scenario *scenario)
{
    if (scenario == NULL)
        return;
    buffer_done(&scenario->spec);
    arena_done(&scenario->arena);
    free(scenario->text);
    free(scenario);
}

static enum status scenario_load(const char *file, struct scenario *scenario, struct error *err)
{
    FILE *stream = fopen(file, "rb");
    if (stream == NULL)
        return ERROR(err, STATUS_IO, "%s: cannot be opened", file);
    scenario->text = calloc(1, FILE_BYTES_MAX + 1);
    if (scenario->text != NULL)
        scenario->text_len = fread(scenario->text, 1, FILE_BYTES_MAX, stream);
    (void)fclose(stream);
    if (scenario->text == NULL)
        return ERROR(err, STATUS_NOMEM, "%s", file);
    return scenario->text_len == FILE_BYTES_MAX ? ERROR(err, STATUS_LIMIT, "%s: too long", file)
                                                : STATUS_OK;
}

/* Words end at blanks; colons and commas at their ends are for the eye. */
static bool scenario_split(struct arena *arena, struct bytes line, struct words *words)
{
    char *at = arena_text(arena, line);
    if (at == NULL)
        return false;
    words->count = 0;
    while (*at != '\0' && words->count < WORDS_MAX) {
        at += strspn(at, " ");
        size_t len = strcspn(at, " ");
        if (len == 0)
            break;
        words->at[words->count++] = at;
        bool last = at[len] == '\0';
        at[len] = '\0';
        if (at[len - 1] == ':' || at[len - 1] == ',')
            at[len - 1] = '\0';
        at += len + (last ? 0 : 1);
    }
    words->at[words->count] = NULL;
    return true;
}

static bool scenario_time(const char *text, uint64_t *ret_ms)
{
    char *unit = NULL;
    if (text == NULL || *text < '0' || *text > '9')
        return false;
    uint64_t number = strtoull(text, &unit, 10);
    if (strcmp(unit, "ms") == 0)
        *ret_ms = number;
    else if (strcmp(unit, "s") == 0)
        *ret_ms = number * 1000;
    else if (strcmp(unit, "m") == 0)
        *ret_ms = number * 60000;
    else
        return false;
    return true;
}

static bool scenario_two(const struct words *words, uint32_t i, const char *one, const char *two)
{
    return words->at[i + 1] != NULL && strcmp(words->at[i], one) == 0 &&
           strcmp(words->at[i + 1], two) == 0;
}

/* One clause of a behaviour; moves on `i` by what it took. */
static bool scenario_clause(const struct words *words, uint32_t *i, struct behaviour *to)
{
    const char *word = words->at[*i];
    bool two = true;
    if (scenario_two(words, *i, "never", "starts")) {
        to->never_starts = true;
    } else if (scenario_two(words, *i, "ignores", "cancel")) {
        to->ignores_cancel = true;
    } else if (scenario_two(words, *i, "puback", "lost")) {
        to->order = ORDER_PUBACK_LOST;
    } else if (scenario_two(words, *i, "order", "lost")) {
        to->order = ORDER_LOST;
    } else if (scenario_two(words, *i, "starts", "after")) {
        if (!scenario_time(words->at[*i + 2], &to->start_ms))
            return false;
        *i += 3;
        return true;
    } else if (strcmp(word, "after") == 0) {
        if (!scenario_time(words->at[*i + 1], &to->run_ms))
            return false;
    } else if (strcmp(word, "exit") == 0 && words->at[*i + 1] != NULL) {
        to->exit_code = (int32_t)strtol(words->at[*i + 1], NULL, 10);
    } else {
        two = false;
        if (strcmp(word, "ok") == 0)
            to->end = ATTEMPT_SUCCEEDED;
        else if (strcmp(word, "fail") == 0)
            to->end = ATTEMPT_FAILED;
        else if (strcmp(word, "timed_out") == 0)
            to->end = ATTEMPT_TIMED_OUT;
        else if (strcmp(word, "hangs") == 0)
            to->hangs = true;
        else
            return false;
    }
    *i += two ? 2 : 1;
    return true;
}

static bool scenario_add_behaviour(struct scenario *scenario, const struct words *words)
{
    if (scenario->behaviour_count == SCENARIO_BEHAVIOURS_MAX || words->count < 3)
        return false;
    struct behaviour *to = &scenario->behaviours[scenario->behaviour_count++];
    *to = (struct behaviour){.node = words->at[0],
                             .path = words->at[1],
                             .end = ATTEMPT_SUCCEEDED,
                             .exit_code = 1,
                             .start_ms = 1,
                             .run_ms = 10};
    uint32_t i = 2;
    if (words->at[i][0] == '#')
        to->attempt = (uint32_t)strtoul(words->at[i++] + 1, NULL, 10);
    while (i < words->count) {
        if (!scenario_clause(words, &i, to))
            return false;
    }
    return true;
}

/* at 1s: cancel by ops because fire | at 1s: web-2 dies | at 1s: owner dies | at 1s: append refused
 */
static bool scenario_add_happening(struct scenario *scenario, const struct words *words)
{
    static const struct {
        const char *verb;
        enum happening_kind kind;
    } verbs[] = {{"silent", HAPPENING_SILENT},     {"heard", HAPPENING_HEARD},
                 {"dies", HAPPENING_DIES},         {"returns", HAPPENING_RETURNS},
                 {"restarts", HAPPENING_RESTARTS}, {"again", HAPPENING_AGAIN},
                 {"refused", HAPPENING_REFUSED}};
    if (scenario->happening_count == SCENARIO_HAPPENINGS_MAX || words->count < 4)
        return false;
    struct happening *to = &scenario->happenings[scenario->happening_count++];
    if (!scenario_time(words->at[1], &to->at_ms))
        return false;
    to->node = words->at[2];
    if (scenario_two(words, 2, "cancel", "by") && words->count >= 5) {
        to->kind = HAPPENING_CANCEL;
        to->node = words->at[4];
        to->reason = words->count >= 7 ? words->at[6] : "";
        return true;
    }
    if (scenario_two(words, 2, "owner", "dies")) {
        to->kind = HAPPENING_OWNER;
        return true;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(words->at[3], verbs[i].verb) == 0) {
            to->kind = verbs[i].kind;
            return true;
        }
    }
    return false;
}

/* nodes: web-1[web,db] web-2 */
static bool scenario_add_nodes(struct scenario *scenario, const struct words *words)
{
    for (uint32_t i = 1; i < words->count; i++) {
        if (scenario->node_count == SCENARIO_NODES_MAX)
            return false;
        struct expected_node *node = &scenario->nodes[scenario->node_count++];
        const char **groups =
            arena_take_array(&scenario->arena, SCENARIO_GROUPS_MAX, sizeof *groups);
        if (groups == NULL)
            return false;
        node->name = words->at[i];
        node->groups = groups;
        char *at = strchr(words->at[i], '[');
        while (at != NULL && *at != ']' && *at != '\0' && node->group_count < SCENARIO_GROUPS_MAX) {
            *at++ = '\0';
            groups[node->group_count++] = at;
            at += strcspn(at, ",]");
        }
        if (at != NULL)
            *at = '\0';
    }
    return true;
}

enum section { SECTION_NONE, SECTION_SPEC, SECTION_WORLD };

static bool scenario_line(struct scenario *scenario, struct bytes line, enum section *section)
{
    struct words words;
    if (line.len == 0 || line.data[0] == '#')
        return true;
    if (!scenario_split(&scenario->arena, line, &words) || words.count == 0)
        return false;
    if (line.data[0] != ' ') {
        *section = SECTION_NONE;
        if (strcmp(words.at[0], "spec") == 0)
            *section = SECTION_SPEC;
        else if (strcmp(words.at[0], "world") == 0)
            *section = SECTION_WORLD;
        else if (strcmp(words.at[0], "nodes") == 0)
            return scenario_add_nodes(scenario, &words);
        else if (strcmp(words.at[0], "refused") == 0)
            scenario->refusal = "no node of the target offers what it asks for";
        else
            return false;
        return true;
    }
    if (*section == SECTION_SPEC)
        return buffer_append(&scenario->spec, bytes_of(line.data + 2, line.len - 2)) == STATUS_OK &&
               buffer_append(&scenario->spec, bytes_of_text("\n")) == STATUS_OK;
    if (*section == SECTION_WORLD && strcmp(words.at[0], "at") == 0)
        return scenario_add_happening(scenario, &words);
    return *section == SECTION_WORLD && scenario_add_behaviour(scenario, &words);
}

static enum status scenario_parse(struct scenario *scenario, const char *file, struct error *err)
{
    enum section section = SECTION_NONE;
    unsigned number = 0;
    for (size_t at = 0; at < scenario->text_len;) {
        number++;
        size_t len = strcspn(scenario->text + at, "\n");
        struct bytes line = bytes_of(scenario->text + at, len);
        at += len + 1;
        if (bytes_equal(line, bytes_of_text("trace:"))) {
            scenario->trace_at = at < scenario->text_len ? at : scenario->text_len;
            return STATUS_OK;
        }
        if (!scenario_line(scenario, line, &section))
            return ERROR(err, STATUS_MALFORMED, "%s:%u: not understood", file, number);
    }
    return ERROR(err, STATUS_MALFORMED, "%s: there is no line `trace:`", file);
}

enum status scenario_read(const char *file, struct scenario **ret_scenario, struct error *err)
{
    AUTO_PTR(scenario_free) struct scenario *scenario = calloc(1, sizeof *scenario);
    if (scenario == NULL)
        return ERROR(err, STATUS_NOMEM, "%s", file);
    enum status status = scenario_load(file, scenario, err);
    if (status == STATUS_OK)
        status = scenario_parse(scenario, file, err);
    if (status == STATUS_OK)
        *ret_scenario = STEAL(scenario);
    return status;
}

enum status scenario_of_text(struct bytes text, const char *name, struct scenario **ret_scenario,
                             struct error *err)
{
    AUTO_PTR(scenario_free) struct scenario *scenario = calloc(1, sizeof *scenario);
    if (scenario == NULL || (scenario->text = calloc(1, text.len + 1)) == NULL)
        return ERROR(err, STATUS_NOMEM, "%s", name);
    memcpy(scenario->text, text.data, text.len);
    scenario->text_len = text.len;
    enum status status = scenario_parse(scenario, name, err);
    if (status == STATUS_OK)
        *ret_scenario = STEAL(scenario);
    return status;
}

const struct behaviour *scenario_behaviour(const struct scenario *scenario, const char *node,
                                           const char *path, uint32_t attempt)
{
    static const struct behaviour ordinary = {
        .node = "*", .path = "*", .end = ATTEMPT_SUCCEEDED, .start_ms = 1, .run_ms = 10};
    for (uint32_t i = 0; i < scenario->behaviour_count; i++) {
        const struct behaviour *b = &scenario->behaviours[i];
        if ((strcmp(b->node, "*") == 0 || strcmp(b->node, node) == 0) &&
            (strcmp(b->path, "*") == 0 || strcmp(b->path, path) == 0) &&
            (b->attempt == 0 || b->attempt == attempt))
            return b;
    }
    return &ordinary;
}
