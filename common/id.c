#include "common/id.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"

/* A uint64 in decimal. */
#define DIGITS_MAX 20

unsigned gj_id_check_digit(const char *digits, size_t len)
{
    /* ISO 7064, hybrid system MOD 11,10: the product starts at 10 and is never 0. */
    unsigned product = 10;
    for (size_t i = 0; i < len; i++) {
        unsigned sum = (product + (unsigned)(digits[i] - '0')) % 10;
        product = (sum == 0 ? 10 : sum) * 2 % 11;
    }
    return (11 - product) % 10;
}

void gj_id_format(uint64_t id, char kind, char out[GJ_ID_TEXT_SIZE])
{
    assert(kind == 0 || (kind >= 'A' && kind <= 'Z'));
    char digits[DIGITS_MAX + 1];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, id);
    const char letter[2] = {kind, '\0'};
    snprintf(out, GJ_ID_TEXT_SIZE, "%s%s-%u", letter, digits, gj_id_check_digit(digits, (size_t)len));
}

/* ASCII for the full-width form of an input method, upper case for lower. */
static uint32_t fold(uint32_t rune)
{
    if (rune >= 0xFF01 && rune <= 0xFF5E) {
        rune -= 0xFEE0;
    }
    return rune >= 'a' && rune <= 'z' ? rune - 'a' + 'A' : rune;
}

static enum gj_err to_number(const char *digits, size_t len, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(digits[i] - '0'), &value)) {
            return GJ_EINVAL;
        }
    }
    *out = value;
    return GJ_OK;
}

enum gj_err gj_id_parse(const char *text, char kind, uint64_t *out)
{
    size_t len = 0;
    const char *at = gj_text_trim(text, strlen(text), &len);
    const char *end = at + len;
    char digits[DIGITS_MAX + 1];
    size_t count = 0;
    bool hyphen = false;
    bool letter = false;
    while (at < end) {
        uint32_t rune = fold(gj_text_next(&at, end));
        if (rune >= '0' && rune <= '9' && count < sizeof digits) {
            /* Behind the hyphen stands the check digit alone. */
            if (hyphen && at < end) {
                return GJ_EINVAL;
            }
            digits[count++] = (char)rune;
        } else if (rune >= 'A' && rune <= 'Z' && !letter && count == 0) {
            if (kind != 0 && rune != (uint32_t)kind) {
                return GJ_EINVAL;
            }
            letter = true;
        } else if ((rune == '-' || rune == 0x2010 || rune == 0x2013 || rune == 0x2014) && !hyphen && count > 0) {
            hyphen = true;
            if (at == end) {
                return GJ_EINVAL;
            }
        } else {
            return GJ_EINVAL;
        }
    }
    uint64_t value = 0;
    if (count < 2 || to_number(digits, count - 1, &value) != GJ_OK) {
        return GJ_EINVAL;
    }
    if (gj_id_check_digit(digits, count - 1) != (unsigned)(digits[count - 1] - '0')) {
        return GJ_ECORRUPT;
    }
    if (value == 0) {
        return GJ_EINVAL; /* 0 means none and is never printed */
    }
    *out = value;
    return GJ_OK;
}

void gj_id_random(void *out, size_t len)
{
    randombytes_buf(out, len);
}

void gj_id_request_key(struct gj_request_key *out, int64_t now_ms)
{
    assert(now_ms >= 0 && now_ms < (int64_t)1 << 48);
    for (unsigned i = 0; i < 6; i++) {
        out->bytes[i] = (uint8_t)(now_ms >> (8 * (5 - i)));
    }
    randombytes_buf(out->bytes + 6, sizeof out->bytes - 6);
}

int64_t gj_id_request_key_ms(const struct gj_request_key *key)
{
    int64_t ms = 0;
    for (unsigned i = 0; i < 6; i++) {
        ms = ms << 8 | key->bytes[i];
    }
    return ms;
}

int gj_id_request_key_cmp(const struct gj_request_key *a, const struct gj_request_key *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool gj_id_request_key_is_zero(const struct gj_request_key *key)
{
    return sodium_is_zero(key->bytes, sizeof key->bytes) == 1;
}

void gj_id_hex(const void *bytes, size_t len, char *out)
{
    static const char hex[] = "0123456789abcdef";
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = hex[at[i] >> 4];
        out[2 * i + 1] = hex[at[i] & 15];
    }
    out[2 * len] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

enum gj_err gj_id_unhex(const char *text, size_t text_len, void *out, size_t len)
{
    uint8_t *to = out;
    if (text_len != 2 * len) {
        return GJ_EINVAL;
    }
    for (size_t i = 0; i < text_len; i++) {
        if (hex_value(text[i]) < 0) {
            return GJ_EINVAL;
        }
    }
    for (size_t i = 0; i < len; i++) {
        to[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
    }
    return GJ_OK;
}
