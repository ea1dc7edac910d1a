#ifndef GJ_CLIENT_PATH_H
#define GJ_CLIENT_PATH_H

#include "client/include/guanjia.h"

/* Names and files of a profile's folder. */

/* dir/name into out; EINVAL when it does not fit. */
enum guanjia_err path_join(const char *dir, const char *name, char *out, size_t cap);

/* Makes a folder 0700, and those above it; one that exists is accepted. */
enum guanjia_err path_make(const char *dir);

/* 1 to 64 of letters, digits, '-', '_', '.', not beginning with a dot: safe as a file name. */
bool path_name_ok(const char *name);

/* Reads a regular private file of at most max bytes, a zero behind them. The caller frees *bytes. ENOTFOUND, EDENIED
 * (others may read it), ETOOBIG, EIO. */
enum guanjia_err path_read(const char *path, size_t max, uint8_t **bytes, size_t *len);

#endif
