#ifndef GJ_CLI_RESOLVE_H
#define GJ_CLI_RESOLVE_H

#include "client/cli/cli.h"

/* Names that people use, turned into ids by asking the server; numbers need no question. Each says what is wrong and
 * gives an exit code. */
int resolve_id(struct cli *cli, const char *text, uint64_t *out);
int resolve_office(struct cli *cli, const char *text, uint64_t *out);
int resolve_user(struct cli *cli, const char *text, uint64_t *out);
int resolve_record(struct cli *cli, const char *text, uint64_t *out);

#endif
