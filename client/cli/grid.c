#include "client/cli/grid.h"

#include "common/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 32

struct grid {
    size_t columns;
    size_t widths[COLUMNS_MAX];
    bool right[COLUMNS_MAX];
    char **cells;
    size_t count;
    size_t cap;
};

struct grid *grid_new(size_t columns)
{
    assert(columns > 0 && columns <= COLUMNS_MAX); /* rows of commands name a handful */
    struct grid *grid = calloc(1, sizeof *grid);
    if (grid != NULL) {
        grid->columns = columns;
    }
    return grid;
}

void grid_free(struct grid *grid)
{
    if (grid == NULL) {
        return;
    }
    for (size_t n = 0; n < grid->count; n++) {
        free(grid->cells[n]);
    }
    free(grid->cells);
    free(grid);
}

void grid_right(struct grid *grid, size_t column)
{
    grid->right[column] = true;
}

bool grid_cell(struct grid *grid, const char *text)
{
    if (grid->count == grid->cap) {
        size_t cap = grid->cap == 0 ? 64 : 2 * grid->cap;
        char **cells = realloc(grid->cells, cap * sizeof *cells);
        if (cells == NULL) {
            return false;
        }
        grid->cells = cells;
        grid->cap = cap;
    }
    char *copy = strdup(text);
    if (copy == NULL) {
        return false;
    }
    for (char *at = copy; *at != '\0'; at++) {
        *at = (unsigned char)*at < 0x20 || *at == 0x7f ? '?' : *at;
    }
    size_t column = grid->count % grid->columns;
    size_t width = gj_text_width(copy, strlen(copy));
    grid->widths[column] = width > grid->widths[column] ? width : grid->widths[column];
    grid->cells[grid->count++] = copy;
    return true;
}

static void pad(FILE *out, size_t blanks)
{
    for (; blanks > 0; blanks--) {
        fputc(' ', out);
    }
}

/* How many cells of the row that begins at `first` have to be printed: empty ones at the end are left out. */
static size_t row_length(const struct grid *grid, size_t first)
{
    size_t length = grid->columns;
    while (length > 1 && *grid->cells[first + length - 1] == '\0') {
        length--;
    }
    return length;
}

void grid_print(const struct grid *grid, FILE *out)
{
    for (size_t first = 0; first + grid->columns <= grid->count; first += grid->columns) {
        size_t length = row_length(grid, first);
        for (size_t column = 0; column < length; column++) {
            const char *text = grid->cells[first + column];
            bool last = column + 1 == length;
            size_t blanks = grid->widths[column] - gj_text_width(text, strlen(text));
            if (grid->right[column]) {
                pad(out, blanks);
            }
            fputs(text, out);
            if (!grid->right[column] && !last) {
                pad(out, blanks);
            }
            fputs(last ? "\n" : "  ", out);
        }
    }
}
