#include "shell/accept.h"

#include <sodium.h>

#include "base/check.h"
#include "base/cleanup.h"

enum {
    ACCEPT_RECORD_BYTES = 4096, /* headers and all other fields of a first record, generously */
    ACCEPT_TEXT_BYTES = 8,      /* around one text in it */
};

void accepted_done(struct accepted *accepted)
{
    plan_free(accepted->plan);
    buffer_done(&accepted->spec);
    buffer_done(&accepted->refusal);
    arena_done(&accepted->arena);
    *accepted = (struct accepted){0};
}

static enum accept_verdict accept_refuse(struct accepted *accepted, const struct problems *problems,
                                         const char *file)
{
    CHECK(problems_print(problems, file, &accepted->refusal) == STATUS_OK);
    return ACCEPT_INVALID;
}

static void accept_copy_expected(struct accepted *accepted, const struct roster_view *view,
                                 const bool *picked)
{
    accepted->expected =
        arena_take_array(&accepted->arena, view->count, sizeof *accepted->expected);
    CHECK(accepted->expected != NULL || view->count == 0);
    for (uint32_t i = 0; i < view->count; i++) {
        if (!picked[i])
            continue;
        const struct target_node *node = &view->targets[i];
        const char **groups = arena_take_array(&accepted->arena, node->group_count, sizeof *groups);
        CHECK(groups != NULL);
        for (uint32_t g = 0; g < node->group_count; g++)
            groups[g] = arena_text(&accepted->arena, bytes_of_text(node->groups[g]));
        accepted->expected[accepted->expected_count++] = (struct expected_node){
            .name = arena_text(&accepted->arena, bytes_of_text(node->name)),
            .groups = groups,
            .group_count = node->group_count,
        };
    }
}

static enum accept_verdict accept_targets(const struct roster *roster, struct spec *spec,
                                          const char *file, struct problems *problems,
                                          struct accepted *accepted)
{
    AUTO(roster_view_done) struct roster_view view = {0};
    CHECK(roster_look(roster, &view) == STATUS_OK);
    bool *picked = arena_take_array(&view.arena, view.count, sizeof *picked);
    struct spec_node *nodes = arena_take_array(&view.arena, view.count, sizeof *nodes);
    CHECK(picked != NULL && nodes != NULL);
    struct error err;
    if (target_pick(spec->plan, view.targets, view.count, picked, &err) != STATUS_OK) {
        CHECK(buffer_print(&accepted->refusal, "%s", err.text) == STATUS_OK);
        return ACCEPT_NO_TARGET;
    }
    size_t count = 0;
    for (uint32_t i = 0; i < view.count; i++) {
        if (picked[i])
            nodes[count++] = view.offers[i];
    }
    if (spec_check_targets(spec, nodes, count, problems) != STATUS_OK)
        return accept_refuse(accepted, problems, file);
    accept_copy_expected(accepted, &view, picked);
    return ACCEPT_YES;
}

static void accept_pack(struct accepted *accepted, struct spec *spec)
{
    size_t size = baton__v1__spec__get_packed_size(spec->message);
    CHECK(buffer_reserve(&accepted->spec, size) == STATUS_OK);
    accepted->spec.len = baton__v1__spec__pack(spec->message, (uint8_t *)accepted->spec.data);
    accepted->plan = STEAL(spec->plan);
}

/* The first record holds the spec and every expected node with its groups. */
static enum accept_verdict accept_check_size(struct accepted *accepted, size_t payload_bytes_max)
{
    size_t bytes = accepted->spec.len + ACCEPT_RECORD_BYTES;
    for (uint32_t i = 0; i < accepted->expected_count; i++) {
        const struct expected_node *node = &accepted->expected[i];
        bytes += strlen(node->name) + ACCEPT_TEXT_BYTES;
        for (uint32_t g = 0; g < node->group_count; g++)
            bytes += strlen(node->groups[g]) + ACCEPT_TEXT_BYTES;
    }
    if (bytes <= payload_bytes_max)
        return ACCEPT_YES;
    CHECK(
        buffer_print(&accepted->refusal,
                     "the spec and the names of its %u nodes come to %zu bytes, more than the %zu "
                     "that the server takes in one message: shorten it, split the job, or raise "
                     "max_payload",
                     accepted->expected_count, bytes, payload_bytes_max) == STATUS_OK);
    return ACCEPT_INVALID;
}

enum accept_verdict accept_spec(const struct cell *cell, const struct roster *roster,
                                struct bytes text, const char *file, struct accepted *ret)
{
    *ret = (struct accepted){0};
    uint8_t digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, text.data, text.len);
    sodium_bin2hex(ret->sha256, sizeof ret->sha256, digest, sizeof digest);

    AUTO_HEAP struct problems *problems = calloc(1, sizeof *problems);
    CHECK(problems != NULL);
    AUTO_PTR(spec_free) struct spec *spec = NULL;
    if (spec_parse(text, &spec, problems) != STATUS_OK)
        return accept_refuse(ret, problems, file);
    enum accept_verdict verdict = accept_targets(roster, spec, file, problems, ret);
    if (verdict != ACCEPT_YES)
        return verdict;
    accept_pack(ret, spec);
    verdict = accept_check_size(ret, bus_payload_bytes_max(cell->bus));
    if (verdict != ACCEPT_YES) { /* a refusal comes without a plan */
        plan_free(STEAL(ret->plan));
        buffer_done(&ret->spec);
        ret->expected_count = 0;
    }
    return verdict;
}

/* 6 bytes where a job id has its time, 10 where it has its chance. */
static struct name accept_id(uint64_t unix_ms, bool has_time, const void *seed, size_t len)
{
    uint8_t digest[16];
    CHECK(crypto_generichash(digest, sizeof digest, seed, len, NULL, 0) == 0);
    for (int i = 0; !has_time && i < 6; i++)
        unix_ms = unix_ms << 8 | digest[10 + i];
    return name_job_id(unix_ms, digest);
}

struct name accept_id_of_key(const char *key)
{
    return accept_id(0, false, key, strlen(key));
}

struct name accept_id_of_message(const char *stream, uint64_t seq, int64_t stored_at_ms)
{
    char seed[256];
    int len = snprintf(seed, sizeof seed, "%s %llu %lld", stream, (unsigned long long)seq,
                       (long long)stored_at_ms);
    CHECK(len > 0 && (size_t)len < sizeof seed);
    return accept_id((uint64_t)stored_at_ms, true, seed, (size_t)len);
}
