#include "common/text.h"

#include <string.h>

struct range {
    uint32_t first;
    uint32_t last;
};

/* Two columns: East Asian Wide and Fullwidth of Unicode's UAX 11, in coarse blocks. */
static const struct range wide[] = {
    {0x1100, 0x115F},
    {0x231A, 0x231B},
    {0x2329, 0x232A},
    {0x23E9, 0x23EC},
    {0x25FD, 0x25FE},
    {0x2614, 0x2615},
    {0x26A1, 0x26A1},
    {0x2705, 0x2705},
    {0x274C, 0x274C},
    {0x2753, 0x2755},
    {0x2757, 0x2757},
    {0x2795, 0x2797},
    {0x2B1B, 0x2B1C},
    {0x2B50, 0x2B50},
    {0x2E80, 0x303E},
    {0x3041, 0x33FF},
    {0x3400, 0x4DBF},
    {0x4E00, 0xA4CF},
    {0xA960, 0xA97F},
    {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},
    {0xFE10, 0xFE19},
    {0xFE30, 0xFE6F},
    {0xFF01, 0xFF60},
    {0xFFE0, 0xFFE6},
    {0x16FE0, 0x18AFF},
    {0x1AFF0, 0x1B2FF},
    {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF},
    {0x1F900, 0x1F9FF},
    {0x1FA70, 0x1FAFF},
    {0x20000, 0x3FFFD},
};

/* No column: controls, combining marks, joiners, variation selectors. */
static const struct range zero[] = {
    {0x0000, 0x001F},
    {0x007F, 0x009F},
    {0x0300, 0x036F},
    {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF},
    {0x200B, 0x200F},
    {0x202A, 0x202E},
    {0x2060, 0x2064},
    {0x20D0, 0x20FF},
    {0x302A, 0x302D},
    {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F},
    {0xFEFF, 0xFEFF},
    {0xE0100, 0xE01EF},
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t rune)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (rune > ranges[mid].last) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < count && rune >= ranges[low].first;
}

/* Length of the well-formed sequence at `at`, 0 when there is none. */
static size_t sequence(const uint8_t *at, size_t left, uint32_t *rune)
{
    uint8_t lead = at[0];
    if (lead < 0x80) {
        *rune = lead;
        return 1;
    }
    size_t len = lead >= 0xC2 && lead <= 0xDF ? 2 : lead >= 0xE0 && lead <= 0xEF ? 3 : 0;
    len = lead >= 0xF0 && lead <= 0xF4 ? 4 : len;
    if (len == 0 || len > left) {
        return 0;
    }
    uint32_t value = lead & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            return 0;
        }
        value = value << 6 | (at[i] & 0x3Fu);
    }
    bool overlong = (len == 3 && value < 0x800) || (len == 4 && value < 0x10000);
    bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (overlong || surrogate || value > 0x10FFFF) {
        return 0;
    }
    *rune = value;
    return len;
}

bool gj_text_valid(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    while (len > 0) {
        uint32_t rune;
        size_t used = sequence(at, len, &rune);
        if (used == 0 || rune == 0) {
            return false;
        }
        at += used;
        len -= used;
    }
    return true;
}

uint32_t gj_text_next(const char **at, const char *end)
{
    if (*at >= end) {
        return 0;
    }
    uint32_t rune = 0;
    size_t used = sequence((const uint8_t *)*at, (size_t)(end - *at), &rune);
    if (used == 0) {
        /* Not valid after all: step over one byte rather than loop. */
        used = 1;
        rune = 0xFFFD;
    }
    *at += used;
    return rune;
}

static size_t columns_of(uint32_t rune)
{
    if (in_ranges(zero, sizeof zero / sizeof zero[0], rune)) {
        return 0;
    }
    return in_ranges(wide, sizeof wide / sizeof wide[0], rune) ? 2 : 1;
}

size_t gj_text_width(const char *text, size_t len)
{
    size_t width = 0;
    const char *end = text + len;
    while (text < end) {
        width += columns_of(gj_text_next(&text, end));
    }
    return width;
}

size_t gj_text_fit(const char *text, size_t len, size_t columns, size_t *used)
{
    const char *at = text;
    const char *end = text + len;
    size_t width = 0;
    size_t fitting = 0;
    while (at < end) {
        width += columns_of(gj_text_next(&at, end));
        if (width > columns) {
            break;
        }
        fitting = (size_t)(at - text);
        *used = width;
    }
    if (fitting == 0) {
        *used = 0;
    }
    return fitting;
}

size_t gj_text_cut(const char *text, size_t len, size_t max)
{
    const char *at = text;
    const char *end = text + len;
    size_t fitting = 0;
    while (at < end) {
        uint32_t rune;
        size_t used = sequence((const uint8_t *)at, (size_t)(end - at), &rune);
        if (used == 0 || fitting + used > max) {
            break;
        }
        at += used;
        fitting += used;
    }
    return fitting;
}

size_t gj_text_chars(const char *text, size_t len)
{
    size_t count = 0;
    const char *end = text + len;
    while (text < end) {
        gj_text_next(&text, end);
        count++;
    }
    return count;
}

static bool is_space(uint32_t rune)
{
    return rune == ' ' || (rune >= '\t' && rune <= '\r') || rune == 0xA0 || rune == 0x3000 || rune == 0xFEFF;
}

const char *gj_text_trim(const char *text, size_t len, size_t *out_len)
{
    const char *at = text;
    const char *end = text + len;
    const char *first = end;
    const char *last = end;
    while (at < end) {
        const char *start = at;
        if (!is_space(gj_text_next(&at, end))) {
            first = first == end ? start : first;
            last = at;
        }
    }
    *out_len = first == end ? 0 : (size_t)(last - first);
    return first == end ? text : first;
}
