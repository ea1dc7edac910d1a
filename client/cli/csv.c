#include "client/cli/csv.h"

#include <string.h>

size_t csv_row(const char *text, size_t len, size_t *lines)
{
    bool quoted = false;
    *lines = 0;
    for (size_t n = 0; n < len; n++) {
        quoted = text[n] == '"' ? !quoted : quoted;
        if (text[n] == '\n') {
            (*lines)++;
            if (!quoted) {
                return n + 1;
            }
        }
    }
    *lines += len > 0 ? 1 : 0; /* a last row without a line break */
    return len;
}

/* One field from *at; moves *at behind it (to the comma or the end). False: malformed quotes. */
static bool take_field(char **at, const char *end, char **field)
{
    char *to = *at;
    char *from = *at;
    bool quoted = from < end && *from == '"';
    from += quoted ? 1 : 0;
    *field = to;
    while (from < end) {
        if (quoted && *from == '"') {
            if (from + 1 < end && from[1] == '"') {
                from++;
            } else {
                quoted = false;
                from++;
                if (from < end && *from != ',') {
                    return false;
                }
                continue;
            }
        } else if (!quoted && *from == ',') {
            break;
        }
        *to++ = *from++;
    }
    *at = from;
    if (to < end) {
        *to = '\0';
    }
    return !quoted;
}

bool csv_split(char *row, size_t len, char *fields[], size_t max, size_t *count)
{
    while (len > 0 && (row[len - 1] == '\n' || row[len - 1] == '\r')) {
        len--;
    }
    char *at = row;
    const char *end = row + len;
    *count = 0;
    for (;;) {
        if (*count == max) {
            return false;
        }
        bool more = false;
        char *field;
        if (!take_field(&at, end, &field)) {
            return false;
        }
        more = at < end;
        if (at == end) {
            row[len] = '\0'; /* the caller's row has room for its line break or a terminator */
        }
        fields[(*count)++] = field;
        if (!more) {
            return true;
        }
        at++; /* the comma, which take_field may have overwritten */
    }
}
