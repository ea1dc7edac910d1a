/* Initials of names (拼音首字母): 王小明 is wxm. Desks type them faster than the characters. */
#ifndef GJ_COMMON_PINYIN_H
#define GJ_COMMON_PINYIN_H

#include <stdbool.h>
#include <stddef.h>

/* Letters kept of one name; what follows is left out. */
#define GJ_PINYIN_MAX 16

/* The first letter of each character, of each word in Latin letters; everything else separates. as_surname: a first
 * character that is read otherwise as a surname (单 as shan, 曾 as zeng) is read so. Gives the number of letters; a
 * character whose reading is not known gives none at all: initials are complete or absent. */
size_t gj_pinyin_initials(const char *name, size_t len, bool as_surname, char out[GJ_PINYIN_MAX + 1]);

/* Initials as somebody typed them, in lower case: 2 to GJ_PINYIN_MAX letters, nothing else. */
bool gj_pinyin_typed(const char *text, size_t len, char out[GJ_PINYIN_MAX + 1]);

#endif
