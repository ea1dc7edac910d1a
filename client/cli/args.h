#ifndef GJ_CLI_ARGS_H
#define GJ_CLI_ARGS_H

#include "client/cli/cli.h"

/* Takes the command line apart: global options may stand anywhere, the noun and verb come first among the words,
 * "--name value" and "--name=value" are the same, "--" ends the options.
 *   guanjia [OPTION…] NOUN [VERB] [ARGUMENT…] [OPTION…]
 * EXIT_OK, or EXIT_USAGE with the reason said. *help: help was asked for; *version likewise. With help the command may
 * be incomplete: cli->command is then NULL and *noun what was given, or NULL. */
struct args_result {
    bool help;
    bool version;
    const char *noun;
};
int args_parse(struct cli *cli, int argc, char *const *argv, struct args_result *result);

/* The options every command has. */
extern const struct option_row args_global[];

#endif
