#include "cli.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/name.h"
#include "spec/duration.h"
#include "spec/suggest.h"

enum { CLI_FLAGS_MAX = 32 };

/* All flags of one invocation. */
struct cli_flags {
    const struct flag *all[CLI_FLAGS_MAX];
    size_t count;
};

int cli_fail(const struct cli *cli, enum exit_code code, const char *format, ...)
{
    va_list args;
    fputs("baton: ", cli->err);
    va_start(args, format);
    (void)vfprintf(cli->err, format, args);
    va_end(args);
    fputc('\n', cli->err);
    return (int)code;
}

const char *cli_env(const struct cli *cli, const char *name)
{
    size_t len = strlen(name);
    for (char *const *entry = cli->environment; *entry != NULL; entry++) {
        if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
            return (*entry)[len + 1] == '\0' ? NULL : *entry + len + 1;
    }
    return NULL;
}

bool cli_colour(const struct cli *cli, FILE *file)
{
    int fd = fileno(file);
    return fd >= 0 && isatty(fd) == 1 && cli_env(cli, "NO_COLOR") == NULL;
}

static void cli_help_flag(FILE *out, const struct flag *flag)
{
    char left[96];
    char letter[8] = "    ";
    if (flag->letter != '\0')
        (void)snprintf(letter, sizeof letter, "-%c, ", flag->letter);
    (void)snprintf(left, sizeof left, "  %s--%s%s%s", letter, flag->name,
                   flag->value == NULL ? "" : " ", flag->value == NULL ? "" : flag->value);
    fprintf(out, "%-32s %s\n", left, flag->doc);
}

static void cli_help(const struct cli *cli, const struct flag *own, size_t own_count,
                     const struct flag *common, size_t common_count)
{
    const struct verb *verb = cli->verb;
    fprintf(cli->out, "%s\n\nusage: baton %s%s%s%s%s\n", verb->summary,
            verb->noun == NULL ? "" : verb->noun, verb->noun == NULL ? "" : " ", verb->name,
            verb->usage[0] == '\0' ? "" : " ", verb->usage);
    if (own_count > 0)
        fputs("\nflags:\n", cli->out);
    for (size_t i = 0; i < own_count; i++)
        cli_help_flag(cli->out, &own[i]);
    fputs("\nflags of every command:\n", cli->out);
    for (size_t i = 0; i < common_count; i++)
        cli_help_flag(cli->out, &common[i]);
}

static const struct flag *cli_find(const struct cli_flags *flags, const char *arg, size_t len)
{
    bool longer = len > 2 && arg[0] == '-' && arg[1] == '-';
    for (size_t i = 0; i < flags->count; i++) {
        const struct flag *flag = flags->all[i];
        if (longer && strlen(flag->name) == len - 2 && strncmp(flag->name, arg + 2, len - 2) == 0)
            return flag;
        if (!longer && len == 2 && flag->letter != '\0' && arg[1] == flag->letter)
            return flag;
    }
    return NULL;
}

static int cli_unknown(const struct cli *cli, const struct cli_flags *flags, const char *arg,
                       size_t len)
{
    struct suggest suggest = {.word = len > 2 ? bytes_of(arg + 2, len - 2) : bytes_of(NULL, 0)};
    for (size_t i = 0; i < flags->count && suggest.word.len > 0; i++)
        suggest_offer(&suggest, flags->all[i]->name);
    if (suggest.best != NULL)
        return cli_fail(cli, EXIT_USAGE, "%.*s: unknown flag; did you mean --%s", (int)len, arg,
                        suggest.best);
    return cli_fail(cli, EXIT_USAGE, "%.*s: unknown flag; see --help", (int)len, arg);
}

static int cli_store(const struct cli *cli, const struct flag *flag, const char *text)
{
    char *end;
    switch (flag->kind) {
    case FLAG_SET:
        if (text != NULL)
            return cli_fail(cli, EXIT_USAGE, "--%s takes no value", flag->name);
        *(bool *)flag->into = true;
        return CLI_GO;
    case FLAG_TEXT:
        *(const char **)flag->into = text;
        return CLI_GO;
    case FLAG_COUNT: {
        unsigned long count = strtoul(text, &end, 10);
        if (text[0] < '0' || text[0] > '9' || *end != '\0' || count > UINT32_MAX)
            return cli_fail(cli, EXIT_USAGE, "--%s: %s: expected a whole number", flag->name, text);
        *(uint32_t *)flag->into = (uint32_t)count;
        return CLI_GO;
    }
    case FLAG_DURATION:
        if (!duration_parse(bytes_of_text(text), flag->into))
            return cli_fail(cli, EXIT_USAGE, "--%s: %s: expected a duration such as 90s or 1h30m",
                            flag->name, text);
        return CLI_GO;
    }
    UNREACHABLE();
}

/* One argument that is not behind `--`; `i` moves on when it takes the next one along. */
static int cli_argument(struct cli *cli, const struct cli_flags *flags, int *i)
{
    const char *arg = cli->argv[*i];
    if (arg[0] != '-' || arg[1] == '\0') { /* a lone - is a file: stdin */
        if (cli->word_count == CLI_WORDS_MAX)
            return cli_fail(cli, EXIT_USAGE, "more than %d arguments", CLI_WORDS_MAX);
        cli->words[cli->word_count++] = arg;
        return CLI_GO;
    }
    const char *equals = strchr(arg, '=');
    size_t len = equals == NULL ? strlen(arg) : (size_t)(equals - arg);
    const struct flag *flag = cli_find(flags, arg, len);
    if (flag == NULL)
        return cli_unknown(cli, flags, arg, len);
    const char *text = equals == NULL ? NULL : equals + 1;
    if (text == NULL && flag->kind != FLAG_SET) {
        if (*i + 1 == cli->argc)
            return cli_fail(cli, EXIT_USAGE, "%s needs a value", arg);
        text = cli->argv[++*i];
    }
    return cli_store(cli, flag, text);
}

static int cli_settle(struct cli *cli, const char *format, const char *cell, uint32_t words_min,
                      uint32_t words_max)
{
    if (format != NULL && !out_format_parse(format, &cli->format))
        return cli_fail(cli, EXIT_USAGE, "-o %s: expected table, json, jsonl, yaml or name",
                        format);
    if (cell == NULL)
        cell = cli_env(cli, "BATON_CELL");
    cli->cell = cell == NULL ? "baton" : cell;
    if (!name_valid(bytes_of_text(cli->cell)))
        return cli_fail(cli, EXIT_USAGE, "--cell %s: not a name", cli->cell);
    if (cli->word_count < words_min)
        return cli_fail(cli, EXIT_USAGE, "too few arguments; usage: baton %s%s%s %s",
                        cli->verb->noun == NULL ? "" : cli->verb->noun,
                        cli->verb->noun == NULL ? "" : " ", cli->verb->name, cli->verb->usage);
    if (cli->word_count > words_max)
        return cli_fail(cli, EXIT_USAGE, "%s: unexpected argument", cli->words[words_max]);
    return CLI_GO;
}

int cli_parse(struct cli *cli, const struct flag *flags, size_t count, uint32_t words_min,
              uint32_t words_max)
{
    bool help = false;
    const char *format = NULL;
    const char *cell = NULL;
    struct connect_wish *wish = &cli->wish;
    const struct flag common[] = {
        {"output", 'o', FLAG_TEXT, &format, "FORMAT", "table, json, jsonl, yaml or name"},
        {"cell", '\0', FLAG_TEXT, &cell, "NAME", "the installation (default baton; BATON_CELL)"},
        {"server", 's', FLAG_TEXT, &wish->server, "URL", "NATS servers (NATS_URL)"},
        {"context", '\0', FLAG_TEXT, &wish->context, "NAME", "context of the nats CLI"},
        {"creds", '\0', FLAG_TEXT, &wish->creds, "FILE", "NATS credentials (NATS_CREDS)"},
        {"nkey", '\0', FLAG_TEXT, &wish->nkey, "FILE", "NKey seed (NATS_NKEY)"},
        {"tlsca", '\0', FLAG_TEXT, &wish->tlsca, "FILE", "TLS authorities (NATS_CA)"},
        {"tlscert", '\0', FLAG_TEXT, &wish->tlscert, "FILE", "TLS certificate (NATS_CERT)"},
        {"tlskey", '\0', FLAG_TEXT, &wish->tlskey, "FILE", "key of the certificate (NATS_KEY)"},
        {"help", 'h', FLAG_SET, &help, NULL, "this text"},
    };
    const size_t common_count = sizeof common / sizeof common[0];
    struct cli_flags all = {.count = 0};
    CHECK(count + common_count <= CLI_FLAGS_MAX);
    for (size_t i = 0; i < count; i++)
        all.all[all.count++] = &flags[i];
    for (size_t i = 0; i < common_count; i++)
        all.all[all.count++] = &common[i];
    for (int i = 0; i < cli->argc; i++) {
        if (strcmp(cli->argv[i], "--") == 0) {
            cli->rest = cli->argv + i + 1;
            break;
        }
        int code = cli_argument(cli, &all, &i);
        if (code != CLI_GO)
            return code;
    }
    if (help) {
        cli_help(cli, flags, count, common, common_count);
        return EXIT_DONE;
    }
    return cli_settle(cli, format, cell, words_min, words_max);
}
