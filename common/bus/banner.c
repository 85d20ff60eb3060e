#include "bus/banner.h"

#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    BANNER_WAIT_S = 2,
    BANNER_LINE_MAX = 32 * 1024, /* an INFO line of a large cluster names every server */
    BANNER_HOST_MAX = 256,
};

static bool banner_split(const char *url, char host[BANNER_HOST_MAX], char port[8])
{
    const char *start = strstr(url, "://");
    start = start == NULL ? url : start + 3;
    const char *at = strrchr(start, '@');
    start = at == NULL ? start : at + 1;
    size_t len = strcspn(start, "/");
    const char *colon = memrchr(start, ':', len);
    if (*start == '[') {
        const char *close = memchr(start, ']', len);
        if (close == NULL)
            return false;
        colon = close[1] == ':' ? close + 1 : NULL;
        (void)snprintf(host, BANNER_HOST_MAX, "%.*s", (int)(close - start - 1), start + 1);
    } else {
        size_t host_len = colon == NULL ? len : (size_t)(colon - start);
        (void)snprintf(host, BANNER_HOST_MAX, "%.*s", (int)host_len, start);
    }
    size_t port_len = colon == NULL ? 0 : len - (size_t)(colon + 1 - start);
    (void)snprintf(port, 8, "%.*s", port_len == 0 ? 4 : (int)port_len,
                   port_len == 0 ? "4222" : colon + 1);
    return host[0] != '\0';
}

static int banner_connect(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    int fd = -1;
    for (struct addrinfo *one = found; one != NULL && fd < 0; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
        if (fd < 0)
            continue;
        struct timeval wait = {.tv_sec = BANNER_WAIT_S};
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
        if (connect(fd, one->ai_addr, one->ai_addrlen) != 0) {
            (void)close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

static size_t banner_line(int fd, char *line)
{
    size_t len = 0;
    while (len < BANNER_LINE_MAX && memchr(line, '\n', len) == NULL) {
        ssize_t got = recv(fd, line + len, BANNER_LINE_MAX - len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return 0;
        len += (size_t)got;
    }
    const char *end = memchr(line, '\n', len);
    return end == NULL ? 0 : (size_t)(end - line);
}

enum status banner_read(const char *url, struct banner *ret_banner, struct error *err)
{
    char host[BANNER_HOST_MAX];
    char port[8];
    *ret_banner = (struct banner){0};
    if (!banner_split(url, host, port))
        return ERROR(err, STATUS_MALFORMED, "%s: not a server's URL", url);
    int fd = banner_connect(host, port);
    if (fd < 0)
        return ERROR(err, STATUS_UNAVAILABLE, "%s: %s", url, strerror(errno));
    char line[BANNER_LINE_MAX];
    size_t len = banner_line(fd, line);
    (void)close(fd);
    if (len < 5 || memcmp(line, "INFO ", 5) != 0)
        return ERROR(err, STATUS_MALFORMED, "%s: no INFO line", url);
    json_t *info = json_loadb(line + 5, len - 5, 0, NULL);
    const char *version = json_string_value(json_object_get(info, "version"));
    if (version != NULL)
        (void)snprintf(ret_banner->version, sizeof(ret_banner->version), "%s", version);
    json_decref(info);
    return STATUS_OK;
}
