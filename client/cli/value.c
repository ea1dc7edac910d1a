#include "client/cli/value.h"

#include "common/calendar.h"
#include "common/id.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool value_u64(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    size_t len = strlen(text);
    if (len == 0 || strspn(text, "0123456789") != len) {
        return false;
    }
    for (size_t n = 0; n < len; n++) {
        if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[n] - '0'), &value)) {
            return false;
        }
    }
    *out = value;
    return true;
}

bool value_number(const char *text, int64_t *out)
{
    return value_scaled(text, 0, out);
}

bool value_scaled(const char *text, unsigned decimals, int64_t *out)
{
    bool negative = *text == '-';
    int64_t value = 0;
    size_t digits = 0;
    unsigned places = 0;
    bool point = false;
    for (const char *at = text + (negative ? 1 : 0); *at != '\0'; at++) {
        if (*at == '.' && !point && digits > 0 && decimals > 0 && at[1] != '\0') {
            point = true;
            continue;
        }
        if (*at < '0' || *at > '9' || (point && ++places > decimals)) {
            return false;
        }
        digits++;
        if (__builtin_mul_overflow(value, (int64_t)10, &value) ||
            __builtin_add_overflow(value, (int64_t)(*at - '0'), &value)) {
            return false;
        }
    }
    for (; places < decimals; places++) {
        if (__builtin_mul_overflow(value, (int64_t)10, &value)) {
            return false;
        }
    }
    *out = negative ? -value : value;
    return digits > 0;
}

bool value_time(const char *text, int64_t *out)
{
    char whole[40];
    size_t len = strlen(text);
    struct gj_date date;
    if (strcmp(text, "now") == 0) {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        *out = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
        return true;
    }
    if (gj_date_parse(text, len, &date)) {
        *out = gj_cst_midnight(gj_day_of(date));
        return true;
    }
    if (gj_time_parse(text, len, out)) {
        return true;
    }
    /* Without an offset: China has one zone. A blank is accepted for the T. */
    if (len < 16 || len > 23) {
        return false;
    }
    snprintf(whole, sizeof whole, "%s+08:00", text);
    whole[10] = whole[10] == ' ' ? 'T' : whole[10];
    return gj_time_parse(whole, strlen(whole), out);
}

bool value_id(const char *text, uint64_t *out, bool *mistyped)
{
    *mistyped = false;
    if (value_u64(text, out)) {
        return true;
    }
    if (strchr(text, '-') == NULL) {
        return false; /* a letter and digits without a check digit: perhaps a number of another kind */
    }
    enum gj_err err = gj_id_parse(text, 0, out);
    *mistyped = err == GJ_ECORRUPT || err == GJ_ENOTFOUND;
    return err == GJ_OK;
}

/* One number and what stands behind it, of which nothing or white space may be next. */
static bool take_part(const char **at, int *out, const char *const behind[3])
{
    char *end = NULL;
    long number = strtol(*at, &end, 10);
    if (end == *at || number < 0 || number > 9999 || **at < '0' || **at > '9') {
        return false;
    }
    *out = (int)number;
    *at = end;
    for (size_t n = 0; n < 3; n++) {
        size_t len = strlen(behind[n]);
        if (len > 0 && strncmp(end, behind[n], len) == 0) {
            *at = end + len;
            return true;
        }
    }
    return *end == '\0' || *end == ' ';
}

bool value_sheet_time(const char *text, int64_t *out)
{
    static const char *const year[] = {"-", "/", "年"}, *const month[] = {"-", "/", "月"},
                             *const day[] = {"日", "T", ""}, *const hour[] = {":", "：", "时"},
                             *const rest[] = {"分", ":", ""};
    int parts[6] = {0};
    char plain[48];
    const char *at = text;
    if (value_time(text, out)) {
        return true;
    }
    if (!take_part(&at, &parts[0], year) || !take_part(&at, &parts[1], month) || !take_part(&at, &parts[2], day)) {
        return false;
    }
    at += strspn(at, " ");
    if (*at != '\0' && (!take_part(&at, &parts[3], hour) || !take_part(&at, &parts[4], rest))) {
        return false;
    }
    if (*at != '\0' && !take_part(&at, &parts[5], rest)) {
        return false;
    }
    snprintf(plain, sizeof plain, "%04d-%02d-%02dT%02d:%02d:%02d+08:00", parts[0], parts[1], parts[2], parts[3],
        parts[4], parts[5]);
    return *at == '\0' && value_time(plain, out);
}

bool value_priority(const char *text, int64_t *out)
{
    const char *digit = *text == 'P' || *text == 'p' ? text + 1 : text;
    if (digit[0] < '0' || digit[0] > '4' || digit[1] != '\0') {
        return false;
    }
    *out = digit[0] - '0';
    return true;
}

void value_format_time(int64_t at_ms, char out[VALUE_TIME_SIZE])
{
    char base[GJ_TIME_TEXT_SIZE];
    int64_t ms = at_ms % 1000;
    gj_time_format(at_ms - ms, base);
    if (ms == 0) {
        snprintf(out, VALUE_TIME_SIZE, "%s", base);
    } else {
        snprintf(out, VALUE_TIME_SIZE, "%.19s.%03d%s", base, (int)ms, base + 19);
    }
}

void value_format_local(int64_t at_ms, char out[VALUE_TIME_SIZE])
{
    char base[GJ_TIME_TEXT_SIZE];
    gj_time_format(at_ms, base);
    snprintf(out, VALUE_TIME_SIZE, "%.10s %.8s", base, base + 11);
}
