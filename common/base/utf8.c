#include "utf8.h"

size_t utf8_character(const uint8_t *data, size_t len)
{
    uint8_t lead = data[0];
    if (lead < 0x80)
        return 1;
    size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead < 0xc2 || lead > 0xf4 || size > len)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((data[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (lead == 0xe0 && data[1] < 0xa0) || (lead == 0xf0 && data[1] < 0x90);
    bool surrogate = lead == 0xed && data[1] > 0x9f;
    bool beyond = lead == 0xf4 && data[1] > 0x8f;
    return overlong || surrogate || beyond ? 0 : size;
}

enum status utf8_append(struct buffer *out, struct bytes bytes)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < bytes.len && status == STATUS_OK;) {
        size_t size = utf8_character(bytes.data + i, bytes.len - i);
        status = buffer_append(out, size == 0 ? bytes_of_text("\xEF\xBF\xBD")
                                              : bytes_of(bytes.data + i, size));
        i += size == 0 ? 1 : size;
    }
    return status;
}
