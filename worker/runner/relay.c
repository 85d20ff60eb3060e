#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "runner/clock.h"
#include "runner/spool.h"

enum status relay_open(struct relay *relay, const char *directory, struct error *err)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/spool", directory);
    if (len < 0 || (size_t)len >= sizeof path)
        return ERROR(err, STATUS_LIMIT, "the directory's name is too long");
    relay->spool_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (relay->spool_fd < 0)
        return ERROR(err, STATUS_IO, "open %.300s: %s", path, strerror(errno));
    return STATUS_OK;
}

static void relay_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

void relay_done(struct relay *relay)
{
    relay_close(&relay->spool_fd);
    relay_close(&relay->streams[0].fd);
    relay_close(&relay->streams[1].fd);
}

/* A frame is written whole or not at all: its reader would never find the next header. */
static void relay_spool(struct relay *relay, const struct stream *stream, struct bytes bytes)
{
    if (relay->spool_full)
        return;
    struct spool_frame frame = {
        .kind = stream->kind,
        .len = (uint32_t)bytes.len,
        .offset = stream->capture.total_bytes,
        .at_ms = clock_wall_ms(),
    };
    uint8_t header[SPOOL_HEADER_BYTES];
    spool_encode(&frame, header);
    struct iovec parts[2] = {{header, sizeof header}, {(void *)(uintptr_t)bytes.data, bytes.len}};
    ssize_t written = -1;
    if (relay->spool_bytes + sizeof header + bytes.len <= RELAY_SPOOL_BYTES_MAX) {
        do
            written = writev(relay->spool_fd, parts, 2);
        while (written < 0 && errno == EINTR);
    }
    if (written == (ssize_t)(sizeof header + bytes.len)) {
        relay->spool_bytes += (uint64_t)written;
        return;
    }
    relay->spool_full = true;
    if (ftruncate(relay->spool_fd, (off_t)relay->spool_bytes) != 0)
        (void)fprintf(stderr, "baton-runner: cutting the spool failed: %s\n", strerror(errno));
    (void)fprintf(stderr, "baton-runner: the spool is full at %llu bytes, output is cut\n",
                  (unsigned long long)relay->spool_bytes);
}

bool relay_pump(struct relay *relay, struct stream *stream, size_t bytes_max)
{
    uint8_t block[SPOOL_DATA_MAX];
    size_t done = 0;
    while (stream->fd >= 0 && done < bytes_max) {
        ssize_t got = read(stream->fd, block, sizeof block);
        if (got > 0) {
            struct bytes bytes = bytes_of(block, (size_t)got);
            relay_spool(relay, stream, bytes);
            capture_add(&stream->capture, bytes);
            done += (size_t)got;
        } else if (got < 0 && errno == EINTR) {
            continue;
        } else if (got < 0 && errno == EAGAIN) {
            return false;
        } else {
            relay_close(&stream->fd);
        }
    }
    return stream->fd >= 0;
}
