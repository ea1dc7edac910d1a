#ifndef GJ_CLI_GRID_H
#define GJ_CLI_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A table for a terminal: columns padded by display width, so that Chinese and Latin text line up. Cells are valid
 * UTF-8 and are copied; control characters, which could drive a terminal, are shown as '?'. */
struct grid;

struct grid *grid_new(size_t columns); /* NULL: out of memory */
void grid_free(struct grid *grid);
/* Cells are given row by row; right-aligned columns hold numbers. */
bool grid_cell(struct grid *grid, const char *text);
void grid_right(struct grid *grid, size_t column);
/* The first row is the heading. Two blanks between columns, none at a line's end. */
void grid_print(const struct grid *grid, FILE *out);

#endif
