/* path.h - the way to a value inside a document, such as `tasks[1].tasks[0].timeout`. Pure. */
#ifndef BATON_PATH_H
#define BATON_PATH_H

#include "base/bytes.h"

enum { PATH_TEXT_MAX = 512 };

struct path {
    char text[PATH_TEXT_MAX]; /* a longer way is cut; it only serves messages */
    size_t len;
};

/** Step into a mapping. @return what path_back() needs. */
size_t path_enter_key(struct path *path, struct bytes key);

/** Step into a list. @return what path_back() needs. */
size_t path_enter_index(struct path *path, uint32_t index);

/** Step out again. */
void path_back(struct path *path, size_t len);

#endif
