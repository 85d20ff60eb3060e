#include "name.h"

#include "check.h"

_Static_assert(JOB_ID_BYTES <= NAME_MAX_BYTES, "an id is a name");

static bool name_char_valid(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

bool name_valid(struct bytes bytes)
{
    if (bytes.len == 0 || bytes.len > NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < bytes.len; i++) {
        if (!name_char_valid(bytes.data[i]))
            return false;
    }
    return true;
}

bool name_set(struct name *ret_name, struct bytes bytes)
{
    if (!name_valid(bytes))
        return false;
    *ret_name = (struct name){{0}};
    memcpy(ret_name->text, bytes.data, bytes.len);
    return true;
}

struct name name_job_id(uint64_t unix_ms, const uint8_t chance[10])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    struct name id = {{0}};
    for (int i = 9; i >= 0; i--) { /* 48 bits of time: ten digits, the first of them three bits */
        id.text[i] = digits[unix_ms & 31];
        unix_ms >>= 5;
    }
    uint64_t high = 0;
    uint64_t low = 0;
    for (int i = 0; i < 5; i++) {
        high = high << 8 | chance[i];
        low = low << 8 | chance[5 + i];
    }
    for (int i = 7; i >= 0; i--) { /* 80 bits of chance: twice 40 bits, eight digits each */
        id.text[10 + i] = digits[high & 31];
        id.text[18 + i] = digits[low & 31];
        high >>= 5;
        low >>= 5;
    }
    CHECK(name_valid(bytes_of_text(id.text)));
    return id;
}
