#ifndef GJ_CLI_SECRET_INPUT_H
#define GJ_CLI_SECRET_INPUT_H

#include "client/cli/cli.h"

/* A password: from the first line of the file named (- is standard input), else from the terminal without echo, twice
 * when it is a new one. Never from the command line, which other users of the machine can read. The text is in the
 * arena, which is wiped at the end. NULL: the reason was said. */
const char *secret_input(struct cli *cli, const char *file, const char *prompt, bool twice);

#endif
