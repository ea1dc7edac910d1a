#include "client/cli/grid.h"
#include "client/cli/nouns.h"
#include "client/cli/roster_sheet.h"
#include "client/cli/show.h"
#include "client/cli/value.h"
#include "client/cli/words.h"
#include "common/calendar.h"
#include "proto/admin.pb-c.h"

#include <inttypes.h>
#include <string.h>

/* Roles a month is shown with side by side. */
#define ROLES_MAX 8

/* ROLE,USER,FROM,UNTIL[,KIND[,COVERS]] */
static int add_line(struct cli *cli, Gj__V1__RosterSetRequest *request, const char *text)
{
    char *rest = NULL;
    char *copy = gj_arena_strdup(&cli->arena, text);
    char *parts[6] = {NULL};
    for (size_t n = 0; n < 6 && copy != NULL; n++) {
        parts[n] = strtok_r(n == 0 ? copy : NULL, ",", &rest);
    }
    Gj__V1__RosterLine line = GJ__V1__ROSTER_LINE__INIT;
    if (parts[3] == NULL || !value_time(parts[2], &line.from) || !value_time(parts[3], &line.until)) {
        return cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not ROLE,USER,FROM,UNTIL"), text);
    }
    line.role = parts[0];
    line.kind = parts[4] != NULL ? parts[4] : line.kind;
    return roster_sheet_add(cli, request, &line, parts[1], parts[5]);
}

/* --month stands for --from and --until. */
static int read_month(struct cli *cli, int64_t *from, int64_t *until)
{
    const char *month = cli_arg(cli, "month");
    if (month == NULL || roster_sheet_month(month, from, until)) {
        return EXIT_OK;
    }
    return cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not a month like 2026-12"), month);
}

int run_roster_set(struct cli *cli)
{
    Gj__V1__RosterSetRequest *request = (Gj__V1__RosterSetRequest *)cli_new(cli, cli->command->request);
    int code = request == NULL ? EXIT_LOCAL : cli_fill(cli, &request->base);
    if (code == EXIT_OK) {
        code = read_month(cli, &request->from, &request->until);
    }
    if (code == EXIT_OK && (request->from == 0 || request->until == 0)) {
        code = cli_fail(cli, EXIT_USAGE, "%s", CLI_TEXT("say for which time: --month, or --from and --until"));
    }
    for (size_t n = 0; n < cli->arg_count && code == EXIT_OK; n++) {
        if (strcmp(cli->args[n].row->name, "LINE") == 0) {
            code = add_line(cli, request, cli->args[n].value);
        }
    }
    if (code == EXIT_OK && cli_arg(cli, "csv") != NULL) {
        code = roster_sheet_read(cli, cli_arg(cli, "csv"), cli_arg(cli, "month") != NULL, request);
    }
    return code == EXIT_OK ? cli_send(cli, &request->base) : code;
}

/* ---- a month to read ---- */

struct month {
    struct cli *cli;
    const Gj__V1__RosterList *list;
    uint64_t office;
    const char *roles[ROLES_MAX];
    size_t role_count;
};

static void find_roles(struct month *month)
{
    for (size_t n = 0; n < month->list->n_lines; n++) {
        bool known = false;
        for (size_t i = 0; i < month->role_count && !known; i++) {
            known = strcmp(month->roles[i], month->list->lines[n]->role) == 0;
        }
        if (!known && month->role_count < ROLES_MAX) {
            month->roles[month->role_count++] = month->list->lines[n]->role;
        }
    }
}

static const char *person(const struct month *month, uint64_t user)
{
    const char *name = words_person(month->cli, month->office, user);
    return name != NULL ? name : gj_arena_printf(&month->cli->arena, "%" PRIu64, user);
}

/* "8:00-16:00 王芳" with what it is when it is no plain duty. */
static const char *shift(const struct month *month, const char *before, const Gj__V1__RosterLine *line)
{
    struct gj_arena *arena = &month->cli->arena;
    int64_t from = gj_cst_time_of_day(line->from) / GJ_MS_PER_MINUTE;
    int64_t until = gj_cst_time_of_day(line->until) / GJ_MS_PER_MINUTE;
    const char *what = "";
    if (strcmp(line->kind, "standby") == 0) {
        what = CLI_TEXT(N_(" (standby)"));
    } else if (strcmp(line->kind, "cover") == 0) {
        what = gj_arena_printf(arena, CLI_TEXT(N_(" (for %s)")), person(month, line->covers));
    }
    return gj_arena_printf(arena, "%s%s%" PRId64 ":%02" PRId64 "-%" PRId64 ":%02" PRId64 " %s%s", before,
        *before == '\0' ? "" : "; ", from / 60, from % 60, until / 60, until % 60, person(month, line->user),
        what == NULL ? "" : what);
}

static bool put_day(const struct month *month, struct grid *grid, gj_day day)
{
    struct gj_date date = gj_date_of(day);
    const char *text = gj_arena_printf(&month->cli->arena, "%02d-%02d", (int)date.month, (int)date.day);
    bool ok = text != NULL && grid_cell(grid, text);
    for (size_t i = 0; i < month->role_count && ok; i++) {
        const char *shifts = "";
        for (size_t n = 0; n < month->list->n_lines && shifts != NULL; n++) {
            const Gj__V1__RosterLine *line = month->list->lines[n];
            if (gj_cst_day(line->from) == day && strcmp(line->role, month->roles[i]) == 0) {
                shifts = shift(month, shifts, line);
            }
        }
        ok = shifts != NULL && grid_cell(grid, shifts);
    }
    return ok;
}

static int print_month(struct month *month, int64_t from, int64_t until)
{
    find_roles(month);
    if (month->list->n_lines == 0) {
        show_nothing(month->cli);
        return EXIT_OK;
    }
    struct grid *grid = grid_new(month->role_count + 1);
    bool ok = grid != NULL && grid_cell(grid, CLI_TEXT(N_("day")));
    for (size_t i = 0; i < month->role_count && ok; i++) {
        ok = grid_cell(grid, words_role(month->cli, month->roles[i]));
    }
    for (gj_day day = gj_cst_day(from); day < gj_cst_day(until) && ok; day++) {
        ok = put_day(month, grid, day);
    }
    if (ok) {
        grid_print(grid, month->cli->out);
    }
    grid_free(grid);
    return ok ? EXIT_OK : cli_fail(month->cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
}

int run_roster_list(struct cli *cli)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__RosterListRequest *request = (Gj__V1__RosterListRequest *)cli_new(cli, cli->command->request);
    int code = request == NULL ? EXIT_LOCAL : cli_fill(cli, &request->base);
    if (code == EXIT_OK) {
        code = read_month(cli, &request->from, &request->until);
    }
    if (code != EXIT_OK) {
        return code;
    }
    if (cli_arg(cli, "month") == NULL || cli->format != FORMAT_TABLE) {
        return cli_send_list(cli, &request->base, cli->command->columns);
    }
    code = cli_call(cli, cli->command->call, &request->base, cli->command->reply, &reply);
    struct month month = {.cli = cli, .list = (const Gj__V1__RosterList *)reply, .office = request->office};
    return code == EXIT_OK ? print_month(&month, request->from, request->until) : code;
}
