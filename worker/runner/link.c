#include "link.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "runner/clock.h"
#include "runner/frame.h"

static void link_close(struct link *link)
{
    if (link->fd >= 0)
        (void)close(link->fd);
    link->fd = -1;
}

void link_done(struct link *link)
{
    link_close(link);
    buffer_done(&link->in);
    buffer_done(&link->out);
}

static void link_read(struct link *link)
{
    uint8_t block[64 * 1024];
    while (link->fd >= 0) {
        ssize_t got = recv(link->fd, block, sizeof block, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        /* Out of memory for a command: as bad as a worker that is gone, and no worse. */
        if (got <= 0 || buffer_append(&link->in, bytes_of(block, (size_t)got)) != STATUS_OK)
            link_close(link);
    }
}

/* Drop the first `used` bytes received. */
static void link_drop(struct link *link, size_t used)
{
    memmove(link->in.data, link->in.data + used, link->in.len - used);
    link->in.len -= used;
}

Baton__V1__RunOrder *link_receive_order(struct link *link, int wait_ms, struct error *err)
{
    struct instant until = instant_add(clock_instant(), DURATION_MS(wait_ms));
    for (;;) {
        link_read(link);
        struct bytes message = {0};
        size_t used = 0;
        if (frame_take(buffer_bytes(&link->in), &message, &used) != STATUS_OK) {
            (void)ERROR(err, STATUS_MALFORMED, "the order is too long");
            return NULL;
        }
        if (used > 0) {
            Baton__V1__RunOrder *order =
                baton__v1__run_order__unpack(NULL, message.len, message.data);
            link_drop(link, used);
            if (order == NULL)
                (void)ERROR(err, STATUS_MALFORMED, "the order is not a RunOrder");
            return order;
        }
        struct instant now = clock_instant();
        if (link->fd < 0 || instant_reached(now, until)) {
            (void)ERROR(err, STATUS_TIMEOUT, "no order came");
            return NULL;
        }
        struct pollfd wait = {.fd = link->fd, .events = POLLIN};
        (void)poll(&wait, 1, (int)duration_to_ms(instant_since(until, now)) + 1);
    }
}

bool link_receive_kill(struct link *link, uint64_t *ret_grace_ms)
{
    bool found = false;
    link_read(link);
    for (;;) {
        struct bytes message = {0};
        size_t used = 0;
        if (frame_take(buffer_bytes(&link->in), &message, &used) != STATUS_OK) {
            link_close(link);
            return found;
        }
        if (used == 0)
            return found;
        Baton__V1__RunnerCommand *command =
            baton__v1__runner_command__unpack(NULL, message.len, message.data);
        if (command != NULL && command->kind_case == BATON__V1__RUNNER_COMMAND__KIND_KILL) {
            *ret_grace_ms = command->kill->grace_ms;
            found = true;
        }
        if (command != NULL)
            baton__v1__runner_command__free_unpacked(command, NULL);
        link_drop(link, used);
    }
}

void link_flush(struct link *link)
{
    size_t done = 0;
    while (link->fd >= 0 && done < link->out.len) {
        ssize_t sent = send(link->fd, link->out.data + done, link->out.len - done,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            break;
        if (sent < 0)
            link_close(link);
        else
            done += (size_t)sent;
    }
    if (done > 0) {
        memmove(link->out.data, link->out.data + done, link->out.len - done);
        link->out.len -= done;
    }
}

static void link_tell(struct link *link, const Baton__V1__RunnerNotice *notice)
{
    if (link->fd < 0)
        return;
    size_t len = baton__v1__runner_notice__get_packed_size(notice);
    AUTO_HEAP uint8_t *packed = malloc(len > 0 ? len : 1);
    if (packed == NULL)
        return;
    (void)baton__v1__runner_notice__pack(notice, packed);
    if (frame_put(&link->out, bytes_of(packed, len)) == STATUS_OK)
        link_flush(link);
}

void link_tell_spool(struct link *link, uint64_t bytes)
{
    if (link->out.len > 0)
        return;
    Baton__V1__SpoolNotice spool = BATON__V1__SPOOL_NOTICE__INIT;
    spool.bytes = bytes;
    Baton__V1__RunnerNotice notice = BATON__V1__RUNNER_NOTICE__INIT;
    notice.kind_case = BATON__V1__RUNNER_NOTICE__KIND_SPOOL;
    notice.spool = &spool;
    link_tell(link, &notice);
}

void link_tell_exit(struct link *link, Baton__V1__Outcome *outcome, int wait_ms)
{
    Baton__V1__RunnerNotice notice = BATON__V1__RUNNER_NOTICE__INIT;
    notice.kind_case = BATON__V1__RUNNER_NOTICE__KIND_EXITED;
    notice.exited = outcome;
    link_tell(link, &notice);
    struct instant until = instant_add(clock_instant(), DURATION_MS(wait_ms));
    while (link->fd >= 0 && link->out.len > 0 && !instant_reached(clock_instant(), until)) {
        struct pollfd wait = {.fd = link->fd, .events = POLLOUT};
        (void)poll(&wait, 1, 100);
        link_flush(link);
    }
}
