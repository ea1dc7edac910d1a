#ifndef GJ_COMMON_TEXT_H
#define GJ_COMMON_TEXT_H

#include "common/err.h"
#include "common/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts people type, in UTF-8. */

/* Well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF)
 * without NUL. */
bool gj_text_valid(const void *bytes, size_t len);

/* The next character of a valid text; advances *at. 0 at the end. */
uint32_t gj_text_next(const char **at, const char *end);

/* Columns on a terminal: 2 for Chinese and other wide characters, 0 for
 * combining and control characters, 1 for the rest. text is valid UTF-8. */
size_t gj_text_width(const char *text, size_t len);

/* How many bytes of text fit into `columns` columns, ending at a character;
 * *used is the width of that part. */
size_t gj_text_fit(const char *text, size_t len, size_t columns, size_t *used);

/* How many bytes at most max of text end at a whole character. */
size_t gj_text_cut(const char *text, size_t len, size_t max);

/* Number of characters (code points). */
size_t gj_text_chars(const char *text, size_t len);

/* A phone number as it is compared and indexed: digits only, without +86 or 0086, full-width
 * digits folded, spaces, hyphens, dots and brackets dropped; another country
 * keeps its plus sign. An extension after "转", "x" or "#" follows as "#" and digits.
 * GJ_EINVAL when something else is in it or fewer than 3 or more than GJ_PHONE_DIGITS_MAX digits. */
#define GJ_TEXT_PHONE_SIZE (GJ_PHONE_DIGITS_MAX + 3)
GJ_CHECKED enum gj_err gj_text_phone(const char *text, size_t len, char out[GJ_TEXT_PHONE_SIZE]);

/* Copies text without white space at both ends (ideographic space included);
 * borrowed part of the input. */
const char *gj_text_trim(const char *text, size_t len, size_t *out_len);

#endif
