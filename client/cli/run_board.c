#include "client/cli/cell.h"
#include "client/cli/grid.h"
#include "client/cli/nouns.h"
#include "client/cli/show.h"
#include "client/cli/value.h"
#include "client/cli/words.h"
#include "common/policy/view.h"
#include "proto/dispatch.pb-c.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The dispatcher's board: how much stands in which state, each state's tickets with the most urgent first, and who
 * has how much to do. */

#define STATES_MAX 64

struct board {
    struct cli *cli;
    const Gj__V1__Board *said;
    Gj__V1__Row **rows; /* all of them, sorted */
    size_t count;
    int64_t now_ms;
    const char *states[STATES_MAX]; /* those in which something stands, in the order of the work */
    size_t state_count;
};

/* By priority; in each what is late stands first, then the nearest deadline, then the oldest. */
static int by_urgency(const void *left, const void *right)
{
    const Gj__V1__Row *a = *(Gj__V1__Row *const *)left;
    const Gj__V1__Row *b = *(Gj__V1__Row *const *)right;
    int64_t due_a = a->due_at == 0 ? INT64_MAX : a->due_at;
    int64_t due_b = b->due_at == 0 ? INT64_MAX : b->due_at;
    uint32_t rank_a = gj_priority_rank(a->priority);
    uint32_t rank_b = gj_priority_rank(b->priority);
    if (rank_a != rank_b) {
        return rank_a < rank_b ? -1 : 1;
    }
    if (a->breached != b->breached) {
        return a->breached ? -1 : 1;
    }
    if (due_a != due_b) {
        return due_a < due_b ? -1 : 1;
    }
    return (a->received_at > b->received_at) - (a->received_at < b->received_at);
}

static bool gather(struct board *board)
{
    const Gj__V1__Board *said = board->said;
    board->rows = gj_arena_calloc(&board->cli->arena, said->n_unassigned + said->n_assigned + 1, sizeof *board->rows);
    if (board->rows == NULL) {
        return false;
    }
    for (size_t n = 0; n < said->n_unassigned; n++) {
        board->rows[board->count++] = said->unassigned[n];
    }
    for (size_t n = 0; n < said->n_assigned; n++) {
        board->rows[board->count++] = said->assigned[n];
    }
    qsort(board->rows, board->count, sizeof *board->rows, by_urgency);
    return true;
}

static size_t in_state(const struct board *board, const char *state, size_t *late)
{
    size_t count = 0;
    *late = 0;
    for (size_t n = 0; n < board->count; n++) {
        bool here = strcmp(board->rows[n]->state, state) == 0;
        count += here;
        *late += here && board->rows[n]->breached;
    }
    return count;
}

static void add_state(struct board *board, const char *state)
{
    size_t late = 0;
    for (size_t n = 0; n < board->state_count; n++) {
        if (strcmp(board->states[n], state) == 0) {
            return;
        }
    }
    if (board->state_count < STATES_MAX && in_state(board, state, &late) > 0) {
        board->states[board->state_count++] = state;
    }
}

static void find_states(struct board *board)
{
    const Gj__V1__KindInfo *kind = board->cli->kind;
    for (size_t n = 0; kind != NULL && n < kind->n_states; n++) {
        add_state(board, kind->states[n]->code);
    }
    for (size_t n = 0; n < board->count; n++) {
        add_state(board, board->rows[n]->state); /* of an older version of the policy, or without words */
    }
}

/* One column a state: how many, how many of them late. */
static bool print_summary(const struct board *board)
{
    struct cli *cli = board->cli;
    /* A grid has so many columns; whoever has more states than that sees the rest in the sections alone. */
    size_t shown = board->state_count > 20 ? 20 : board->state_count;
    struct grid *grid = grid_new(shown + 1);
    bool ok = grid != NULL && grid_cell(grid, show_title("state"));
    for (size_t n = 0; n < shown && ok; n++) {
        grid_right(grid, n + 1);
        ok = grid_cell(grid, words_state(cli->kind, board->states[n]));
    }
    for (int line = 0; line < 2 && ok; line++) {
        ok = grid_cell(grid, line == 0 ? show_title("open") : show_title("breached"));
        for (size_t n = 0; n < shown && ok; n++) {
            size_t late = 0;
            size_t count = in_state(board, board->states[n], &late);
            const char *text = gj_arena_printf(&cli->arena, "%zu", line == 0 ? count : late);
            ok = text != NULL && grid_cell(grid, text);
        }
    }
    if (ok) {
        grid_print(grid, cli->out);
    }
    grid_free(grid);
    return ok;
}

/* "in 2 h 05 min", "3 d ago": what the dispatcher has to reckon with. */
static const char *until_due(const struct board *board, const Gj__V1__Row *row)
{
    struct cli *cli = board->cli;
    int64_t minutes = (row->due_at - board->now_ms) / 60000;
    bool over = minutes < 0;
    minutes = over ? -minutes : minutes;
    if (row->due_at == 0) {
        return "";
    }
    const char *span = minutes >= 48 * 60 ? gj_arena_printf(&cli->arena, CLI_TEXT("%d d"), (int)(minutes / 1440))
                       : minutes >= 60    ? gj_arena_printf(&cli->arena, CLI_TEXT("%d h %02d min"), (int)(minutes / 60),
                                                (int)(minutes % 60))
                                          : gj_arena_printf(&cli->arena, CLI_TEXT("%d min"), (int)minutes);
    const char *text =
        span == NULL ? NULL : gj_arena_printf(&cli->arena, over ? CLI_TEXT("%s ago") : CLI_TEXT("in %s"), span);
    return text == NULL ? "" : text;
}

static const char *who(const struct board *board, const Gj__V1__Row *row)
{
    for (size_t n = 0; n < board->said->n_technicians; n++) {
        if (row->assignee != 0 && board->said->technicians[n]->user == row->assignee) {
            return board->said->technicians[n]->name;
        }
    }
    return cell_text(board->cli, &row->base, "assignee");
}

static bool put_ticket(const struct board *board, struct grid *grid, const Gj__V1__Row *row)
{
    struct cli *cli = board->cli;
    return grid_cell(grid, row->breached ? "!" : "") && grid_cell(grid, cell_text(cli, &row->base, "id")) &&
           grid_cell(grid, row->number) && grid_cell(grid, cell_text(cli, &row->base, "priority")) &&
           grid_cell(grid, cell_text(cli, &row->base, "due_at")) && grid_cell(grid, until_due(board, row)) &&
           grid_cell(grid, cell_text(cli, &row->base, "received_at")) && grid_cell(grid, who(board, row)) &&
           grid_cell(grid, row->place) && grid_cell(grid, cell_text(cli, &row->base, "category"));
}

static bool print_state(const struct board *board, const char *state)
{
    static const char *const columns[] = {
        "breached", "id", "number", "priority", "due_at", "", "received_at", "assignee", "place", "category"};
    struct grid *grid = grid_new(10);
    size_t late = 0;
    size_t count = in_state(board, state, &late);
    bool ok = grid != NULL;
    for (size_t n = 0; n < 10 && ok; n++) {
        ok = grid_cell(grid, n == 0 ? "" : *columns[n] == '\0' ? "" : show_title(columns[n]));
    }
    for (size_t n = 0; n < board->count && ok; n++) {
        ok = strcmp(board->rows[n]->state, state) != 0 || put_ticket(board, grid, board->rows[n]);
    }
    if (ok) {
        fprintf(board->cli->out, CLI_TEXT("\n%s: %zu, %zu late\n"), words_state(board->cli->kind, state), count, late);
        grid_print(grid, board->cli->out);
    }
    grid_free(grid);
    return ok;
}

static bool put_technician(const struct board *board, struct grid *grid, const Gj__V1__Technician *technician)
{
    struct cli *cli = board->cli;
    size_t late = 0;
    for (size_t n = 0; n < board->count; n++) {
        late += board->rows[n]->assignee == technician->user && board->rows[n]->breached;
    }
    const char *open = gj_arena_printf(&cli->arena, "%" PRIu32, technician->open);
    const char *overdue = gj_arena_printf(&cli->arena, "%zu", late);
    return open != NULL && overdue != NULL && grid_cell(grid, technician->name) && grid_cell(grid, open) &&
           grid_cell(grid, overdue) && grid_cell(grid, technician->absent ? CLI_TEXT(N_("absent")) : "") &&
           grid_cell(grid, technician->certificate_lapsed ? CLI_TEXT(N_("certificate has lapsed")) : "") &&
           grid_cell(grid, cell_text(cli, &technician->base, "trades"));
}

static bool print_people(const struct board *board)
{
    static const char *const columns[] = {"name", "open", "breached", "", "", "trades"};
    struct cli *cli = board->cli;
    if (board->said->n_technicians == 0) {
        fprintf(
            cli->out, "\n%s\n", CLI_TEXT("no technician is entered for this office: guanjia staff put, staff import"));
        return true;
    }
    struct grid *grid = grid_new(6);
    bool ok = grid != NULL;
    for (size_t n = 0; n < 6 && ok; n++) {
        ok = grid_cell(grid, *columns[n] == '\0' ? "" : show_title(columns[n]));
    }
    for (size_t n = 0; n < board->said->n_technicians && ok; n++) {
        ok = put_technician(board, grid, board->said->technicians[n]);
    }
    if (ok) {
        grid_right(grid, 1);
        grid_right(grid, 2);
        fprintf(cli->out, "\n%s\n", CLI_TEXT("technicians:"));
        grid_print(grid, cli->out);
    }
    grid_free(grid);
    return ok;
}

static bool print_board(struct board *board)
{
    struct cli *cli = board->cli;
    char now[VALUE_TIME_SIZE];
    size_t late = 0;
    if (!gather(board)) {
        return false;
    }
    find_states(board);
    for (size_t n = 0; n < board->count; n++) {
        late += board->rows[n]->breached ? 1 : 0;
    }
    value_format_local(board->now_ms, now);
    fprintf(
        cli->out, CLI_TEXT("%s  %s  open %zu, late %zu\n\n"), words_office(cli, cli->office), now, board->count, late);
    bool ok = true;
    if (board->count == 0) {
        fprintf(cli->out, "%s\n", CLI_TEXT("nothing is open"));
    } else {
        ok = print_summary(board);
    }
    for (size_t n = 0; n < board->state_count && ok; n++) {
        ok = print_state(board, board->states[n]);
    }
    ok = ok && print_people(board);
    if (ok && board->said->duty_gaps > 0) {
        fprintf(cli->out, CLI_TEXT("\nthe duty roster has %u gaps ahead: guanjia roster gaps\n"),
            (unsigned)board->said->duty_gaps);
    }
    return ok;
}

int run_board(struct cli *cli)
{
    struct timespec now;
    struct board board = {.cli = cli};
    ProtobufCMessage *reply = NULL;
    Gj__V1__BoardRequest *request = (Gj__V1__BoardRequest *)cli_new(cli, cli->command->request);
    int code = request == NULL ? EXIT_LOCAL : cli_fill(cli, &request->base);
    if (code == EXIT_OK && request->office == 0) {
        code = cli_fail(cli, EXIT_USAGE, "%s", CLI_TEXT("which office? --office CODE; see guanjia office list"));
    }
    code = code == EXIT_OK ? cli_call(cli, cli->command->call, &request->base, cli->command->reply, &reply) : code;
    if (code != EXIT_OK || cli->format != FORMAT_TABLE) {
        return code == EXIT_OK ? show_message(cli, reply, NULL) : code;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    board.now_ms = (int64_t)now.tv_sec * 1000;
    board.said = (const Gj__V1__Board *)reply;
    cli->office = request->office;
    cli->kind = words_kind(cli, "repair_ticket");
    return print_board(&board) ? EXIT_OK : cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
}
