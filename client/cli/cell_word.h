#ifndef GJ_CLI_CELL_WORD_H
#define GJ_CLI_CELL_WORD_H

#include "client/cli/cli.h"
#include "proto/record.pb-c.h"

/* Codes in messages and the words that stand for them. */

/* The word for a field that holds a code, by the field's name and the kind that the message is of (cli->kind when it
 * does not say). NULL: the field holds no code; its value is shown as it is. */
const char *cell_word(struct cli *cli, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);
/* The same for one element of a list of codes: fields that an act needs, trades. Never NULL. */
const char *cell_key_word(struct cli *cli, const char *field, const char *code);

/* The value of a form's field, by the type that the kind declares (kind may be NULL). Never NULL. */
const char *cell_of_field(struct cli *cli, const Gj__V1__KindInfo *kind, const Gj__V1__Field *field);
/* Messages that are said in fewer words than field by field: lines of a table, grants, labels. NULL: not one of them.
 */
const char *cell_short(struct cli *cli, const ProtobufCMessage *message);

/* A number scaled by decimals, trailing zeros left out. */
const char *cell_scaled(struct cli *cli, int64_t value, unsigned decimals);
/* Fen as yuan. */
const char *cell_money(struct cli *cli, int64_t fen);

#endif
