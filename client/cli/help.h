#ifndef GJ_CLI_HELP_H
#define GJ_CLI_HELP_H

#include "client/cli/cli.h"

/* All commands by noun; those of one noun; one command with its options. */
void help_all(struct cli *cli);
void help_noun(struct cli *cli, const char *noun);
void help_command(struct cli *cli, const struct command *command);

/* The noun (noun NULL) or the noun's verb that is nearest to what was typed; NULL: nothing is near. */
const char *help_meant(const char *noun, const char *typed);

/* A completion script for bash, made from the same tables. */
int completion_bash(struct cli *cli);

#endif
