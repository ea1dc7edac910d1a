#include "client/cli/files.h"
#include "client/cli/grid.h"
#include "client/cli/nouns.h"
#include "client/cli/show.h"
#include "client/cli/texts.h"
#include "client/cli/value.h"
#include "client/cli/words.h"
#include "common/calendar.h"
#include "common/policy/explain.h"
#include "common/policy/policy.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Policies and calendars on the disk, without a server. */

static int print_problems(struct cli *cli, const struct gj_problems *problems)
{
    char line[400];
    for (size_t n = 0; n < problems->count; n++) {
        gj_problem_format(&problems->items[n], line, sizeof line);
        fprintf(cli->out, "%s\n", line);
    }
    if (problems->total > problems->count) {
        fprintf(cli->out, CLI_TEXT("and %zu more\n"), problems->total - problems->count);
    }
    return EXIT_FOUND;
}

static const char *policy_folder(struct cli *cli)
{
    const char *given = cli_arg(cli, "policy");
    given = given != NULL ? given : getenv("GUANJIA_POLICY");
    return given != NULL ? given : files_find(cli, "policy");
}

static int load_policy(struct cli *cli, const char *folder, struct gj_policy **out)
{
    static struct gj_problems problems;
    if (folder == NULL) {
        return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("no policy is installed: say --policy FOLDER"));
    }
    gj_problems_init(&problems);
    enum gj_err err = gj_policy_load_folder(folder, 1, out, &problems);
    if (err == GJ_OK) {
        return EXIT_OK;
    }
    return problems.count > 0 ? print_problems(cli, &problems)
                              : cli_fail(cli, EXIT_LOCAL, "%s: %s", folder, gj_err_text(err));
}

static int load_calendar(struct cli *cli, struct gj_calendar **out)
{
    struct gj_calendar_fault fault = {0};
    const char *path = cli_arg(cli, "calendar");
    path = path != NULL ? path : getenv("GUANJIA_CALENDAR");
    path = path != NULL ? path : files_find(cli, "calendars/cn.tsv");
    if (path == NULL) {
        return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("no calendar is installed: say --calendar FILE"));
    }
    enum gj_err err = gj_calendar_load(path, out, &fault);
    if (err == GJ_OK) {
        return EXIT_OK;
    }
    return fault.line > 0
               ? cli_fail(cli, EXIT_FOUND, "%s:%zu: %s", path, fault.line, fault.text)
               : cli_fail(cli, EXIT_LOCAL, "%s: %s", path, *fault.text != '\0' ? fault.text : gj_err_text(err));
}

static bool ends_with(const char *text, const char *ending)
{
    size_t len = strlen(text);
    size_t end = strlen(ending);
    return len >= end && strcmp(text + len - end, ending) == 0;
}

static int check_calendar(struct cli *cli, const char *path)
{
    struct gj_calendar_fault fault = {0};
    struct gj_calendar *calendar = NULL;
    int32_t first;
    int32_t last;
    enum gj_err err = gj_calendar_load(path, &calendar, &fault);
    if (err != GJ_OK && fault.line == 0 && err != GJ_EINVAL) {
        return cli_fail(cli, EXIT_LOCAL, "%s: %s", path, gj_err_text(err));
    }
    if (err != GJ_OK) {
        fprintf(cli->out, "%s:%zu: %s\n", path, fault.line, fault.text);
        return EXIT_FOUND;
    }
    gj_calendar_years(calendar, &first, &last);
    for (int32_t year = first; year <= last; year++) {
        fprintf(cli->out, "%d %s\n", (int)year,
            gj_calendar_year_official(calendar, year) ? CLI_TEXT("official")
                                                      : CLI_TEXT("projected: due dates will be provisional"));
    }
    gj_calendar_free(calendar);
    return EXIT_OK;
}

int run_policy_check(struct cli *cli)
{
    struct stat st;
    struct gj_policy *policy = NULL;
    const char *path = cli_arg(cli, "FILE");
    if (ends_with(path, ".tsv")) {
        return check_calendar(cli, path);
    }
    /* A part can only be judged with the whole: any file of a policy stands for its folder. */
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        char *folder = gj_arena_strdup(&cli->arena, path);
        char *slash = folder == NULL ? NULL : strrchr(folder, '/');
        if (slash != NULL) {
            *slash = '\0';
            path = ends_with(folder, "/forms") ? gj_arena_printf(&cli->arena, "%s/..", folder) : folder;
        } else {
            path = ".";
        }
    }
    int code = load_policy(cli, path, &policy);
    if (code == EXIT_OK) {
        fprintf(cli->out, CLI_TEXT("no mistakes: %zu kinds, %zu categories, %zu obligations\n"), policy->kind_count,
            policy->category_count, policy->obligation_count);
    }
    gj_policy_free(policy);
    return code;
}

/* ---- explain ----------------------------------------------------------------------------------------------------- */

static json_t *time_or_null(int64_t at_ms)
{
    char text[VALUE_TIME_SIZE];
    if (at_ms == 0) {
        return json_null();
    }
    value_format_time(at_ms, text);
    return json_string(text);
}

static json_t *row_json(const struct gj_explain_row *row, int64_t at_ms)
{
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:s,s:s,s:b,s:b,s:s}", "name", row->name, "zh", row->label.zh,
        "en", row->label.en, "clock", row->clock, "limit", row->limit, "started",
        time_or_null(row->from_received ? at_ms : 0), "due", time_or_null(row->due_ms), "warn_at",
        time_or_null(row->warn_ms), "rule", row->rule, "level", row->level, "provisional", (int)row->provisional,
        "pausable", (int)row->pausable, "starts", row->starts == NULL ? "" : row->starts);
}

static const char *act_title(const struct gj_kind *kind, const char *act)
{
    uint16_t at = kind == NULL || act == NULL ? GJ_NO_INDEX : gj_kind_act(kind, act);
    return act == NULL         ? ""
           : at == GJ_NO_INDEX ? act
           : words_english()   ? kind->acts[at].label.en
                               : kind->acts[at].label.zh;
}

/* A clock from the receipt starts then; the others with an act, whose moment is not known yet: the times shown are
 * those of an act at the same moment. */
static bool explain_row(
    struct cli *cli, struct grid *grid, const struct gj_kind *kind, const struct gj_explain_row *row, int64_t at_ms)
{
    char started[VALUE_TIME_SIZE];
    char due[VALUE_TIME_SIZE];
    char warn[VALUE_TIME_SIZE];
    value_format_local(at_ms, started);
    value_format_local(row->due_ms, due);
    value_format_local(row->warn_ms, warn);
    const char *act = act_title(kind, row->starts);
    const char *from = row->from_received ? started : gj_arena_printf(&cli->arena, CLI_TEXT("with: %s"), act);
    return from != NULL && grid_cell(grid, words_english() ? row->label.en : row->label.zh) && grid_cell(grid, from) &&
           grid_cell(grid, row->limit) && grid_cell(grid, row->warn_ms == 0 ? "—" : warn) &&
           grid_cell(grid, row->due_ms == 0 ? "—" : due) && grid_cell(grid, row->pausable ? CLI_TEXT(N_("yes")) : "") &&
           grid_cell(grid, text_of_word(row->level)) && grid_cell(grid, row->provisional ? CLI_TEXT(N_("yes")) : "") &&
           grid_cell(grid, row->rule);
}

static int explain_table(
    struct cli *cli, const struct gj_kind *kind, const struct gj_explain_row *rows, size_t count, int64_t at_ms)
{
    static const char *const titles[] = {N_("clock"), N_("started"), N_("limit"), N_("warning"), N_("due"),
        N_("pauses"), N_("level"), N_("provisional"), N_("rule")};
    struct grid *grid = grid_new(9);
    bool ok = grid != NULL;
    for (size_t n = 0; n < 9 && ok; n++) {
        ok = grid_cell(grid, CLI_TEXT(titles[n]));
    }
    for (size_t n = 0; n < count && ok; n++) {
        ok = explain_row(cli, grid, kind, &rows[n], at_ms);
    }
    if (ok && count == 0) {
        fprintf(cli->out, "%s\n", CLI_TEXT("no clock would run"));
    } else if (ok) {
        grid_print(grid, cli->out);
    }
    grid_free(grid);
    return ok ? EXIT_OK : EXIT_LOCAL;
}

/* `repair` is short for `repair_ticket` as long as no other kind begins like that. */
static const char *whole_kind(const struct gj_policy *policy, const char *text)
{
    const char *found = text;
    size_t len = strlen(text);
    size_t matches = 0;
    for (size_t n = 0; n < policy->kind_count; n++) {
        const char *code = policy->kinds[n]->code;
        if (strcmp(code, text) == 0) {
            return text;
        }
        if (strncmp(code, text, len) == 0 && code[len] == '_') {
            found = code;
            matches++;
        }
    }
    return matches == 1 ? found : text;
}

static int explain(struct cli *cli, const struct gj_policy *policy, const struct gj_calendar *calendar)
{
    struct gj_explain_row rows[GJ_TIMERS_MAX];
    struct gj_refusal refusal = {0};
    size_t count = 0;
    struct gj_explain_request request = {
        .kind = whole_kind(policy, cli_arg(cli, "kind")),
        .category = cli_arg(cli, "category"),
        .priority = cli_arg(cli, "priority"),
        .city = cli_arg(cli, "city"),
        .profile = cli_arg(cli, "profile"),
        .office = cli_arg(cli, "office"),
        .weather = cli_arg(cli, "weather"),
    };
    const char *at = cli_arg(cli, "at") != NULL ? cli_arg(cli, "at") : "now";
    if (!value_time(at, &request.at_ms)) {
        return cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not a time, e.g. 2026-02-13T15:00+08:00"), at);
    }
    if (!gj_explain(policy, calendar, &request, rows, &count, &refusal)) {
        return cli_fail(cli, EXIT_FOUND, CLI_TEXT("the policy has no such %s"), refusal.field);
    }
    if (cli->format == FORMAT_TABLE) {
        return explain_table(cli, gj_policy_kind(policy, request.kind), rows, count, request.at_ms);
    }
    json_t *array = json_array();
    for (size_t n = 0; n < count; n++) {
        json_array_append_new(array, row_json(&rows[n], request.at_ms));
    }
    return show_json(cli, array);
}

int run_policy_explain(struct cli *cli)
{
    struct gj_policy *policy = NULL;
    struct gj_calendar *calendar = NULL;
    int code = load_policy(cli, policy_folder(cli), &policy);
    code = code == EXIT_OK ? load_calendar(cli, &calendar) : code;
    code = code == EXIT_OK ? explain(cli, policy, calendar) : code;
    gj_calendar_free(calendar);
    gj_policy_free(policy);
    return code;
}

int run_policy_workday(struct cli *cli)
{
    struct gj_policy *policy = NULL;
    struct gj_calendar *calendar = NULL;
    struct gj_date date;
    char from[GJ_DATE_TEXT_SIZE];
    char due[GJ_DATE_TEXT_SIZE];
    char until[VALUE_TIME_SIZE];
    int64_t days = 0;
    const char *text = cli_arg(cli, "from");
    if (!gj_date_parse(text, strlen(text), &date) || !value_number(cli_arg(cli, "days"), &days) || days < 0 ||
        days > GJ_WORKING_DAYS_MAX) {
        return cli_fail(cli, EXIT_USAGE, CLI_TEXT("--from takes YYYY-MM-DD, --days 0 to %d"), GJ_WORKING_DAYS_MAX);
    }
    /* The policy only says when the office closes; without one a day ends at midnight. */
    const char *folder = policy_folder(cli);
    int code = folder == NULL ? EXIT_OK : load_policy(cli, folder, &policy);
    code = code == EXIT_OK ? load_calendar(cli, &calendar) : code;
    if (code != EXIT_OK) {
        gj_policy_free(policy);
        return code;
    }
    struct gj_explain_workday found = gj_explain_workday(policy, calendar, gj_day_of(date), (int32_t)days);
    gj_date_format(found.from, from);
    gj_date_format(found.due, due);
    value_format_time(found.due_ms, until);
    if (cli->format != FORMAT_TABLE) {
        code = show_json(cli, json_pack("{s:s,s:I,s:s,s:s,s:b,s:b}", "from", from, "days", (json_int_t)days, "due", due,
                                  "due_at", until, "provisional", (int)found.provisional, "alarm", (int)found.alarm));
    } else {
        fprintf(cli->out, "%s%s\n", due,
            found.provisional ? CLI_TEXT(" (provisional: a year's table is missing or projected)") : "");
    }
    gj_calendar_free(calendar);
    gj_policy_free(policy);
    return code;
}
