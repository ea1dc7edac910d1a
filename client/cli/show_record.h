#ifndef GJ_CLI_SHOW_RECORD_H
#define GJ_CLI_SHOW_RECORD_H

#include "client/cli/cli.h"
#include "proto/register.pb-c.h"

/* A record for people: its head, its fields by their declared titles, the records under it, its clocks, its history.
 * cli->kind is its kind, where that is known. An exit code. */
int show_record(struct cli *cli, const Gj__V1__Shown *shown);

#endif
