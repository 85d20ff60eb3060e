/* relay.h - carries what a task writes from its pipes into the spool file. Shell. */
#ifndef BATON_RELAY_H
#define BATON_RELAY_H

#include "base/bytes.h"
#include "base/status.h"
#include "runner/capture.h"

/* One of the task's two output streams. */
struct stream {
    int fd; /* our end of the pipe, non-blocking; -1 when closed */
    uint8_t kind;
    struct capture capture;
};

struct relay {
    int spool_fd;
    uint64_t spool_bytes;
    bool spool_full; /* the file could not grow: later output only counts in the captures */
    struct stream streams[2];
};

enum { RELAY_SPOOL_BYTES_MAX = 1024 * 1024 * 1024 }; /* a runaway task must not fill the disk */

/** Open `<directory>/spool`. @return OK | IO. */
enum status relay_open(struct relay *relay, const char *directory, struct error *err) ATTR_MUST_USE;

/** Close what is open. */
void relay_done(struct relay *relay);

/**
 * Read at most `bytes_max` bytes from one stream, into spool and capture.
 * At the end of the stream, or when it breaks, its descriptor is closed.
 *
 * @return whether there may be more to read at once.
 */
bool relay_pump(struct relay *relay, struct stream *stream, size_t bytes_max);

#endif
