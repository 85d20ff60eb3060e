#include "spec/share.h"

bool share_parse(struct bytes text, struct plan_share *ret_share)
{
    bool percent = text.len > 0 && text.data[text.len - 1] == '%';
    size_t digits = text.len - percent;
    uint32_t number = 0;
    if (digits == 0 || digits > 5 || (digits > 1 && text.data[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        number = number * 10 + (uint32_t)(text.data[i] - '0');
    }
    if (number > (percent ? 100 : SHARE_NODES_MAX)) {
        return false;
    }
    *ret_share = (struct plan_share){.number = number, .percent = percent};
    return true;
}

uint32_t share_of(struct plan_share share, uint32_t total)
{
    return share.percent ? (uint32_t)((uint64_t)total * share.number / 100) : share.number;
}
