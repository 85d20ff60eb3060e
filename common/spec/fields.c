/* fields.c - see fields.h. */
#include "spec/fields.h"

#include "base/check.h"
#include "spec.pb-c.h"

#define SPEC &baton__v1__spec__descriptor
#define TARGET &baton__v1__target__descriptor
#define TASK &baton__v1__task__descriptor
#define RETRY &baton__v1__retry__descriptor

/* In the order of the messages: the documentation shows them so. */
static const struct field_rule FIELD_RULES[] = {
    {SPEC, "name", .doc = "What the job is called, for people. At most 128 bytes on one line."},
    {SPEC, "target", .required = true, .doc = "The nodes the job runs on."},
    {SPEC, "strategy", .preset = "fail-fast",
     .doc = "What a failed step ends: the whole job (`fail-fast`), or the job on that node alone "
            "(`continue`)."},
    {SPEC, "timeout", .doc = "The longest the whole job may take. Unset: no limit."},
    {SPEC, "tasks", .required = true,
     .doc = "The phases, in order: every node ends a phase before any begins the next, unless "
            "`sync` says otherwise."},
    {TARGET, "scope", .required = true,
     .doc = "`all` nodes, those of some `group`s, or some `node`s by name."},
    {TARGET, "value", .one_or_many = true,
     .doc = "Names of the groups or nodes, one or a list; required with them, and not allowed with "
            "`all`."},
    {TASK, "name", .doc = "What it is called, for people. At most 128 bytes on one line."},
    {TASK, "backend", .doc = "Step: who does it, such as `ping`, `test` or `exec`."},
    {TASK, "action", .doc = "Step: what to do; one of the backend's actions."},
    {TASK, "params", .preset = "{}", .doc = "Step: the action's parameters."},
    {TASK, "timeout", .preset = "5m",
     .doc = "Step: the longest one attempt may take; more than 0."},
    {TASK, "idle_timeout",
     .doc =
         "Step: the longest an attempt may go without any output; more than 0. Unset: no limit."},
    {TASK, "max_retries", .maximum = 1000, .preset = "0",
     .doc = "Step: further attempts after a failed one, 1 s, 2 s, 4 s ... apart, at most 30 s; "
            "instead of `retry`."},
    {TASK, "retry", .doc = "Step: further attempts, with all the knobs; instead of `max_retries`."},
    {TASK, "idempotent", .preset = "what the action declares",
     .doc = "Step: whether it is safe to run again when nobody knows how far it came."},
    {TASK, "condition", .preset = "unless the job has stopped",
     .doc = "When it runs: `always`, `on_success` or `on_failure`."},
    {TASK, "sync", .preset = "all in the outermost tasks, none further inside",
     .doc = "Who waits for whom between this item and the next one: `all` nodes for all, each for "
            "those it shares a `group` with, or `none`."},
    {TASK, "tasks", .doc = "Pipeline: its steps and pipelines, which each node goes through."},
    {TASK, "run_once", .preset = "false",
     .doc = "Whether one node is enough: the first that can runs it, the others wait behind it."},
    {TASK, "serial", .one_or_many = true, .share = true, .minimum = 1, .maximum = 20000,
     .preset = "all at once",
     .doc = "Phase: nodes go in waves of this size, each when the one before is through; a list "
            "gives the first ones, its last size all others."},
    {TASK, "max_fail", .share = true, .maximum = 20000, .preset = "what `strategy` says",
     .doc = "Phase: how many nodes may fail in it; one more stops the job."},
    {RETRY, "max", .required = true, .maximum = 1000, .doc = "Further attempts after the first."},
    {RETRY, "initial", .preset = "1s", .doc = "Delay before the first of them."},
    {RETRY, "factor", .minimum = 1, .maximum = 1000, .preset = "2",
     .doc = "Each further delay is so many times the one before."},
    {RETRY, "cap", .preset = "30s", .doc = "No delay is longer; more than 0."},
    {RETRY, "jitter", .minimum = 0, .maximum = 1, .preset = "0",
     .doc = "How much chance changes a delay: 0.2 stands for 20 % up or down."},
    {RETRY, "on", .numbers = true, .preset = "any end that can be retried",
     .doc = "Only after these ends: outcome codes such as `TIMEOUT`, and exit codes as numbers."},
};

static const struct reserved_word RESERVED_WORDS[] = {
    {SPEC, NULL, "priority", "priorities are not supported by this version; leave the key out"},
    {NULL, &baton__v1__scope__descriptor, "pool",
     "pools are not supported by this version; use all, group or node"},
};

#undef SPEC
#undef TARGET
#undef TASK
#undef RETRY

const struct field_rule *field_rule_of(const ProtobufCMessageDescriptor *message, const char *field)
{
    for (size_t i = 0; i < sizeof FIELD_RULES / sizeof FIELD_RULES[0]; i++) {
        if (FIELD_RULES[i].message == message && strcmp(FIELD_RULES[i].field, field) == 0) {
            return &FIELD_RULES[i];
        }
    }
    UNREACHABLE();
}

const struct reserved_word *reserved_word_of(const ProtobufCMessageDescriptor *message,
                                             const ProtobufCEnumDescriptor *choice,
                                             struct bytes word)
{
    for (size_t i = 0; i < sizeof RESERVED_WORDS / sizeof RESERVED_WORDS[0]; i++) {
        const struct reserved_word *reserved = &RESERVED_WORDS[i];
        if (reserved->message == message && reserved->choice == choice &&
            bytes_equal(bytes_of_text(reserved->word), word)) {
            return reserved;
        }
    }
    return NULL;
}

bool enum_word(const ProtobufCEnumDescriptor *choice, unsigned index, char ret_word[ENUM_WORD_MAX])
{
    const ProtobufCEnumValue *value = &choice->values[index];
    /* Strategies are written with a hyphen, as in `fail-fast`; conditions are not. */
    char dash = choice == &baton__v1__strategy__descriptor ? '-' : '_';
    const char *word = value->name + strlen(choice->short_name) + 1;
    size_t len = strlen(word);
    CHECK(len < ENUM_WORD_MAX);
    for (size_t i = 0; i <= len; i++) {
        char c = word[i];
        ret_word[i] = c == '_' ? dash : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return value->value != 0;
}
