/* suggest.c - see suggest.h. */
#include "spec/suggest.h"

enum { SUGGEST_WORD_MAX = 40 };

static unsigned suggest_min(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* A key differs by its case or by `-` for `_` without being another word. */
static uint8_t suggest_fold(uint8_t byte)
{
    if (byte >= 'A' && byte <= 'Z') {
        return (uint8_t)(byte + ('a' - 'A'));
    }
    return byte == '-' ? '_' : byte;
}

/* Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
static unsigned suggest_distance(struct bytes a, struct bytes b)
{
    unsigned rows[3][SUGGEST_WORD_MAX + 1];
    for (unsigned j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3];
        const unsigned *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            uint8_t x = suggest_fold(a.data[i - 1]);
            uint8_t y = suggest_fold(b.data[j - 1]);
            unsigned cost = x == y ? 0 : 1;
            row[j] = suggest_min(suggest_min(above[j], row[j - 1]) + 1, above[j - 1] + cost);
            if (i > 1 && j > 1 && x == suggest_fold(b.data[j - 2]) &&
                suggest_fold(a.data[i - 2]) == y) {
                row[j] = suggest_min(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[a.len % 3][b.len];
}

void suggest_offer(struct suggest *suggest, const char *candidate)
{
    struct bytes other = bytes_of_text(candidate);
    if (suggest->word.len > SUGGEST_WORD_MAX || other.len > SUGGEST_WORD_MAX) {
        return;
    }
    size_t longer = suggest->word.len > other.len ? suggest->word.len : other.len;
    unsigned near = longer <= 3 ? 1 : (unsigned)(longer + 2) / 3;
    unsigned distance = suggest_distance(suggest->word, other);
    if (distance <= near && distance < longer &&
        (suggest->best == NULL || distance < suggest->distance)) {
        suggest->best = candidate;
        suggest->distance = distance;
    }
}
