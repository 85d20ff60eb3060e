/* The work-queue stream of orders, and each worker's consumer: one order at a time. */
#include <stdlib.h>

#include "base/check.h"
#include "simbus_parts.h"

enum { QUEUE_ACK_WAIT_MS = 30000 };

static void queue_serve(struct simbus *bus, uint32_t node);

static void queue_expired(struct world *world, const struct occasion *occasion, bool gone)
{
    uint32_t node = (uint32_t)occasion->a;
    struct simbus_queue *queue = &world->bus->queues[node];
    if (gone || queue->pending != occasion->b)
        return;
    if (world->now < queue->deadline) {
        world_after(world, queue->deadline - world->now, occasion);
        return;
    }
    queue->pending = 0;
    queue_serve(world->bus, node);
}

static struct stored *queue_find(const struct simbus_queue *queue, uint64_t seq, size_t *ret_at)
{
    for (size_t i = 0; i < queue->count; i++) {
        if (queue->items[i]->seq == seq) {
            *ret_at = i;
            return queue->items[i];
        }
    }
    return NULL;
}

static void queue_delivered(struct world *world, const struct occasion *occasion, bool gone)
{
    struct party *party = occasion->party;
    const struct simbus_queue *queue = &world->bus->queues[party->index];
    size_t at;
    if (gone || party->session != queue->puller || !party->connected || party->cut_in)
        return;
    const struct stored *order = queue_find(queue, occasion->a, &at);
    if (order != NULL)
        world->bus->hooks.order(party, order);
}

static void queue_try(struct world *world, const struct occasion *occasion, bool gone)
{
    if (!gone)
        queue_serve(world->bus, (uint32_t)occasion->a);
}

static void queue_serve(struct simbus *bus, uint32_t node)
{
    struct world *world = bus->world;
    struct simbus_queue *queue = &bus->queues[node];
    struct party *party = bus->workers[node];
    if (!bus->up || queue->pending != 0 || queue->count == 0 || !party->connected ||
        queue->puller != party->session)
        return;
    if (world->now < queue->not_before) {
        world_after(world, queue->not_before - world->now,
                    &(struct occasion){.occur = queue_try, .a = node});
        return;
    }
    queue->pending = queue->items[0]->seq;
    queue->deadline = world->now + QUEUE_ACK_WAIT_MS * WORLD_MS;
    world_after(world, QUEUE_ACK_WAIT_MS * WORLD_MS,
                &(struct occasion){.occur = queue_expired, .a = node, .b = queue->pending});
    if (chance_permille(&world->chance, bus->faults.lost)) {
        world->faults[FAULT_LOST]++;
        return;
    }
    world_after(world, chance_between(&world->chance, 50, 800) * 1000,
                &(struct occasion){.party = party, .occur = queue_delivered, .a = queue->pending});
}

static void queue_insert(struct simbus_queue *queue, struct stored *order)
{
    if (queue->count == queue->capacity) {
        queue->capacity = queue->capacity == 0 ? 8 : queue->capacity * 2;
        queue->items = realloc(queue->items, queue->capacity * sizeof(struct stored *));
        CHECK(queue->items != NULL);
    }
    size_t at = queue->count++;
    for (; at > 0 && queue->items[at - 1]->seq > order->seq; at--)
        queue->items[at] = queue->items[at - 1];
    queue->items[at] = order;
}

void simbus_queue_add(struct simbus *bus, struct stored *take_order)
{
    queue_insert(&bus->queues[take_order->node], take_order);
    queue_serve(bus, take_order->node);
}

void simbus_pull(struct simbus *bus, struct party *party, bool anew)
{
    struct simbus_queue *queue = &bus->queues[party->index];
    queue->puller = party->session;
    if (anew)
        queue->pending = 0;
    queue_serve(bus, party->index);
}

static void queue_ack(struct simbus_queue *queue, size_t at)
{
    struct stored *order = queue->items[at];
    memmove(&queue->items[at], &queue->items[at + 1],
            (queue->count - at - 1) * sizeof(struct stored *));
    queue->count--;
    if (queue->acked_count == QUEUE_ACKED_MAX) {
        free(queue->acked[0]);
        memmove(&queue->acked[0], &queue->acked[1],
                (QUEUE_ACKED_MAX - 1) * sizeof(struct stored *));
        queue->acked_count--;
    }
    queue->acked[queue->acked_count++] = order;
}

struct queue_verdict {
    uint32_t node;
    uint64_t seq;
    enum simbus_verb verb;
    uint64_t delay_ns;
};

static void queue_settled(struct world *world, const struct occasion *occasion, bool gone)
{
    struct queue_verdict *verdict = occasion->ctx;
    struct simbus *bus = world->bus;
    struct simbus_queue *queue = &bus->queues[verdict->node];
    size_t at;
    if (!gone && bus->up && queue_find(queue, verdict->seq, &at) != NULL) {
        if (verdict->verb == SIMBUS_WORKING) {
            if (queue->pending == verdict->seq)
                queue->deadline = world->now + QUEUE_ACK_WAIT_MS * WORLD_MS;
        } else {
            if (queue->pending == verdict->seq)
                queue->pending = 0;
            if (verdict->verb == SIMBUS_ACK)
                queue_ack(queue, at);
            else
                queue->not_before = world->now + verdict->delay_ns;
            queue_serve(bus, verdict->node);
        }
    }
    free(verdict);
}

void simbus_settle(struct simbus *bus, struct party *party, uint64_t order_seq,
                   enum simbus_verb verb, uint64_t delay_ns)
{
    struct world *world = bus->world;
    if (!party->connected || party->cut_out)
        return;
    if (chance_permille(&world->chance, bus->faults.lost)) {
        world->faults[FAULT_LOST]++;
        return;
    }
    struct queue_verdict *verdict = calloc(1, sizeof *verdict);
    CHECK(verdict != NULL);
    *verdict = (struct queue_verdict){party->index, order_seq, verb, delay_ns};
    world_after(world, chance_between(&world->chance, 50, 800) * 1000,
                &(struct occasion){.occur = queue_settled, .ctx = verdict});
}

/* The server has died: consumers in its memory are gone, and some acks with them. */
void simbus_queues_forget(struct simbus *bus, bool acks_too)
{
    for (uint32_t node = 0; node < bus->nodes; node++) {
        struct simbus_queue *queue = &bus->queues[node];
        queue->pending = 0;
        queue->not_before = 0;
        uint32_t kept = 0;
        for (uint32_t i = 0; i < queue->acked_count; i++) {
            if (acks_too && chance_permille(&bus->world->chance, 500)) {
                bus->world->faults[FAULT_ACK_FORGOTTEN]++;
                queue_insert(queue, queue->acked[i]);
            } else {
                queue->acked[kept++] = queue->acked[i];
            }
        }
        queue->acked_count = kept;
    }
}

void simbus_queues_done(struct simbus *bus)
{
    for (uint32_t node = 0; node < bus->nodes; node++) {
        struct simbus_queue *queue = &bus->queues[node];
        for (size_t i = 0; i < queue->count; i++)
            free(queue->items[i]);
        for (uint32_t i = 0; i < queue->acked_count; i++)
            free(queue->acked[i]);
        free(queue->items);
    }
    free(bus->queues);
}
