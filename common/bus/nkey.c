#include "bus/nkey.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>

#include "base/check.h"

enum {
    NKEY_SEED_TEXT_BYTES = 58,
    NKEY_SEED_RAW_BYTES = 36,   /* two prefix bytes, 32 of seed, two of check sum */
    NKEY_PUBLIC_RAW_BYTES = 35, /* one prefix byte, 32 of key, two of check sum */
    NKEY_PREFIX_SEED = 18 << 3,
    NKEY_PREFIX_USER = 20 << 3,
};

static const char nkey_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* CRC-16/XMODEM. */
static uint16_t nkey_crc(const uint8_t *bytes, size_t len)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint32_t)bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 0x8000u) != 0 ? (crc << 1) ^ 0x1021u : crc << 1;
    }
    return (uint16_t)crc;
}

static bool nkey_decode(struct bytes text, uint8_t *raw, size_t raw_len)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t made = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *at = text.data[i] == '\0' ? NULL : strchr(nkey_alphabet, (char)text.data[i]);
        if (at == NULL)
            return false;
        bits = bits << 5 | (uint32_t)(at - nkey_alphabet);
        held += 5;
        if (held >= 8 && made < raw_len) {
            held -= 8;
            raw[made++] = (uint8_t)(bits >> held);
        }
    }
    return made == raw_len;
}

static void nkey_encode(const uint8_t *raw, size_t raw_len, char *text)
{
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < raw_len; i++) {
        bits = bits << 8 | raw[i];
        held += 8;
        for (; held >= 5; held -= 5)
            *text++ = nkey_alphabet[bits >> (held - 5) & 31];
    }
    if (held > 0)
        *text++ = nkey_alphabet[bits << (5 - held) & 31];
    *text = '\0';
}

enum status nkey_public(struct bytes seed, char ret_public[NKEY_TEXT_BYTES + 1], struct error *err)
{
    uint8_t raw[NKEY_SEED_RAW_BYTES] = {0};
    if (seed.len != NKEY_SEED_TEXT_BYTES || !nkey_decode(seed, raw, sizeof(raw)))
        return ERROR(err, STATUS_MALFORMED, "not an NKey seed");
    uint16_t sum = (uint16_t)(raw[NKEY_SEED_RAW_BYTES - 2] | raw[NKEY_SEED_RAW_BYTES - 1] << 8);
    /* The kind of key sits across the first two bytes: five bits "seed", then eight of the kind. */
    uint8_t kind = (uint8_t)((raw[0] & 7) << 5 | raw[1] >> 3);
    bool good = (raw[0] & 0xf8) == NKEY_PREFIX_SEED && kind == NKEY_PREFIX_USER &&
                sum == nkey_crc(raw, NKEY_SEED_RAW_BYTES - 2);
    uint8_t public_raw[NKEY_PUBLIC_RAW_BYTES] = {NKEY_PREFIX_USER};
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    if (good)
        good = crypto_sign_seed_keypair(public_raw + 1, secret, raw + 2) == 0;
    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(raw, sizeof(raw));
    if (!good)
        return ERROR(err, STATUS_MALFORMED, "not the NKey seed of a user");
    uint16_t public_sum = nkey_crc(public_raw, NKEY_PUBLIC_RAW_BYTES - 2);
    public_raw[NKEY_PUBLIC_RAW_BYTES - 2] = (uint8_t)(public_sum & 0xff);
    public_raw[NKEY_PUBLIC_RAW_BYTES - 1] = (uint8_t)(public_sum >> 8);
    nkey_encode(public_raw, sizeof(public_raw), ret_public);
    return STATUS_OK;
}

enum status nkey_public_of_file(const char *path, char ret_public[NKEY_TEXT_BYTES + 1],
                                struct error *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return ERROR(err, STATUS_IO, "%s: %s", path, strerror(errno));
    char line[128] = "";
    const char *got = fgets(line, sizeof(line), file);
    (void)fclose(file);
    if (got == NULL)
        return ERROR(err, STATUS_MALFORMED, "%s: empty", path);
    enum status status = nkey_public(bytes_of(line, strcspn(line, " \t\r\n")), ret_public, err);
    sodium_memzero(line, sizeof(line));
    return status;
}
