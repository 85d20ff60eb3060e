#include "sys/json_text.h"

#include "base/utf8.h"

json_t *json_text(const char *text)
{
    if (text == NULL)
        return json_null();
    json_t *string = json_string(text);
    if (string != NULL)
        return string;
    struct buffer clean = {0};
    if (utf8_append(&clean, bytes_of_text(text)) == STATUS_OK)
        string = json_stringn(buffer_text(&clean), clean.len);
    buffer_done(&clean);
    return string;
}
