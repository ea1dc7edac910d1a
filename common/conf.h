#ifndef GJ_COMMON_CONF_H
#define GJ_COMMON_CONF_H

#include "common/arena.h"
#include "common/err.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Configuration files of `key = value` lines, read through a table of options.
 *
 *     # a comment
 *     listen   = 127.0.0.1:7890
 *     map_size = 64 GiB
 *
 * Lines end with LF or CRLF; text after the value's end is part of the value; a
 * comment needs its own line. A key may be given once. Unknown keys, values of the wrong type and values out
 * of range are errors with file and line. */

enum gj_conf_type {
    GJ_CONF_TEXT = 1, /* const char *, borrowed from the arena; min/max bound its length in bytes */
    GJ_CONF_U64,      /* uint64_t, decimal */
    GJ_CONF_BYTES,    /* uint64_t; suffixes KiB MiB GiB TiB (or K M G T) */
    GJ_CONF_MS,       /* uint64_t milliseconds; suffixes ms s min h d; a bare number is refused unless 0 */
    GJ_CONF_BOOL      /* bool; yes/no, true/false, on/off */
};

struct gj_conf_option {
    const char *name;
    enum gj_conf_type type;
    size_t offset;       /* of the value in the caller's struct */
    const char *initial; /* the default, in the file's own form; NULL: must be given */
    uint64_t min;
    uint64_t max;
    const char *help; /* one line for --help and the sample file */
};

struct gj_conf_table {
    const struct gj_conf_option *options;
    size_t count; /* at most 64 */
};

/* Fills target from the table's defaults, then from the file; path may be NULL
 * (defaults only). extra holds "key=value" texts from the command line, applied last;
 * it may be NULL. GJ_ENOTFOUND for a missing file, GJ_EINVAL with "file:line: …" in fault. */
enum gj_err gj_conf_load(const struct gj_conf_table *table, const char *path, const char *const *extra,
    size_t extra_count, void *target, struct gj_arena *arena, struct gj_fault *fault);

/* The same for text in memory, name standing for the file in messages. */
enum gj_err gj_conf_parse(const struct gj_conf_table *table, const char *text, size_t len, const char *name,
    void *target, struct gj_arena *arena, struct gj_fault *fault);

/* Prints a commented sample file with every option and its default. */
void gj_conf_print(const struct gj_conf_table *table, FILE *out);

#endif
