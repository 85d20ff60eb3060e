/* Following the results and the KV values: in stream order, without gaps, sometimes late. */
#include <stdlib.h>

#include "base/check.h"
#include "simbus_parts.h"

enum { FOLLOW_FEEDS = 2, FOLLOW_LATE_MS = 7000 };

static const enum simbus_stream follow_streams[FOLLOW_FEEDS] = {STREAM_RESULTS, STREAM_KV};

static void follow_told(struct world *world, const struct occasion *occasion, bool gone);

static struct simbus_follower *follow_of(struct simbus *bus, const struct party *party)
{
    for (uint32_t i = 0; i < bus->follower_count; i++) {
        if (bus->followers[i].party == party)
            return &bus->followers[i];
    }
    return NULL;
}

static void follow_tell(struct simbus *bus, struct simbus_follower *follower)
{
    if (follower->due || follower->session != follower->party->session)
        return;
    follower->due = true;
    struct world *world = bus->world;
    uint64_t delay = chance_between(&world->chance, 50, 800) * 1000;
    /* A lost message of an ordered consumer is found missing, and all comes again. */
    if (follower->party->cut_in || chance_permille(&world->chance, bus->faults.lost)) {
        world->faults[FAULT_LOST]++;
        delay += chance_around(&world->chance, FOLLOW_LATE_MS * WORLD_MS);
    }
    world_after(
        world, delay,
        &(struct occasion){.party = follower->party, .occur = follow_told, .a = follower->session});
}

static bool follow_behind(const struct simbus *bus, const struct simbus_follower *follower)
{
    for (int f = 0; f < FOLLOW_FEEDS; f++) {
        const struct simbus_feed *feed = &bus->feeds[follow_streams[f]];
        if (follower->next[f] < feed->first + feed->count)
            return true;
    }
    return false;
}

static void follow_told(struct world *world, const struct occasion *occasion, bool gone)
{
    struct simbus *bus = world->bus;
    struct party *party = occasion->party;
    struct simbus_follower *follower = gone ? NULL : follow_of(bus, party);
    if (follower == NULL || follower->session != occasion->a || party->session != occasion->a)
        return;
    follower->due = false;
    if (!bus->up)
        return;
    for (int f = 0; f < FOLLOW_FEEDS && !party->cut_in; f++) {
        const struct simbus_feed *feed = &bus->feeds[follow_streams[f]];
        while (follower->next[f] < feed->first + feed->count) {
            const struct stored *stored = feed->items[follower->next[f]++ - feed->first];
            if (stored == NULL)
                continue;
            if (f == 0)
                bus->hooks.follow(party, stored);
            else
                bus->hooks.watch(party, stored);
        }
    }
    if (follow_behind(bus, follower))
        follow_tell(bus, follower);
}

/* Drop what nobody waits for any more. */
static void follow_trim(struct simbus *bus, int f)
{
    struct simbus_feed *feed = &bus->feeds[follow_streams[f]];
    size_t least = feed->first + feed->count;
    for (uint32_t i = 0; i < bus->follower_count; i++) {
        const struct simbus_follower *follower = &bus->followers[i];
        if (follower->session == follower->party->session && follower->next[f] < least)
            least = follower->next[f];
    }
    size_t gone = least - feed->first;
    if (gone == 0)
        return;
    memmove(feed->items, feed->items + gone, (feed->count - gone) * sizeof(struct stored *));
    feed->first += gone;
    feed->count -= gone;
}

void simbus_feed_add(struct simbus *bus, enum simbus_stream stream, struct stored *stored)
{
    int f = stream == STREAM_RESULTS ? 0 : 1;
    if (stream != follow_streams[f])
        return;
    struct simbus_feed *feed = &bus->feeds[stream];
    if (feed->count == feed->capacity)
        follow_trim(bus, f);
    if (feed->count * 2 >= feed->capacity) {
        feed->capacity = feed->capacity == 0 ? 1024 : feed->capacity * 2;
        feed->items = realloc(feed->items, feed->capacity * sizeof(struct stored *));
        CHECK(feed->items != NULL);
    }
    feed->items[feed->count++] = stored;
    for (uint32_t i = 0; i < bus->follower_count; i++)
        follow_tell(bus, &bus->followers[i]);
}

void simbus_feed_forget(struct simbus_feed *feed, uint32_t job)
{
    for (size_t i = 0; i < feed->count; i++) {
        if (feed->items[i] != NULL && feed->items[i]->job == job)
            feed->items[i] = NULL;
    }
}

void simbus_follow(struct simbus *bus, struct party *party)
{
    struct simbus_follower *follower = follow_of(bus, party);
    if (follower == NULL) {
        bus->followers = realloc(bus->followers, (bus->follower_count + 1) * sizeof *follower);
        CHECK(bus->followers != NULL);
        follower = &bus->followers[bus->follower_count++];
    }
    *follower = (struct simbus_follower){.party = party, .session = party->session};
    for (int f = 0; f < FOLLOW_FEEDS; f++)
        follower->next[f] =
            bus->feeds[follow_streams[f]].first + bus->feeds[follow_streams[f]].count;
    for (uint32_t job = 0; job < bus->job_count; job++) {
        const struct stored *value = simbus_last(bus, SUBJECT_KV, job, 0);
        if (value != NULL)
            bus->hooks.watch(party, value);
    }
}

void simbus_unfollow(struct simbus *bus, const struct party *party)
{
    struct simbus_follower *follower = follow_of(bus, party);
    if (follower != NULL)
        follower->session = 0;
}
