#ifndef GJ_CLI_KIND_H
#define GJ_CLI_KIND_H

#include "client/cli/cli.h"
#include "proto/register.pb-c.h"

/* The declaration of the kind that a command is about, asked from the server once and kept in cli->kind: it says of
 * which type a field is and what a list shows, so that nobody has to write it down by hand. */

/* Loads it. Each says what is wrong and gives an exit code. */
int kind_load(struct cli *cli, const char *code);
/* Loads the one whose fields the line gives without saying their type; does nothing when there are none such. For the
 * outbox the copy kept in the profile is taken (words.h). */
int kind_for_fields(struct cli *cli);

/* The field with the key, or NULL. kind may be NULL. */
const Gj__V1__KindField *kind_field(const Gj__V1__KindInfo *kind, const char *key);
/* How a value of it is written on a line (fields.h): n, m, b, t, r, x, l, or s. field NULL: s. */
char kind_letter(const Gj__V1__KindField *field);
/* What a column is called, in the language of the messages; NULL when the kind does not declare it. */
const char *kind_title(const Gj__V1__KindInfo *kind, const char *key);

#endif
