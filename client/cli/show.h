#ifndef GJ_CLI_SHOW_H
#define GJ_CLI_SHOW_H

#include "client/cli/cli.h"

#include <jansson.h>

/* Printing answers in the format of the line. Lists may come in several pages. */
struct list;

/* columns: names of fields of a row's message, separated by blanks. NULL: out of memory. */
struct list *list_begin(struct cli *cli, const char *columns, const ProtobufCMessageDescriptor *type);
/* The cells of this column are shown whole, however long: what is cut off would be missed. It stays the caller's. */
void list_whole(struct list *list, const char *column);
bool list_row(struct list *list, const ProtobufCMessage *row);
/* Prints what has not been printed and frees. */
int list_end(struct list *list);
/* Frees without printing: what went wrong has been said. */
void list_abandon(struct list *list);

/* What a list for people says when it is empty; no heading stands over nothing. */
void show_nothing(struct cli *cli);

/* One thing: JSON, or one line per field that says something. columns may be NULL for all. */
int show_message(struct cli *cli, const ProtobufCMessage *message, const char *columns);

/* The heading of a field: translated where it has a title, else its name. */
const char *show_title(const char *field_name);

/* JSON on stdout: indented for FORMAT_JSON, one line for FORMAT_NDJSON. Takes the value. */
int show_json(struct cli *cli, json_t *value);

#endif
