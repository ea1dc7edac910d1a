#ifndef GJ_CLI_WORDS_FILE_H
#define GJ_CLI_WORDS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"

/* Copies of answers in the profile's folder words/, one file each. They are worth no message: what cannot be kept or
 * read is as if it had never been there. */

/* name: letters, digits, '_', '-', '.'; others are not kept. Replaces the file as a whole. */
void words_file_put(const char *dir, const char *name, const void *bytes, size_t len);
/* In the arena; NULL when there is none. *age_s: seconds since it was kept. */
const uint8_t *words_file_get(struct gj_arena *arena, const char *dir, const char *name, size_t *len, int64_t *age_s);

#endif
