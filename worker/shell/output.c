#include "shell/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "output.pb-c.h"
#include "runner/spool.h"
#include "shell/workdir.h"
#include "wire/subject.h"

enum slot_state { SLOT_FREE, SLOT_WAITING, SLOT_STORING };

/* A chunk on its way: where it stands in the spool, so that it can be read again. */
struct slot {
    struct output *output;
    enum slot_state state;
    uint64_t index;
    uint64_t begin; /* of its first frame in the spool */
    uint64_t end;   /* behind its last one */
};

struct output {
    struct output_options options;
    struct name node;
    char claim[9]; /* its first eight characters tell two lives apart */
    char path[WORKDIR_PATH_MAX];
    struct subject subject;
    struct bus *bus;
    int fd; /* -1 until the runner has made the spool */
    uv_timer_t *timer;
    struct slot slots[OUTPUT_WINDOW];
    unsigned used;     /* slots that are not free */
    uint64_t position; /* in the spool: everything before it is in a slot or stored */
    uint64_t next_index;
    uint64_t stored;
    bool damaged; /* no frame where one must be: the rest can't be read */
    bool finishing;
    bool flushed;
    unsigned references; /* the owner, the timer and every store under way */
};

static void output_pump(struct output *output);

static void output_unref(struct output *output)
{
    CHECK(output->references > 0);
    if (--output->references > 0)
        return;
    if (output->fd >= 0)
        (void)close(output->fd);
    free(output);
}

static void output_timer_closed(uv_handle_t *handle)
{
    struct output *output = handle->data;
    free(handle);
    output_unref(output);
}

/* --- the spool ------------------------------------------------------------------------------- */

static bool output_read(struct output *output, uint64_t at, void *ret_bytes, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t got = pread(output->fd, (char *)ret_bytes + done, len - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

static bool output_open(struct output *output)
{
    if (output->fd < 0)
        output->fd = open(output->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return output->fd >= 0;
}

/* A chunk is as many frames of one kind as stand together and fit into a message. */
struct gathered {
    struct spool_frame first;
    uint64_t end;
    size_t len;
    uint8_t data[SPOOL_DATA_MAX];
};

static bool output_gather(struct output *output, uint64_t begin, uint64_t limit,
                          struct gathered *gathered)
{
    gathered->len = 0;
    gathered->end = begin;
    while (gathered->end < limit) {
        uint8_t header[SPOOL_HEADER_BYTES];
        struct spool_frame frame;
        if (!output_read(output, gathered->end, header, sizeof header))
            break;
        if (spool_decode(header, &frame) != STATUS_OK) {
            output->damaged = true;
            break;
        }
        bool same = gathered->len == 0 || frame.kind == gathered->first.kind;
        bool fits = gathered->len == 0 || gathered->len + frame.len <= SPOOL_DATA_MAX;
        if (!same || !fits ||
            !output_read(output, gathered->end + sizeof header, gathered->data + gathered->len,
                         frame.len))
            break;
        if (gathered->len == 0)
            gathered->first = frame;
        gathered->len += frame.len;
        gathered->end += sizeof header + frame.len;
    }
    return gathered->len > 0;
}

/* --- the bus --------------------------------------------------------------------------------- */

static void output_timer_fired(uv_timer_t *timer)
{
    output_pump(timer->data);
}

static void output_maybe_flushed(struct output *output)
{
    if (output->flushed || !output->finishing || output->used > 0)
        return;
    output->flushed = true;
    output->options.flushed(output->options.ctx, output->stored);
}

static void output_stored(void *ctx, const struct bus_answer *answer)
{
    struct slot *slot = ctx;
    struct output *output = slot->output;
    if (slot->state == SLOT_STORING) {
        if (answer->outcome == BUS_OK) {
            slot->state = SLOT_FREE;
            output->used--;
            output->stored++;
            output_pump(output);
        } else {
            slot->state = SLOT_WAITING;
            if (answer->outcome != BUS_LOST && output->timer != NULL) {
                output->options.trouble(output->options.ctx, answer);
                CHECK(uv_timer_start(output->timer, output_timer_fired, OUTPUT_RETRY_MS, 0) == 0);
            }
        }
    }
    output_unref(output);
}

static void output_send(struct output *output, struct slot *slot, const struct gathered *gathered)
{
    Baton__V1__OutputChunk chunk = BATON__V1__OUTPUT_CHUNK__INIT;
    chunk.version = 1;
    chunk.job = output->options.key.job.text;
    chunk.node = output->node.text;
    chunk.step = output->options.key.step;
    chunk.attempt = output->options.key.attempt;
    chunk.index = slot->index;
    chunk.kind = gathered->first.kind == SPOOL_STDOUT ? BATON__V1__OUTPUT_KIND__OUTPUT_STDOUT
                                                      : BATON__V1__OUTPUT_KIND__OUTPUT_STDERR;
    chunk.offset = gathered->first.offset;
    chunk.data = (ProtobufCBinaryData){gathered->len, (uint8_t *)(uintptr_t)gathered->data};
    chunk.at_ms = gathered->first.at_ms;
    size_t len = baton__v1__output_chunk__get_packed_size(&chunk);
    AUTO_HEAP uint8_t *packed = malloc(len);
    CHECK(packed != NULL);
    (void)baton__v1__output_chunk__pack(&chunk, packed);
    /* The server drops the second of two with one id: a chunk stored again is no second chunk. */
    char id[2 * NAME_MAX_BYTES + 64];
    (void)snprintf(id, sizeof id, "%s.%s.%u.%u.%s.%llu", chunk.job, chunk.node, chunk.step,
                   chunk.attempt, output->claim, (unsigned long long)slot->index);
    struct bus_store store = {
        .subject = output->subject.text, .body = bytes_of(packed, len), .msg_id = id};
    slot->state = SLOT_STORING;
    output->references++;
    bus_store(output->bus, &store, output_stored, slot);
}

static struct slot *output_free_slot(struct output *output)
{
    for (unsigned i = 0; i < OUTPUT_WINDOW; i++) {
        if (output->slots[i].state == SLOT_FREE)
            return &output->slots[i];
    }
    return NULL;
}

static void output_pump_again(struct output *output, struct gathered *gathered)
{
    for (unsigned i = 0; i < OUTPUT_WINDOW; i++) {
        struct slot *slot = &output->slots[i];
        if (slot->state != SLOT_WAITING)
            continue;
        bool read = output_gather(output, slot->begin, slot->end, gathered);
        CHECK(IMPLIES(read, gathered->end == slot->end));
        if (read) {
            output_send(output, slot, gathered);
        } else {
            /* The file went away under us: this chunk can't be told any more. */
            slot->state = SLOT_FREE;
            output->used--;
        }
    }
}

static void output_pump(struct output *output)
{
    if (output->bus == NULL || !output_open(output)) {
        if (output->bus != NULL)
            output_maybe_flushed(output); /* nothing was ever written */
        return;
    }
    struct gathered gathered;
    output_pump_again(output, &gathered);
    struct slot *slot = NULL;
    while (!output->damaged && (slot = output_free_slot(output)) != NULL &&
           output_gather(output, output->position, UINT64_MAX, &gathered)) {
        slot->output = output;
        slot->index = output->next_index++;
        slot->begin = output->position;
        slot->end = output->position = gathered.end;
        output->used++;
        output_send(output, slot, &gathered);
    }
    output_maybe_flushed(output);
}

struct output *output_new(const struct output_options *options)
{
    struct output *output = calloc(1, sizeof *output);
    uv_timer_t *timer = calloc(1, sizeof *timer);
    int len = -1;
    if (output != NULL)
        len = snprintf(output->path, sizeof output->path, "%s/spool", options->directory);
    if (output == NULL || timer == NULL || len < 0 || (size_t)len >= sizeof output->path) {
        free(output);
        free(timer);
        return NULL;
    }
    output->options = *options;
    output->fd = -1;
    CHECK(name_set(&output->node, bytes_of_text(options->node)));
    (void)snprintf(output->claim, sizeof output->claim, "%.8s", options->claim);
    output->subject = subject_output(options->cell, options->key.job.text, options->node);
    CHECK(uv_timer_init(options->loop, timer) == 0);
    timer->data = output;
    output->timer = timer;
    output->references = 2;
    return output;
}

void output_session(struct output *output, struct bus *bus)
{
    output->bus = bus;
    if (bus != NULL)
        output_pump(output);
}

void output_grown(struct output *output)
{
    output_pump(output);
}

void output_finish(struct output *output)
{
    output->finishing = true;
    /* In the loop's next turn: the owner is still busy asking. */
    CHECK(uv_timer_start(output->timer, output_timer_fired, 0, 0) == 0);
}

void output_free(struct output *output)
{
    if (output == NULL)
        return;
    for (unsigned i = 0; i < OUTPUT_WINDOW; i++)
        output->slots[i].state = SLOT_FREE;
    output->bus = NULL;
    output->flushed = true; /* nobody is listening any more */
    uv_close((uv_handle_t *)output->timer, output_timer_closed);
    output->timer = NULL;
    output_unref(output);
}
