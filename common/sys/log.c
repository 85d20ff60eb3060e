#include "sys/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "sys/clock.h"

enum { LOG_TEXT_BYTES_MAX = 8 * 1024 }; /* one line stays below what log collectors cut at */

static const struct {
    const char *text;
    const char *label; /* for people, of one width */
    const char *colour;
} levels[] = {
    [LOG_DEBUG] = {"debug", "DEBUG", "\033[2m"},
    [LOG_INFO] = {"info", "INFO ", "\033[32m"},
    [LOG_WARN] = {"warn", "WARN ", "\033[33m"},
    [LOG_ERROR] = {"error", "ERROR", "\033[31m"},
};
_Static_assert(sizeof levels / sizeof levels[0] == LOG_LEVEL_COUNT, "a row for each level");

const char *log_level_text(enum log_level level)
{
    CHECK(level < LOG_LEVEL_COUNT);
    return levels[level].text;
}

bool log_level_parse(const char *text, enum log_level *ret_level)
{
    for (enum log_level level = LOG_DEBUG; level < LOG_LEVEL_COUNT; level++) {
        if (strcmp(levels[level].text, text) == 0) {
            *ret_level = level;
            return true;
        }
    }
    return false;
}

void log_init(struct log *log, int fd, enum log_level level)
{
    CHECK(level < LOG_LEVEL_COUNT);
    const char *no_colour = getenv("NO_COLOR");
    bool text = isatty(fd) == 1;
    *log = (struct log){
        .fd = fd,
        .level = level,
        .text = text,
        .colour = text && (no_colour == NULL || no_colour[0] == '\0'),
    };
}

/* The inside of a JSON string. Text for people is escaped alike: a log line is one line, and a
 * value from outside must not steer the terminal. */
static enum status log_escape(struct buffer *line, const char *text)
{
    size_t len = strnlen(text, LOG_TEXT_BYTES_MAX);
    bool cut = text[len] != '\0';
    enum status status = STATUS_OK;
    for (size_t i = 0; i < len && status == STATUS_OK;) {
        uint8_t c = (uint8_t)text[i];
        size_t step = utf8_character((const uint8_t *)text + i, len - i);
        if (step == 0) {
            status = buffer_append(line, bytes_of_text("\xef\xbf\xbd"));
            step = 1;
        } else if (c == '"' || c == '\\') {
            status = buffer_print(line, "\\%c", c);
        } else if (c == '\n') {
            status = buffer_append(line, bytes_of_text("\\n"));
        } else if (c < 0x20 || c == 0x7f) {
            status = buffer_print(line, "\\u%04x", c);
        } else {
            status = buffer_append(line, bytes_of(text + i, step));
        }
        i += step;
    }
    if (cut && status == STATUS_OK)
        status = buffer_append(line, bytes_of_text("..."));
    return status;
}

static enum status log_quoted(struct buffer *line, const char *text)
{
    enum status status = buffer_append(line, bytes_of_text("\""));
    if (status == STATUS_OK)
        status = log_escape(line, text);
    if (status == STATUS_OK)
        status = buffer_append(line, bytes_of_text("\""));
    return status;
}

static enum status log_value(struct buffer *line, const struct log_field *field, bool plain)
{
    switch (field->kind) {
    case LOG_KIND_TEXT:
        if (field->text == NULL)
            return buffer_append(line, bytes_of_text("null"));
        if (plain && field->text[0] != '\0' && strcspn(field->text, " \"=") == strlen(field->text))
            return log_escape(line, field->text);
        return log_quoted(line, field->text);
    case LOG_KIND_INT:
        return buffer_print(line, "%" PRId64, field->number);
    case LOG_KIND_UINT:
        return buffer_print(line, "%" PRIu64, field->count);
    case LOG_KIND_BOOL:
        return buffer_append(line, bytes_of_text(field->truth ? "true" : "false"));
    }
    UNREACHABLE();
}

static enum status log_json(struct buffer *line, enum log_level level, const char *event,
                            const struct log_field *fields, size_t count)
{
    enum status status = buffer_print(line, "{\"ts\":\"%s\",\"level\":\"%s\",\"event\":",
                                      clock_rfc3339(clock_unix_ms()).text, levels[level].text);
    if (status == STATUS_OK)
        status = log_quoted(line, event);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (fields[i].key == NULL)
            continue;
        status = buffer_print(line, ",\"%s\":", fields[i].key);
        if (status == STATUS_OK)
            status = log_value(line, &fields[i], /* plain= */ false);
    }
    return status == STATUS_OK ? buffer_append(line, bytes_of_text("}\n")) : status;
}

static enum status log_plain(struct buffer *line, const struct log *log, enum log_level level,
                             const char *event, const struct log_field *fields, size_t count)
{
    struct clock_text now = clock_rfc3339(clock_unix_ms());
    const char *colour = log->colour ? levels[level].colour : "";
    const char *normal = log->colour ? "\033[0m" : "";
    /* A person watches now: the time of day will do. */
    enum status status = buffer_print(line, "%.12s %s%s%s ", strchr(now.text, 'T') + 1, colour,
                                      levels[level].label, normal);
    if (status == STATUS_OK)
        status = log_escape(line, event);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (fields[i].key == NULL)
            continue;
        status = buffer_print(line, " %s=", fields[i].key);
        if (status == STATUS_OK)
            status = log_value(line, &fields[i], /* plain= */ true);
    }
    return status == STATUS_OK ? buffer_append(line, bytes_of_text("\n")) : status;
}

void log_write(const struct log *log, enum log_level level, const char *event,
               const struct log_field *fields, size_t count)
{
    CHECK(level < LOG_LEVEL_COUNT);
    CHECK(event != NULL);
    if (log == NULL || level < log->level)
        return;
    AUTO(buffer_done) struct buffer line = {0};
    enum status status = log->text ? log_plain(&line, log, level, event, fields, count)
                                   : log_json(&line, level, event, fields, count);
    if (status != STATUS_OK)
        return; /* out of memory: the line is lost, the program goes on */
    /* One write, so that lines of several processes on one pipe do not mix. A log that cannot be
     * written has nowhere to complain. */
    ssize_t written;
    do {
        written = write(log->fd, line.data, line.len);
    } while (written < 0 && errno == EINTR);
}
