#ifndef GJ_CLI_FILES_H
#define GJ_CLI_FILES_H

#include "client/cli/cli.h"

/* Reads a whole file (- is standard input) of at most max bytes into the arena, a zero behind them; says what is wrong.
 */
int files_read(struct cli *cli, const char *path, size_t max, const uint8_t **bytes, size_t *len);

/* The same for a table of a spreadsheet: a byte order mark is skipped, and what is not UTF-8 is refused with a word on
 * how to save it. */
int files_read_csv(struct cli *cli, const char *path, size_t max, const char **text, size_t *len);

/* A folder or file that comes with the program: beside the program itself (a build folder), else where it was
 * installed. In the arena; NULL when it is in neither place. */
const char *files_find(struct cli *cli, const char *name);

#endif
