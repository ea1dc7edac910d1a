/* Rows of a CSV file (RFC 4180): comma, double quotes, CRLF or LF; a field in quotes may hold line ends. The bytes are
 * UTF-8 already. */
#ifndef GJ_SERVICE_DIRECTORY_CSV_H
#define GJ_SERVICE_DIRECTORY_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"

/* More columns than any table of ours has; a row with more is bad. */
#define GJ_CSV_COLUMNS_MAX 48

/* Without white space around; borrowed from the input or the arena, always with a terminator behind it. */
struct gj_csv_cell {
    const char *text;
    size_t len;
};

struct gj_csv_row {
    uint64_t line; /* where it begins, counted from the first line of the file */
    unsigned count;
    struct gj_csv_cell cells[GJ_CSV_COLUMNS_MAX];
    const char *problem; /* NULL, or why the row cannot be taken apart: "csv_quote", "csv_columns" */
};

struct gj_csv {
    const char *at, *end;
    uint64_t line;
    struct gj_arena *arena;
    bool failed; /* the arena refused: no more rows */
};

/* Borrows bytes; a byte order mark at the very beginning is skipped. */
void gj_csv_init(struct gj_csv *csv, struct gj_arena *arena, const void *bytes, size_t len, uint64_t first_line);

/* The next row, false at the end. Blank lines are skipped. A row with a problem ends at its line's end. */
bool gj_csv_next(struct gj_csv *csv, struct gj_csv_row *row);

#endif
