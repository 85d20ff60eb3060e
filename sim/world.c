#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "party.h"

const char *fault_text(enum fault_kind kind)
{
    static const char *const texts[FAULT_KIND_COUNT] = {
        [FAULT_LOST] = "message lost",
        [FAULT_ACK_LOST] = "ack lost",
        [FAULT_DELAYED] = "message delayed",
        [FAULT_DOUBLED] = "message doubled",
        [FAULT_CONTROLLER_DIED] = "controller died",
        [FAULT_CONTROLLER_PAUSED] = "controller paused",
        [FAULT_WORKER_DIED] = "worker died",
        [FAULT_WORKER_PAUSED] = "worker paused",
        [FAULT_CUT_OUT] = "cut off outwards",
        [FAULT_CUT_IN] = "cut off inwards",
        [FAULT_CUT_BOTH] = "cut off both ways",
        [FAULT_SESSION_LOST] = "session lost",
        [FAULT_SERVER_DIED] = "server died",
        [FAULT_ACK_FORGOTTEN] = "ack forgotten",
        [FAULT_AMNESIA] = "record forgotten",
        [FAULT_DISK_FULL] = "disk full",
        [FAULT_DISK_SLOW] = "disk slow",
        [FAULT_CLOCK_JUMPED] = "clock jumped",
        [FAULT_CANCELLED] = "job cancelled",
    };
    CHECK(kind < FAULT_KIND_COUNT);
    return texts[kind];
}

void world_init(struct world *world, uint64_t seed, struct world_line *lines)
{
    *world = (struct world){.seed = seed, .lines = lines, .chance = chance_of(seed)};
    crypto_hash_sha256_init(&world->hash);
}

static bool world_before(const struct occasion *a, const struct occasion *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void world_push(struct world *world, struct occasion occasion)
{
    if (world->count == world->capacity) {
        world->capacity = world->capacity == 0 ? 1024 : world->capacity * 2;
        world->heap = realloc(world->heap, world->capacity * sizeof *world->heap);
        CHECK(world->heap != NULL);
    }
    size_t at = world->count++;
    while (at > 0 && world_before(&occasion, &world->heap[(at - 1) / 2])) {
        world->heap[at] = world->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    world->heap[at] = occasion;
}

static struct occasion world_pop(struct world *world)
{
    struct occasion first = world->heap[0];
    struct occasion last = world->heap[--world->count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= world->count)
            break;
        if (child + 1 < world->count && world_before(&world->heap[child + 1], &world->heap[child]))
            child++;
        if (!world_before(&world->heap[child], &last))
            break;
        world->heap[at] = world->heap[child];
        at = child;
    }
    world->heap[at] = last;
    return first;
}

void world_done(struct world *world)
{
    while (world->count > 0) {
        struct occasion occasion = world_pop(world);
        occasion.occur(world, &occasion, true);
    }
    free(world->heap);
    world->heap = NULL;
}

void world_after(struct world *world, uint64_t delay_ns, const struct occasion *occasion)
{
    struct occasion added = *occasion;
    added.at = world->now + delay_ns;
    added.order = world->orders_given++;
    if (added.party != NULL)
        added.life = added.party->life;
    world_push(world, added);
}

bool world_step(struct world *world, uint64_t until)
{
    if (world->count == 0 || world->heap[0].at > until)
        return false;
    struct occasion occasion = world_pop(world);
    CHECK(occasion.at >= world->now);
    world->now = occasion.at;
    const struct party *party = occasion.party;
    bool gone = party != NULL && party->life != occasion.life;
    if (!gone && party != NULL && party->paused_until > world->now) {
        occasion.at = party->paused_until; /* it keeps its place in the order */
        world_push(world, occasion);
        return true;
    }
    world->occasions_had++;
    occasion.occur(world, &occasion, gone);
    return true;
}

void world_say(struct world *world, uint32_t job, const char *format, ...)
{
    struct world_line *line = &world->lines[world->line_count++ % WORLD_LINES_MAX];
    line->job = job;
    int head = snprintf(line->text, sizeof line->text, "[%llu.%06llu] ",
                        (unsigned long long)(world->now / WORLD_S),
                        (unsigned long long)(world->now % WORLD_S / 1000));
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line->text + head, sizeof line->text - (size_t)head, format, arguments);
    va_end(arguments);
    crypto_hash_sha256_update(&world->hash, (const unsigned char *)line->text,
                              strlen(line->text) + 1);
    if (world->loud)
        puts(line->text);
}

void world_violated(struct world *world, uint32_t job, const char *format, ...)
{
    if (world->violated)
        return;
    world->violated = true;
    world->violated_job = job;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(world->violation, sizeof world->violation, format, arguments);
    va_end(arguments);
    world_say(world, job, "VIOLATION: %s", world->violation);
}
