/* path.c - see path.h. */
#include "spec/path.h"

#include <stdio.h>

#include "base/check.h"

enum { PATH_KEY_MAX = 64 }; /* one absurd key must not hide the rest */

static void path_append(struct path *path, const char *text, size_t len)
{
    size_t room = sizeof path->text - 1 - path->len;
    len = len < room ? len : room;
    memcpy(path->text + path->len, text, len);
    path->len += len;
    path->text[path->len] = '\0';
}

size_t path_enter_key(struct path *path, struct bytes key)
{
    size_t before = path->len;
    if (before > 0) {
        path_append(path, ".", 1);
    }
    size_t shown = key.len < PATH_KEY_MAX ? key.len : PATH_KEY_MAX;
    while (shown < key.len && shown > 0 && (key.data[shown] & 0xc0) == 0x80) {
        shown--;
    }
    for (size_t i = 0; i < shown; i++) {
        char c = key.data[i] < 0x20 || key.data[i] == 0x7f ? '?' : (char)key.data[i];
        path_append(path, &c, 1);
    }
    if (shown < key.len) {
        path_append(path, "...", 3);
    }
    return before;
}

size_t path_enter_index(struct path *path, uint32_t index)
{
    char text[16];
    size_t before = path->len;
    int len = snprintf(text, sizeof text, "[%u]", index);
    CHECK(len > 0);
    path_append(path, text, (size_t)len);
    return before;
}

void path_back(struct path *path, size_t len)
{
    CHECK(len <= path->len);
    path->len = len;
    path->text[len] = '\0';
}
