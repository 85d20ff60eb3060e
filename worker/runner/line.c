#include "line.h"

#include "base/utf8.h"

void line_clean(char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len;) {
        size_t width = utf8_character((const uint8_t *)text + i, len - i);
        bool control = (unsigned char)text[i] < 0x20 || text[i] == 0x7f;
        if (width > 0 && !control) {
            i += width;
            continue;
        }
        bool unfinished = width == 0 && (unsigned char)text[i] >= 0xC0 && len - i < 4;
        for (size_t j = i + 1; unfinished && j < len; j++)
            unfinished = ((unsigned char)text[j] & 0xC0) == 0x80;
        if (unfinished) {
            text[i] = '\0';
            return;
        }
        text[i++] = control ? ' ' : '?';
    }
}
