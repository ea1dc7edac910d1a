#ifndef GJ_CLI_CELL_H
#define GJ_CLI_CELL_H

#include "client/cli/cli.h"

/* One value as text for people: ids with their check digit, times in local time, yuan, and the words of the policy
 * instead of its codes. In the arena, never NULL. */

/* path: field names joined with points; of a row also the key of a column that its kind declares. */
const char *cell_text(struct cli *cli, const ProtobufCMessage *message, const char *path);
/* A whole message on one line. */
const char *cell_one_line(struct cli *cli, const ProtobufCMessage *message);

#endif
