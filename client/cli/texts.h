#ifndef GJ_CLI_TEXTS_H
#define GJ_CLI_TEXTS_H

#include <stdbool.h>
#include <stddef.h>

/* Words for people, in English; CLI_TEXT translates where they are shown. */

struct text_row {
    const char *code;
    const char *text;
};
/* NULL when no row has the code. */
const char *text_find(const struct text_row *texts, size_t count, const char *code);

/* Of a status ("the record has changed meanwhile"); never NULL. */
const char *text_of_status(int status);

/* Of a refusal code; NULL when this version has none. {1}, {2} … stand for the parameters, {field} for the field. */
const char *text_of_refusal(const char *code);

/* Of a notice in the inbox, likewise. */
const char *text_of_notice(const char *code);

/* Of a code that belongs to the program and not to a policy: an act no kind declares, a level, a relation. Translated;
 * the code itself when there is none. */
const char *text_of_word(const char *code);

/* Of enum guanjia_err. */
const char *text_of_err(int err);

/* Puts parameters into a text; what has no parameter stays as it is. out is always terminated. */
void text_fill(const char *text, const char *field, const char *const *params, size_t count, char *out, size_t cap);

#endif
