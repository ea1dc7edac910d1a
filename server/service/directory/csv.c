#include "service/directory/csv.h"

#include <string.h>

#include "common/text.h"

void gj_csv_init(struct gj_csv *csv, struct gj_arena *arena, const void *bytes, size_t len, uint64_t first_line)
{
    *csv = (struct gj_csv){.at = bytes, .end = (const char *)bytes + len, .line = first_line, .arena = arena};
    if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        csv->at += 3;
    }
}

static bool at_line_end(const struct gj_csv *csv)
{
    return csv->at == csv->end || *csv->at == '\n' || *csv->at == '\r';
}

static void skip_line_end(struct gj_csv *csv)
{
    if (csv->at < csv->end && *csv->at == '\r') {
        csv->at++;
    }
    if (csv->at < csv->end && *csv->at == '\n') {
        csv->at++;
    }
    csv->line++;
}

static void skip_line(struct gj_csv *csv)
{
    while (!at_line_end(csv)) {
        csv->at++;
    }
}

static void keep(struct gj_csv *csv, struct gj_csv_cell *cell, const char *text, size_t len)
{
    size_t trimmed = 0;
    const char *begin = gj_text_trim(text, len, &trimmed);
    const char *copy = gj_arena_strndup(csv->arena, begin, trimmed);
    if (copy == NULL) {
        csv->failed = true;
        copy = "";
        trimmed = 0;
    }
    *cell = (struct gj_csv_cell){.text = copy, .len = trimmed};
}

/* A field in quotes, the first of which is at csv->at. */
static bool quoted(struct gj_csv *csv, struct gj_csv_cell *cell)
{
    const char *begin = ++csv->at;
    const char *close = begin;
    size_t doubled = 0;
    uint64_t lines = 0;
    for (;; close++) {
        if (close == csv->end) {
            return false;
        }
        if (*close == '\n') {
            lines++;
        }
        if (*close != '"') {
            continue;
        }
        if (close + 1 < csv->end && close[1] == '"') {
            doubled++;
            close++;
            continue;
        }
        break;
    }
    size_t len = (size_t)(close - begin);
    char *plain = gj_arena_alloc(csv->arena, len + 1);
    if (plain == NULL) {
        csv->failed = true;
        return false;
    }
    size_t at = 0;
    for (const char *from = begin; from < close; from++) {
        plain[at++] = *from;
        if (*from == '"') {
            from++;
        }
    }
    csv->at = close + 1;
    csv->line += lines;
    keep(csv, cell, plain, len - doubled);
    return csv->at == csv->end || *csv->at == ',' || at_line_end(csv);
}

static bool plain(struct gj_csv *csv, struct gj_csv_cell *cell)
{
    const char *begin = csv->at;
    while (!at_line_end(csv) && *csv->at != ',') {
        if (*csv->at == '"') {
            return false;
        }
        csv->at++;
    }
    keep(csv, cell, begin, (size_t)(csv->at - begin));
    return true;
}

bool gj_csv_next(struct gj_csv *csv, struct gj_csv_row *row)
{
    while (csv->at < csv->end && at_line_end(csv)) {
        skip_line_end(csv);
    }
    if (csv->at == csv->end || csv->failed) {
        return false;
    }
    row->line = csv->line;
    row->count = 0;
    row->problem = NULL;
    for (;;) {
        if (row->count == GJ_CSV_COLUMNS_MAX) {
            row->problem = "csv_columns";
            break;
        }
        struct gj_csv_cell *cell = &row->cells[row->count];
        bool good = csv->at < csv->end && *csv->at == '"' ? quoted(csv, cell) : plain(csv, cell);
        if (!good) {
            row->problem = "csv_quote";
            break;
        }
        row->count++;
        if (csv->at == csv->end || *csv->at != ',') {
            break;
        }
        csv->at++;
    }
    skip_line(csv);
    if (csv->at < csv->end) {
        skip_line_end(csv);
    }
    return !csv->failed;
}
