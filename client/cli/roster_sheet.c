#include "client/cli/roster_sheet.h"

#include "client/cli/build.h"
#include "client/cli/csv.h"
#include "client/cli/files.h"
#include "client/cli/resolve.h"
#include "client/cli/value.h"
#include "client/cli/words.h"
#include "common/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)1024 * 1024)
#define COLUMNS_MAX 64
#define DAYS_MAX 31

enum column { ROLE, USER, FROM, UNTIL, KIND, COVERS, NAMED };

static const struct {
    const char *english, *chinese;
} names[NAMED] = {
    [ROLE] = {"role", "岗位"},
    [USER] = {"user", "人员"},
    [FROM] = {"from", "起"},
    [UNTIL] = {"until", "止"},
    [KIND] = {"kind", "类别"},
    [COVERS] = {"covers", "顶替"},
};

static const struct {
    const char *chinese, *word;
} kinds[] = {{"当班", "duty"}, {"待命", "standby"}, {"顶岗", "cover"}};

struct sheet {
    struct cli *cli;
    Gj__V1__RosterSetRequest *request;
    bool month;
    uint64_t line;
    size_t at[NAMED]; /* column + 1; 0: not there */
    size_t day[DAYS_MAX];
    char *cells[COLUMNS_MAX];
    size_t count;
};

bool roster_sheet_month(const char *text, int64_t *from, int64_t *until)
{
    char first[16];
    struct gj_date date;
    if (strlen(text) != 7 || snprintf(first, sizeof first, "%s-01", text) != 10 || !gj_date_parse(first, 10, &date)) {
        return false;
    }
    *from = gj_cst_midnight(gj_day_of(date));
    *until = gj_cst_midnight(gj_day_add_months(gj_day_of(date), 1));
    return true;
}

/* "8" or "08:30", up to 24:00. */
static bool read_minute(const char **text, int32_t *out)
{
    char *end = NULL;
    if (**text < '0' || **text > '9') {
        return false;
    }
    long hours = strtol(*text, &end, 10);
    long minutes = 0;
    if (*end == ':' && end[1] >= '0' && end[1] <= '5') {
        minutes = strtol(end + 1, &end, 10);
    }
    *text = end;
    *out = (int32_t)(hours > 24 || minutes > 59 ? -1 : hours * 60 + minutes);
    return *out >= 0 && *out <= 24 * 60;
}

bool roster_sheet_shift(const char *text, struct roster_sheet_shift *out)
{
    text += strspn(text, " ");
    out->standby = *text == '*';
    text += out->standby ? 1 : 0;
    if (!read_minute(&text, &out->from_min) || *text++ != '-' || !read_minute(&text, &out->until_min)) {
        return false;
    }
    if (out->until_min <= out->from_min) {
        out->until_min += 24 * 60;
    }
    return out->from_min < 24 * 60 && text[strspn(text, " ")] == '\0';
}

int roster_sheet_add(struct cli *cli, Gj__V1__RosterSetRequest *request, const Gj__V1__RosterLine *line,
    const char *user, const char *covers)
{
    Gj__V1__RosterLine *added =
        (Gj__V1__RosterLine *)build_message(&cli->arena, build_place(&cli->arena, &request->base, "lines"));
    if (added == NULL) {
        return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
    }
    added->office = request->office;
    added->region = request->region;
    added->from = line->from;
    added->until = line->until;
    added->role = gj_arena_strdup(&cli->arena, line->role);
    added->kind = gj_arena_strdup(&cli->arena, line->kind);
    int code = resolve_user(cli, user, &added->user);
    return code == EXIT_OK && covers != NULL && *covers != '\0' ? resolve_user(cli, covers, &added->covers) : code;
}

static int wrong(const struct sheet *sheet, const char *cell)
{
    return cli_fail(sheet->cli, EXIT_USAGE, CLI_TEXT("line %llu of the roster: “%s” is not understood"),
        (unsigned long long)sheet->line, cell);
}

static const char *cell(const struct sheet *sheet, enum column column)
{
    size_t at = sheet->at[column];
    return at == 0 || at > sheet->count ? "" : sheet->cells[at - 1];
}

static int read_header(struct sheet *sheet)
{
    for (size_t i = 0; i < sheet->count; i++) {
        char *end = NULL;
        long day = strtol(sheet->cells[i], &end, 10);
        if (day >= 1 && day <= DAYS_MAX && (*end == '\0' || strcmp(end, "日") == 0)) {
            sheet->day[day - 1] = i + 1;
            continue;
        }
        bool known = false;
        for (size_t column = 0; column < NAMED && !known; column++) {
            known = strcmp(sheet->cells[i], names[column].english) == 0 ||
                    strcmp(sheet->cells[i], names[column].chinese) == 0;
            sheet->at[column] = known ? i + 1 : sheet->at[column];
        }
        if (!known && sheet->cells[i][0] != '\0') {
            return wrong(sheet, sheet->cells[i]);
        }
    }
    bool whole = sheet->at[ROLE] != 0 && sheet->at[USER] != 0 &&
                 (sheet->month || (sheet->at[FROM] != 0 && sheet->at[UNTIL] != 0));
    return whole ? EXIT_OK
                 : cli_fail(sheet->cli, EXIT_USAGE, "%s",
                       CLI_TEXT(
                           "the roster needs the columns role and user, and from and until, or the days of --month"));
}

/* The code of a role, by its code or by its name. */
static char *role_of(struct cli *cli, const char *text)
{
    const Gj__V1__KindList *all = words_all(cli);
    for (size_t i = 0; all != NULL && i < all->n_roles; i++) {
        if (strcmp(all->roles[i]->zh, text) == 0 || strcmp(all->roles[i]->en, text) == 0) {
            return all->roles[i]->code;
        }
    }
    return (char *)(uintptr_t)text;
}

static char *kind_of(const char *text)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].chinese, text) == 0) {
            return (char *)(uintptr_t)kinds[i].word;
        }
    }
    return (char *)(uintptr_t)text;
}

static int read_shift(struct sheet *sheet)
{
    Gj__V1__RosterLine line = GJ__V1__ROSTER_LINE__INIT;
    line.role = role_of(sheet->cli, cell(sheet, ROLE));
    line.kind = kind_of(cell(sheet, KIND));
    if (!value_sheet_time(cell(sheet, FROM), &line.from) && !value_time(cell(sheet, FROM), &line.from)) {
        return wrong(sheet, cell(sheet, FROM));
    }
    if (!value_sheet_time(cell(sheet, UNTIL), &line.until) && !value_time(cell(sheet, UNTIL), &line.until)) {
        return wrong(sheet, cell(sheet, UNTIL));
    }
    return roster_sheet_add(sheet->cli, sheet->request, &line, cell(sheet, USER), cell(sheet, COVERS));
}

static int read_day(struct sheet *sheet, size_t day, char *text)
{
    Gj__V1__RosterLine line = GJ__V1__ROSTER_LINE__INIT;
    int64_t midnight = sheet->request->from + (int64_t)day * GJ_MS_PER_DAY;
    char *rest = NULL;
    int code = EXIT_OK;
    if (strcmp(text, "休") == 0 || strcmp(text, "-") == 0) {
        return EXIT_OK;
    }
    line.role = role_of(sheet->cli, cell(sheet, ROLE));
    for (char *part = strtok_r(text, "/", &rest); part != NULL && code == EXIT_OK; part = strtok_r(NULL, "/", &rest)) {
        struct roster_sheet_shift shift;
        if (!roster_sheet_shift(part, &shift)) {
            return wrong(sheet, part);
        }
        line.kind = (char *)(uintptr_t)(shift.standby ? "standby" : "duty");
        line.from = midnight + shift.from_min * GJ_MS_PER_MINUTE;
        line.until = midnight + shift.until_min * GJ_MS_PER_MINUTE;
        code = roster_sheet_add(sheet->cli, sheet->request, &line, cell(sheet, USER), NULL);
    }
    return code;
}

static int read_row(struct sheet *sheet)
{
    int code = EXIT_OK;
    if (!sheet->month) {
        return read_shift(sheet);
    }
    for (size_t day = 0; day < DAYS_MAX && code == EXIT_OK; day++) {
        if (sheet->day[day] != 0 && sheet->day[day] <= sheet->count) {
            code = read_day(sheet, day, sheet->cells[sheet->day[day] - 1]);
        }
    }
    return code;
}

int roster_sheet_read(struct cli *cli, const char *path, bool month, Gj__V1__RosterSetRequest *request)
{
    struct sheet sheet = {.cli = cli, .request = request, .month = month, .line = 1};
    const char *text = NULL;
    size_t len = 0;
    int code = files_read_csv(cli, path, FILE_MAX, &text, &len);
    while (code == EXIT_OK && len > 0) {
        size_t lines = 0;
        size_t row = csv_row(text, len, &lines);
        char *copy = gj_arena_strndup(&cli->arena, text, row);
        if (copy == NULL) {
            return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
        }
        if (strspn(copy, "\r\n, ") != row) {
            if (!csv_split(copy, row, sheet.cells, COLUMNS_MAX, &sheet.count)) {
                return wrong(&sheet, copy);
            }
            code = sheet.line == 1 ? read_header(&sheet) : read_row(&sheet);
        }
        text += row;
        len -= row;
        sheet.line += lines;
    }
    return code;
}
