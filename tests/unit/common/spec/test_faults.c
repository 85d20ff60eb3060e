#include "spec_cases.h"

#include <jansson.h>

/* Linked with --wrap: the allocation `fail_at` (counted from 1) and all after it fail; none do
 * while it is 0. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static size_t taken;
static size_t fail_at;

static bool refuse(void)
{
    return fail_at != 0 && ++taken >= fail_at;
}

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return refuse() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return refuse() ? NULL : __real_realloc(memory, size);
}

/* Let the first, the second ... allocation fail, until the text passes untouched. */
static void sweep(const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/examples/%s", SPECS_DIR, name);
    AUTO(buffer_done) struct buffer text = {0};
    case_read(path, &text);
    enum status status = STATUS_NOMEM;
    size_t failures = 0;
    for (; status != STATUS_OK; failures++) {
        struct problems problems = {0};
        AUTO_PTR(spec_free) struct spec *spec = NULL;
        taken = 0;
        fail_at = failures + 1;
        status = spec_parse(buffer_bytes(&text), &spec, &problems);
        fail_at = 0;
        assert_true(status == STATUS_OK || status == STATUS_NOMEM);
        assert_int_equal(problems.count, 0);
        assert_int_equal(status == STATUS_OK, spec != NULL);
    }
    assert_true(failures > 3);
}

static void every_allocation_of_ours_that_fails_is_a_status(void **state)
{
    (void)state;
    sweep("hello.json");
    sweep("exec.yaml");
}

/* Not for JSON texts: there jansson takes some of its own failures for bad syntax. */
static void so_is_every_one_of_jansson_while_params_are_written(void **state)
{
    (void)state;
    json_set_alloc_funcs(__wrap_malloc, free);
    sweep("exec.yaml");
    sweep("pipeline-with-conditions.yaml");
    sweep("retry.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_ours_that_fails_is_a_status),
        cmocka_unit_test(so_is_every_one_of_jansson_while_params_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
