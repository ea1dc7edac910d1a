#include "client/cli/show_record.h"

#include "client/cli/cell.h"
#include "client/cli/cell_word.h"
#include "client/cli/grid.h"
#include "client/cli/kind.h"
#include "client/cli/show.h"
#include "client/cli/texts.h"
#include "client/cli/value.h"
#include "client/cli/words.h"

#include <inttypes.h>
#include <string.h>

/* ---- head and fields --------------------------------------------------------------------------------------------- */

static bool pair(struct grid *grid, const char *title, const char *value)
{
    return *value == '\0' || (grid_cell(grid, title) && grid_cell(grid, value));
}

/* What the head says by itself, in the order in which a clerk asks for it. */
static bool head_lines(struct cli *cli, struct grid *grid, const Gj__V1__Record *record)
{
    static const char *const names[] = {"id", "number", "kind_code", "office", "state", "priority", "category",
        "assignee", "place", "household", "unit", "asset", "received_at", "recorded_at", "due_at", "created_by",
        "awaiting_office", "pending_act", "pending_by", "parent", "revision", "policy"};
    bool ok = true;
    for (size_t n = 0; n < sizeof names / sizeof names[0] && ok; n++) {
        ok = pair(grid, show_title(names[n]), cell_text(cli, &record->base, names[n]));
    }
    return ok;
}

static bool field_lines(struct cli *cli, struct grid *grid, Gj__V1__Field *const *fields, size_t count)
{
    bool ok = true;
    for (size_t n = 0; n < count && ok; n++) {
        const char *title = kind_title(cli->kind, fields[n]->key);
        ok = pair(grid, title != NULL ? title : fields[n]->key, cell_of_field(cli, cli->kind, fields[n]));
    }
    return ok;
}

static bool people_lines(struct cli *cli, struct grid *grid, const Gj__V1__Record *record)
{
    bool ok = true;
    for (size_t n = 0; n < record->n_links && ok; n++) {
        ok = pair(grid, show_title("links"), cell_short(cli, &record->links[n]->base));
    }
    return ok && pair(grid, show_title("related"), cell_text(cli, &record->base, "related"));
}

static int show_head(struct cli *cli, const Gj__V1__Record *record)
{
    struct grid *grid = grid_new(2);
    bool ok = grid != NULL && head_lines(cli, grid, record) &&
              field_lines(cli, grid, record->fields, record->n_fields) && people_lines(cli, grid, record);
    if (ok && record->n_pending > 0) {
        ok = grid_cell(grid, show_title("pending")) && grid_cell(grid, "") &&
             field_lines(cli, grid, record->pending, record->n_pending);
    }
    if (ok) {
        grid_print(grid, cli->out);
    }
    grid_free(grid);
    return ok ? EXIT_OK : cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
}

/* ---- clocks ------------------------------------------------------------------------------------------------------ */

static const char *clock_time(struct cli *cli, int64_t at)
{
    char text[VALUE_TIME_SIZE];
    value_format_local(at, text);
    const char *copy = at <= 0 ? "" : gj_arena_strdup(&cli->arena, text);
    return copy == NULL ? "" : copy;
}

static bool from_received(const Gj__V1__KindInfo *kind, const char *timer)
{
    for (size_t n = 0; kind != NULL && n < kind->n_from_received; n++) {
        if (strcmp(kind->from_received[n], timer) == 0) {
            return true;
        }
    }
    return false;
}

/* "since 2026-…", "45 min": what was waited for somebody else. */
static const char *pauses(struct cli *cli, const Gj__V1__Timer *timer)
{
    const char *text = "";
    if (timer->paused_ms > 0) {
        int64_t minutes = (timer->paused_ms + 59999) / 60000;
        text = minutes < 60
                   ? gj_arena_printf(&cli->arena, CLI_TEXT("%d min"), (int)minutes)
                   : gj_arena_printf(&cli->arena, CLI_TEXT("%d h %02d min"), (int)(minutes / 60), (int)(minutes % 60));
    }
    if (timer->paused_at > 0 && timer->stopped_at == 0 && text != NULL) {
        text = gj_arena_printf(&cli->arena, CLI_TEXT("%s%snow, since %s"), text, *text != '\0' ? ", " : "",
            clock_time(cli, timer->paused_at));
    }
    return text == NULL ? "" : text;
}

static const char *result(const Gj__V1__Timer *timer)
{
    if (timer->breached) {
        return CLI_TEXT(N_("late"));
    }
    if (timer->met) {
        return CLI_TEXT(N_("in time"));
    }
    return timer->stopped_at != 0 ? CLI_TEXT(N_("stopped"))
           : timer->paused_at > 0 ? CLI_TEXT(N_("paused"))
                                  : CLI_TEXT(N_("running"));
}

static bool clock_row(struct cli *cli, struct grid *grid, const Gj__V1__Record *record, const Gj__V1__Timer *timer)
{
    int64_t started = from_received(cli->kind, timer->name) ? record->received_at : timer->started_at;
    return grid_cell(grid, words_timer(cli->kind, timer->name)) && grid_cell(grid, clock_time(cli, started)) &&
           grid_cell(grid, pauses(cli, timer)) && grid_cell(grid, clock_time(cli, timer->warn_at)) &&
           grid_cell(grid, clock_time(cli, timer->due_at)) && grid_cell(grid, clock_time(cli, timer->stopped_at)) &&
           grid_cell(grid, result(timer)) && grid_cell(grid, *timer->level == '\0' ? "" : text_of_word(timer->level)) &&
           grid_cell(grid, timer->provisional ? CLI_TEXT(N_("yes")) : "");
}

static int show_clocks(struct cli *cli, const Gj__V1__Record *record)
{
    static const char *const titles[] = {N_("clock"), N_("started"), N_("pauses"), N_("warning"), N_("due"),
        N_("stopped"), N_("result"), N_("level"), N_("provisional")};
    struct grid *grid = grid_new(9);
    bool ok = grid != NULL;
    bool any = false;
    for (size_t n = 0; n < 9 && ok; n++) {
        ok = grid_cell(grid, CLI_TEXT(titles[n]));
    }
    for (size_t n = 0; n < record->n_timers && ok; n++) {
        if (record->timers[n]->due_at != 0 || record->timers[n]->stopped_at != 0) { /* the others promise nothing */
            ok = clock_row(cli, grid, record, record->timers[n]);
            any = true;
        }
    }
    if (ok && any) {
        fprintf(cli->out, "\n");
        grid_print(grid, cli->out);
    }
    grid_free(grid);
    return ok ? EXIT_OK : cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
}

/* ---- children, history ------------------------------------------------------------------------------------------- */

static int show_rows(struct cli *cli, const char *title, const char *columns, const ProtobufCMessageDescriptor *type,
    ProtobufCMessage *const *rows, size_t count)
{
    if (count == 0) {
        return EXIT_OK;
    }
    fprintf(cli->out, "\n%s\n", title);
    struct list *list = list_begin(cli, columns, type);
    bool ok = list != NULL;
    for (size_t n = 0; n < count && ok; n++) {
        ok = list_row(list, rows[n]);
    }
    return list == NULL ? cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory")) : list_end(list);
}

int show_record(struct cli *cli, const Gj__V1__Shown *shown)
{
    static const char history[] =
        "event.at event.act event.from_state event.to_state actor_name acting_for level note reason "
        "late_reason old stated_at";
    if (shown->record == NULL) {
        return EXIT_OK;
    }
    cli->office = shown->record->office;
    int code = show_head(cli, shown->record);
    if (code == EXIT_OK) {
        code = show_rows(cli, CLI_TEXT("belonging to it:"), "id number state place received_at",
            &gj__v1__row__descriptor, (ProtobufCMessage *const *)shown->children, shown->n_children);
    }
    code = code == EXIT_OK ? show_clocks(cli, shown->record) : code;
    /* Who is asked instead of the office's own people, and why. */
    code = code == EXIT_OK
               ? show_rows(cli, CLI_TEXT("asked:"), "user role level why consent at", &gj__v1__asked__descriptor,
                     (ProtobufCMessage *const *)shown->record->asked, shown->record->n_asked)
               : code;
    return code == EXIT_OK ? show_rows(cli, CLI_TEXT("history:"), history, &gj__v1__history_line__descriptor,
                                 (ProtobufCMessage *const *)shown->history, shown->n_history)
                           : code;
}
