#ifndef GJ_CLI_ROSTER_SHEET_H
#define GJ_CLI_ROSTER_SHEET_H

#include "client/cli/cli.h"
#include "proto/admin.pb-c.h"

/* A roster as offices keep it in a spreadsheet, saved as CSV. Either one line per shift, with the columns role, user,
 * from, until and perhaps kind and covers; or one line per person, with the columns role, user and the days 1 to 31 of
 * a month. A day's cell is empty, "休" or "-" when the person is off, else shifts like 8-16 or 20-8 (which ends on the
 * next day), a * before one that is standby, several with a / between them. */

/* "2026-12": its first moment and that of the next month. */
bool roster_sheet_month(const char *text, int64_t *from, int64_t *until);

/* One shift of a cell, in minutes from the day's midnight. False: it is none. */
struct roster_sheet_shift {
    int32_t from_min, until_min;
    bool standby;
};
bool roster_sheet_shift(const char *text, struct roster_sheet_shift *out);

/* Adds the file's lines to the request, whose office, region and from are set. month: where the days are, or false.
 * An exit code; what is wrong has been said. */
int roster_sheet_read(struct cli *cli, const char *path, bool month, Gj__V1__RosterSetRequest *request);

/* Adds one line. user and covers are names; covers may be NULL. */
int roster_sheet_add(struct cli *cli, Gj__V1__RosterSetRequest *request, const Gj__V1__RosterLine *line,
    const char *user, const char *covers);

#endif
