/* world.h - virtual time: what happens next, in which order, and the trace of it. Pure.
 *
 * A world belongs to one seed. Everything that happens is an occasion in one queue, ordered by time
 * and, where that is equal, by when it was asked for: nothing depends on the machine it runs on.
 */
#ifndef BATON_SIM_WORLD_H
#define BATON_SIM_WORLD_H

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/instant.h"
#include "chance.h"
#include "mutant.h"

enum {
    WORLD_LINES_MAX = 8192, /* of the trace that are kept, for a violation's report */
    WORLD_LINE_BYTES = 160,
    WORLD_FAULT_BYTES = 400,
};
#define WORLD_MS UINT64_C(1000000)
#define WORLD_S UINT64_C(1000000000)
#define WORLD_NO_JOB UINT32_MAX

struct world;
struct party;

/* Something that happens. One whose party died in the meantime is `gone`: it only releases what it
 * holds. */
struct occasion {
    uint64_t at;
    uint64_t order;
    struct party *party; /* whose doing it is; NULL: the server's or nobody's */
    uint64_t life;       /* of the party, when it was asked for */
    void (*occur)(struct world *world, const struct occasion *occasion, bool gone);
    void *ctx;
    uint64_t a, b;
};

struct world_line {
    uint32_t job;
    char text[WORLD_LINE_BYTES];
};

enum fault_kind {
    FAULT_LOST,
    FAULT_ACK_LOST,
    FAULT_DELAYED,
    FAULT_DOUBLED,
    FAULT_CONTROLLER_DIED,
    FAULT_CONTROLLER_PAUSED,
    FAULT_WORKER_DIED,
    FAULT_WORKER_PAUSED,
    FAULT_CUT_OUT,
    FAULT_CUT_IN,
    FAULT_CUT_BOTH,
    FAULT_SESSION_LOST,
    FAULT_SERVER_DIED,
    FAULT_ACK_FORGOTTEN,
    FAULT_AMNESIA,
    FAULT_DISK_FULL,
    FAULT_DISK_SLOW,
    FAULT_CLOCK_JUMPED,
    FAULT_CANCELLED,
    FAULT_KIND_COUNT
};
const char *fault_text(enum fault_kind kind);

struct world {
    uint64_t seed;
    uint64_t now;       /* ns since the world began */
    uint64_t healed_at; /* 0: not yet */
    uint64_t orders_given;
    uint64_t occasions_had;
    struct occasion *heap;
    size_t count, capacity;
    struct chance chance;
    enum mutant mutant;

    bool violated;
    uint32_t violated_job;
    char violation[WORLD_FAULT_BYTES];

    crypto_hash_sha256_state hash;
    struct world_line *lines; /* ring of WORLD_LINES_MAX */
    uint64_t line_count;
    bool loud; /* the trace goes to stdout as well */

    uint64_t faults[FAULT_KIND_COUNT];
    struct simbus *bus;
    struct jobs *jobs;
    struct cell *cell;
    struct oracle *oracle;
};

/** Begin. `lines` are the caller's. */
void world_init(struct world *world, uint64_t seed, struct world_line *lines);
void world_done(struct world *world);

/** Have something happen after a while. */
void world_after(struct world *world, uint64_t delay_ns, const struct occasion *occasion);

/** Let the next thing happen. @return false if there is none, or none up to `until`. */
bool world_step(struct world *world, uint64_t until);

/** Note something in the trace. @param job [in] WORLD_NO_JOB: of no job in particular. */
void world_say(struct world *world, uint32_t job, const char *format, ...) ATTR_PRINTF(3, 4);

/** Something that must never happen has. The first one counts. */
void world_violated(struct world *world, uint32_t job, const char *format, ...) ATTR_PRINTF(3, 4);

#endif
