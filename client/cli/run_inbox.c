#include "client/cli/build.h"
#include "client/cli/grid.h"
#include "client/cli/nouns.h"
#include "client/cli/show.h"
#include "client/cli/texts.h"
#include "client/cli/value.h"
#include "common/id.h"
#include "proto/inbox.pb-c.h"

#include <inttypes.h>
#include <string.h>

/* The wire carries codes; the sentence is made here, in the reader's language. */
static const char *sentence(struct cli *cli, const Gj__V1__Notice *notice)
{
    static const char *const names[] = {"{number}", "{timer}", "{stage}"};
    char stage[16];
    char filled[400];
    const char *point = strchr(notice->code, '.');
    const char *text = text_of_notice(notice->code);
    if (text == NULL && strncmp(notice->code, "record.", 7) == 0) {
        return gj_arena_printf(&cli->arena, "%s: %s", notice->number, point + 1); /* somebody's act, by its code */
    }
    if (text == NULL && strncmp(notice->code, "timer.", 6) == 0) {
        return gj_arena_printf(&cli->arena, "%s: %s: %s", notice->number, notice->timer, point + 1);
    }
    if (text == NULL) {
        return gj_arena_printf(&cli->arena, "%s %s", notice->code, notice->number);
    }
    snprintf(stage, sizeof stage, "%" PRIu32, notice->stage);
    const char *const values[] = {notice->number, notice->timer, stage};
    const char *made = CLI_TEXT(text);
    for (size_t n = 0; n < 3 && made != NULL; n++) {
        const char *at = strstr(made, names[n]);
        made = at == NULL
                   ? made
                   : gj_arena_printf(&cli->arena, "%.*s%s%s", (int)(at - made), made, values[n], at + strlen(names[n]));
    }
    if (made == NULL) {
        return "";
    }
    text_fill(made, "", (const char *const *)notice->params, notice->n_params, filled, sizeof filled);
    return gj_arena_strdup(&cli->arena, filled);
}

static bool put_row(struct cli *cli, struct grid *grid, const Gj__V1__Notice *notice)
{
    char id[GJ_ID_TEXT_SIZE];
    char at[VALUE_TIME_SIZE];
    char due[VALUE_TIME_SIZE] = "";
    gj_id_format(notice->id, 0, id);
    value_format_local(notice->at, at);
    if (notice->due_at > 0) {
        value_format_local(notice->due_at, due);
    }
    const char *text = sentence(cli, notice);
    const char *folded = notice->count > 1 ? gj_arena_printf(&cli->arena, "%" PRIu32 "×", notice->count) : "";
    return text != NULL && folded != NULL && grid_cell(grid, id) && grid_cell(grid, at) && grid_cell(grid, text) &&
           grid_cell(grid, due) && grid_cell(grid, folded);
}

int run_inbox_list(struct cli *cli)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__InboxListRequest *request;
    if (cli->format != FORMAT_TABLE || cli->all) {
        return cli_run_generic(cli);
    }
    request = (Gj__V1__InboxListRequest *)cli_new(cli, cli->command->request);
    int code = request == NULL ? EXIT_LOCAL : cli_fill(cli, &request->base);
    if (code == EXIT_OK) {
        code = cli_call(cli, cli->command->call, &request->base, cli->command->reply, &reply);
    }
    if (code != EXIT_OK) {
        return code;
    }
    const Gj__V1__InboxList *list = (const Gj__V1__InboxList *)reply;
    struct grid *grid = grid_new(5);
    bool ok = grid != NULL && grid_cell(grid, show_title("id")) && grid_cell(grid, show_title("at")) &&
              grid_cell(grid, CLI_TEXT("what")) && grid_cell(grid, show_title("due_at")) && grid_cell(grid, "");
    for (size_t n = 0; n < list->n_notices && ok; n++) {
        ok = put_row(cli, grid, list->notices[n]);
    }
    if (ok) {
        grid_print(grid, cli->out);
    }
    grid_free(grid);
    return ok ? EXIT_OK : cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
}
