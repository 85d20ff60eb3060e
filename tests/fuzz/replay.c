/* replay.c - runs a fuzz target over every file of the folders given, and over mutilated copies of
 * each: cut short, and with single bytes changed. Deterministic. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "fuzz.h"

enum { REPLAY_MUTILATIONS = 64 }; /* of each kind per file */

static void replay_close(FILE **file)
{
    if (*file != NULL)
        (void)fclose(*file);
}

static void replay_mutilate(struct buffer *bytes)
{
    size_t step = bytes->len / REPLAY_MUTILATIONS + 1;
    for (size_t len = 0; len < bytes->len; len += step)
        (void)LLVMFuzzerTestOneInput((const uint8_t *)bytes->data, len);
    static const char CHANGES[] = "\0[{:\"\xff";
    for (size_t at = 0; at < bytes->len; at += step) {
        char was = bytes->data[at];
        bytes->data[at] = CHANGES[at % (sizeof CHANGES - 1)];
        (void)LLVMFuzzerTestOneInput((const uint8_t *)bytes->data, bytes->len);
        bytes->data[at] = was;
    }
}

static void replay_file(const char *path)
{
    AUTO(replay_close) FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    AUTO(buffer_done) struct buffer bytes = {0};
    char part[4096];
    size_t got = 0;
    while ((got = fread(part, 1, sizeof part, file)) > 0)
        CHECK(buffer_append(&bytes, bytes_of(part, got)) == STATUS_OK);
    (void)LLVMFuzzerTestOneInput((const uint8_t *)bytes.data, bytes.len);
    replay_mutilate(&bytes);
}

static unsigned replay_folder(const char *folder)
{
    DIR *dir = opendir(folder);
    CHECK(dir != NULL);
    unsigned count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[1024];
        struct stat info;
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
            replay_file(path);
            count++;
        }
    }
    (void)closedir(dir);
    return count;
}

int main(int argc, char **argv)
{
    printf("1..%d\n", argc - 1);
    for (int i = 1; i < argc; i++) {
        unsigned count = replay_folder(argv[i]);
        printf("%sok %d - %u files of %s\n", count > 0 ? "" : "not ", i, count, argv[i]);
    }
    return 0;
}
