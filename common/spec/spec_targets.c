/* spec_targets.c - see spec.h: steps against what is built in and what nodes offer. */
#include <stdio.h>

#include "base/check.h"
#include "spec/backends.h"
#include "spec/path.h"
#include "spec/spec.h"
#include "spec/suggest.h"

/* "1.0" -> `tasks[1].tasks[0].KEY` */
static struct path spec_item_path(const struct plan_item *item, const char *key)
{
    struct path path = {0};
    uint32_t index = 0;
    for (const char *at = item->path; true; at++) {
        if (*at != '.' && *at != '\0') {
            index = index * 10 + (uint32_t)(*at - '0');
            continue;
        }
        (void)path_enter_key(&path, bytes_of_text("tasks"));
        (void)path_enter_index(&path, index);
        index = 0;
        if (*at == '\0') {
            break;
        }
    }
    (void)path_enter_key(&path, bytes_of_text(key));
    return path;
}

/* Add "WHAT "word"WHERE; did you mean ...?". */
static void spec_target_problem(const struct plan_item *item, const char *key, const char *what,
                                const char *where, struct suggest suggest,
                                struct problems *problems)
{
    struct path path = spec_item_path(item, key);
    struct doc_mark mark = {item->line, item->column};
    if (suggest.best != NULL) {
        problems_add(problems, mark, path.text, "%s %s%s; did you mean \"%s\"?", what,
                     quoted_of(suggest.word).text, where, suggest.best);
    } else {
        problems_add(problems, mark, path.text, "%s %s%s", what, quoted_of(suggest.word).text,
                     where);
    }
}

enum status spec_check_catalogue(const struct spec *spec, struct problems *problems)
{
    uint32_t before = problems->count;
    for (uint32_t i = 0; i < spec->plan->step_count && problems_open(problems); i++) {
        const struct plan_item *item = &spec->plan->items[spec->plan->step_items[i]];
        if (backends_know(item->backend)) {
            continue; /* its actions have been checked while parsing */
        }
        struct suggest suggest = {.word = bytes_of_text(item->backend)};
        const struct backend_action *action = NULL;
        for (size_t k = 0; (action = backends_at(k)) != NULL; k++) {
            suggest_offer(&suggest, action->backend);
        }
        spec_target_problem(item, "backend", "unknown backend", "", suggest, problems);
    }
    return problems->count == before ? STATUS_OK : STATUS_MALFORMED;
}

/* What the nodes say about one backend and action. */
struct spec_survey {
    size_t with_backend;
    size_t with_action;
    const char *without_backend; /* the first such node */
    const char *without_action;
    bool idempotent; /* all of them say so */
    struct suggest backend;
    struct suggest action;
};

static void spec_survey_node(struct spec_survey *survey, const struct plan_item *item,
                             const struct spec_node *node)
{
    bool backend = false;
    bool action = false;
    for (size_t i = 0; i < node->offer_count; i++) {
        const struct spec_offer *offer = &node->offers[i];
        if (strcmp(offer->backend, item->backend) != 0) {
            suggest_offer(&survey->backend, offer->backend);
            continue;
        }
        backend = true;
        if (strcmp(offer->action, item->action) == 0) {
            action = true;
            survey->idempotent = survey->idempotent && offer->idempotent;
        } else {
            suggest_offer(&survey->action, offer->action);
        }
    }
    survey->with_backend += backend ? 1 : 0;
    survey->with_action += action ? 1 : 0;
    if (!backend && survey->without_backend == NULL) {
        survey->without_backend = node->name;
    }
    if (!action && survey->without_action == NULL) {
        survey->without_action = node->name;
    }
}

static struct spec_survey spec_survey_of(const struct plan_item *item,
                                         const struct spec_node *nodes, size_t node_count)
{
    struct spec_survey survey = {
        .idempotent = true,
        .backend = {.word = bytes_of_text(item->backend)},
        .action = {.word = bytes_of_text(item->action)},
    };
    for (size_t i = 0; i < node_count; i++) {
        spec_survey_node(&survey, item, &nodes[i]);
    }
    return survey;
}

static void spec_survey_report(const struct spec_survey *survey, const struct plan_item *item,
                               size_t node_count, struct problems *problems)
{
    char where[160];
    struct suggest none = {.word = survey->backend.word};
    if (survey->with_backend == 0) {
        spec_target_problem(item, "backend", "unknown backend", "", survey->backend, problems);
    } else if (survey->with_backend < node_count) {
        (void)snprintf(where, sizeof where, " is not there on %zu of %zu targeted nodes (%s ...)",
                       node_count - survey->with_backend, node_count, survey->without_backend);
        spec_target_problem(item, "backend", "backend", where, none, problems);
    } else if (survey->with_action == 0) {
        (void)snprintf(where, sizeof where, " of %.64s", item->backend);
        spec_target_problem(item, "action", "unknown action", where, survey->action, problems);
    } else {
        (void)snprintf(where, sizeof where, " is not there on %zu of %zu targeted nodes (%s ...)",
                       node_count - survey->with_action, node_count, survey->without_action);
        none.word = survey->action.word;
        spec_target_problem(item, "action", "action", where, none, problems);
    }
}

/* Walks the message in the order of the plan's items. */
struct spec_settle {
    struct spec *spec;
    const struct spec_node *nodes;
    size_t node_count;
    struct problems *problems;
    uint32_t next_item;
    const struct plan_item *surveyed; /* most steps are like the one before */
    struct spec_survey survey;
};

static void spec_settle_leaf(struct spec_settle *settle, Baton__V1__Task *task,
                             struct plan_item *item)
{
    if (settle->surveyed == NULL || strcmp(settle->surveyed->backend, item->backend) != 0 ||
        strcmp(settle->surveyed->action, item->action) != 0) {
        settle->survey = spec_survey_of(item, settle->nodes, settle->node_count);
        settle->surveyed = item;
    }
    if (settle->survey.with_action < settle->node_count) {
        spec_survey_report(&settle->survey, item, settle->node_count, settle->problems);
    } else if (task->idempotent_choice_case == BATON__V1__TASK__IDEMPOTENT_CHOICE__NOT_SET) {
        task->idempotent_choice_case = BATON__V1__TASK__IDEMPOTENT_CHOICE_IDEMPOTENT;
        task->idempotent = settle->survey.idempotent && settle->node_count > 0;
        item->idempotent = task->idempotent;
    }
}

static void spec_settle_tasks(struct spec_settle *settle, size_t count, Baton__V1__Task **tasks)
{
    for (size_t i = 0; i < count && problems_open(settle->problems); i++) {
        CHECK(settle->next_item < settle->spec->plan->item_count);
        struct plan_item *item = &settle->spec->plan->items[settle->next_item++];
        CHECK(item->leaf == (tasks[i]->n_tasks == 0));
        if (item->leaf) {
            spec_settle_leaf(settle, tasks[i], item);
        } else {
            spec_settle_tasks(settle, tasks[i]->n_tasks, tasks[i]->tasks);
        }
    }
}

enum status spec_check_targets(struct spec *spec, const struct spec_node *nodes, size_t node_count,
                               struct problems *problems)
{
    uint32_t before = problems->count;
    struct spec_settle settle = {
        .spec = spec, .nodes = nodes, .node_count = node_count, .problems = problems};
    spec_settle_tasks(&settle, spec->message->n_tasks, spec->message->tasks);
    return problems->count == before ? STATUS_OK : STATUS_MALFORMED;
}
