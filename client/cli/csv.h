#ifndef GJ_CLI_CSV_H
#define GJ_CLI_CSV_H

#include <stdbool.h>
#include <stddef.h>

/* Just enough of RFC 4180: rows may hold line breaks inside quotes. */

/* The length of the first row of text (its line break included), and how many lines of the file it covers. 0 at the
 * end. */
size_t csv_row(const char *text, size_t len, size_t *lines);

/* Takes a row apart in place (quotes removed); fields are terminated. Gives their number, at most max; false: a quote
 * is open or stands in the middle of a field, or there are more. */
bool csv_split(char *row, size_t len, char *fields[], size_t max, size_t *count);

#endif
