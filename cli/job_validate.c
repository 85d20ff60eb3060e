/* job_validate.c - baton job validate: check a spec without any bus. */
#include "base/cleanup.h"
#include "spec/spec.h"
#include "submit.h"
#include "verbs.h"

static int job_validate_say(const struct cli *cli, const struct problems *problems,
                            const char *file)
{
    AUTO(buffer_done) struct buffer text = {0};
    if (problems_print(problems, file, &text) != STATUS_OK)
        return cli_fail(cli, EXIT_ERROR, "out of memory");
    fprintf(cli->err, "%s\n", buffer_text(&text));
    if (cli->format != OUT_TABLE && cli->format != OUT_NAME) {
        json_auto_t *value = json_pack("{s:s,s:b,s:[]}", "file", file, "valid", 0, "problems");
        for (uint32_t i = 0; i < problems->count; i++) {
            const struct problem *problem = &problems->items[i];
            (void)json_array_append_new(json_object_get(value, "problems"),
                                        json_pack("{s:i,s:i,s:s}", "line", (int)problem->mark.line,
                                                  "column", (int)problem->mark.column, "message",
                                                  problem->text));
        }
        out_value(cli->out, cli->format, value, NULL, "file");
    }
    return EXIT_USAGE;
}

int job_validate_main(struct cli *cli)
{
    int code = cli_parse(cli, NULL, 0, 1, 1);
    if (code != CLI_GO)
        return code;
    AUTO(submit_done) struct submit submit = {.file = NULL};
    struct problems problems = {.count = 0};
    AUTO_PTR(spec_free) struct spec *spec = NULL;
    code = submit_read(&submit, cli, cli->words[0]);
    if (code != CLI_GO)
        return code;
    enum status status = spec_parse(buffer_bytes(&submit.spec), &spec, &problems);
    if (status == STATUS_OK)
        status = spec_check_catalogue(spec, &problems);
    if (status == STATUS_NOMEM)
        return cli_fail(cli, EXIT_ERROR, "out of memory");
    if (status != STATUS_OK)
        return job_validate_say(cli, &problems, submit.file);
    unsigned steps = spec->plan->step_count;
    if (cli->format == OUT_TABLE) {
        fprintf(cli->out, "%s: valid, %u step%s\n", submit.file, steps, steps == 1 ? "" : "s");
        return EXIT_DONE;
    }
    json_auto_t *value = json_pack("{s:s,s:b,s:i,s:[]}", "file", submit.file, "valid", 1, "steps",
                                   (int)steps, "problems");
    out_value(cli->out, cli->format, value, NULL, "file");
    return EXIT_DONE;
}
