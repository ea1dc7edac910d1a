#include "client/cli/build.h"
#include "client/cli/nouns.h"
#include "client/cli/resolve.h"
#include "client/cli/value.h"
#include "proto/admin.pb-c.h"

#include <string.h>

/* ROLE,USER,FROM,UNTIL */
static int add_line(struct cli *cli, Gj__V1__RosterSetRequest *request, const char *text)
{
    char *rest = NULL;
    char *copy = gj_arena_strdup(&cli->arena, text);
    const char *parts[4] = {NULL};
    for (size_t n = 0; n < 4 && copy != NULL; n++) {
        parts[n] = strtok_r(n == 0 ? copy : NULL, ",", &rest);
    }
    Gj__V1__RosterLine *line =
        (Gj__V1__RosterLine *)build_message(&cli->arena, build_place(&cli->arena, &request->base, "lines"));
    if (line == NULL || parts[3] == NULL || !value_time(parts[2], &line->from) || !value_time(parts[3], &line->until)) {
        return cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not ROLE,USER,FROM,UNTIL"), text);
    }
    line->role = gj_arena_strdup(&cli->arena, parts[0]);
    line->office = request->office;
    line->region = request->region;
    return resolve_user(cli, parts[1], &line->user);
}

int run_roster_set(struct cli *cli)
{
    Gj__V1__RosterSetRequest *request = (Gj__V1__RosterSetRequest *)cli_new(cli, cli->command->request);
    int code = request == NULL ? EXIT_LOCAL : cli_fill(cli, &request->base);
    for (size_t n = 0; n < cli->arg_count && code == EXIT_OK; n++) {
        if (strcmp(cli->args[n].row->name, "LINE") == 0) {
            code = add_line(cli, request, cli->args[n].value);
        }
    }
    return code == EXIT_OK ? cli_send(cli, &request->base) : code;
}
