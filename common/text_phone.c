#include "common/text.h"

#include <string.h>

/* What a character of a phone number means. */
enum mark { DIGIT, PLUS, SEPARATOR, EXTENSION, OTHER };

static enum mark classify(uint32_t rune, char *digit)
{
    if (rune >= 0xFF01 && rune <= 0xFF5E) {
        rune -= 0xFEE0; /* full-width forms of ASCII */
    }
    if (rune >= '0' && rune <= '9') {
        *digit = (char)rune;
        return DIGIT;
    }
    switch (rune) {
    case '+':
        return PLUS;
    case ' ':
    case '-':
    case '.':
    case '(':
    case ')':
    case '\t':
    case 0x00A0: /* no-break space */
    case 0x2010: /* hyphens and dashes a word processor puts in */
    case 0x2011:
    case 0x2013:
    case 0x2014:
    case 0x3000: /* ideographic space */
        return SEPARATOR;
    case '#':
    case 'x':
    case 'X':
    case 0x8F6C: /* 转: extension */
    case 0x8F49: /* 轉 */
        return EXTENSION;
    default:
        return OTHER;
    }
}

/* A Chinese number without its country code: mobile numbers stand as they are, area codes
 * get back the 0 that is dropped behind +86, service numbers (400, 800, 95, 96) have none. */
static size_t restore_domestic(char *digits, size_t len)
{
    bool mobile = len == 11 && digits[0] == '1';
    bool service = strncmp(digits, "400", 3) == 0 || strncmp(digits, "800", 3) == 0 || strncmp(digits, "95", 2) == 0 ||
                   strncmp(digits, "96", 2) == 0;
    if (!mobile && !service && len >= 10 && digits[0] != '0') {
        memmove(digits + 1, digits, len + 1);
        digits[0] = '0';
        len++;
    }
    return len;
}

static size_t strip_country(char *digits, size_t len, bool *foreign)
{
    size_t skip = 0;
    if (strncmp(digits, "0086", 4) == 0) {
        skip = 4;
    } else if (*foreign && strncmp(digits, "86", 2) == 0) {
        skip = 2;
    } else if (!*foreign && len == 13 && strncmp(digits, "861", 3) == 0) {
        skip = 2; /* 86 before a mobile number, typed without the plus */
    }
    if (skip == 0) {
        return len;
    }
    *foreign = false;
    memmove(digits, digits + skip, len - skip + 1);
    return restore_domestic(digits, len - skip);
}

enum gj_err gj_text_phone(const char *text, size_t len, char out[GJ_TEXT_PHONE_SIZE])
{
    /* The country code may still be dropped, so there is room for it here. */
    char number[GJ_PHONE_DIGITS_MAX + 6] = {0};
    char extension[GJ_PHONE_DIGITS_MAX + 1] = {0};
    size_t number_len = 0;
    size_t extension_len = 0;
    bool plus = false;
    bool extended = false;
    const char *at = text;
    const char *end = text + len;
    while (at < end) {
        char digit = 0;
        switch (classify(gj_text_next(&at, end), &digit)) {
        case DIGIT:
            if (extended && extension_len < GJ_PHONE_DIGITS_MAX) {
                extension[extension_len++] = digit;
            } else if (!extended && number_len < GJ_PHONE_DIGITS_MAX + 4) {
                number[number_len++] = digit;
            } else {
                return GJ_EINVAL;
            }
            break;
        case PLUS:
            if (plus || number_len > 0) {
                return GJ_EINVAL;
            }
            plus = true;
            break;
        case EXTENSION:
            if (extended || number_len == 0) {
                return GJ_EINVAL;
            }
            extended = true;
            break;
        case SEPARATOR:
            break;
        case OTHER:
            return GJ_EINVAL;
        }
    }
    /* Until nothing changes: people write +86 before a number that has its 0086 already. */
    for (size_t before = 0; before != number_len;) {
        before = number_len;
        number_len = strip_country(number, number_len, &plus);
    }
    if (number_len < 3 || number_len + extension_len > GJ_PHONE_DIGITS_MAX || (extended && extension_len == 0)) {
        return GJ_EINVAL;
    }
    char *to = out;
    if (plus) {
        *to++ = '+';
    }
    memcpy(to, number, number_len);
    to += number_len;
    if (extended) {
        *to++ = '#';
        memcpy(to, extension, extension_len);
        to += extension_len;
    }
    *to = '\0';
    return GJ_OK;
}
