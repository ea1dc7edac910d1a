#include "client/cli/grid.h"
#include "client/cli/nouns.h"
#include "client/cli/show.h"
#include "client/cli/texts.h"
#include "client/cli/value.h"
#include "client/cli/words.h"
#include "common/id.h"
#include "proto/inbox.pb-c.h"

#include <inttypes.h>
#include <string.h>

#define PARAMS_MAX 8

/* {name} in a text becomes its value. */
static const char *put_value(struct cli *cli, const char *text, const char *name, const char *value)
{
    const char *at = text == NULL ? NULL : strstr(text, name);
    return at == NULL ? text
                      : gj_arena_printf(&cli->arena, "%.*s%s%s", (int)(at - text), text, value, at + strlen(name));
}

/* A parameter may be the code of a state, an act, a role or a level, or a time; anything else stands for itself. */
static const char *param_word(struct cli *cli, const Gj__V1__KindInfo *kind, const char *code)
{
    const char *word = words_state(kind, code);
    word = word != code ? word : words_act(kind, code);
    word = word != code ? word : words_role(cli, code);
    int64_t at_ms = 0;
    char at[VALUE_TIME_SIZE];
    if (word == code && strlen(code) > 15 && value_time(code, &at_ms)) {
        value_format_local(at_ms, at);
        return gj_arena_strdup(&cli->arena, at);
    }
    return word != code ? word : text_of_word(code);
}

/* Somebody's act or a rung that has no sentence of its own: what it is called. */
static const char *by_word(struct cli *cli, const Gj__V1__Notice *notice, const Gj__V1__KindInfo *kind)
{
    const char *point = strchr(notice->code, '.');
    const char *last = point == NULL ? notice->code : point + 1;
    if (strncmp(notice->code, "record.", 7) == 0) {
        const char *act = words_act(kind, last);
        return gj_arena_printf(&cli->arena, "%s: %s", notice->number, act != last ? act : text_of_word(last));
    }
    if (strncmp(notice->code, "timer.", 6) == 0) {
        return gj_arena_printf(
            &cli->arena, "%s: %s: %s", notice->number, words_timer(kind, notice->timer), text_of_word(last));
    }
    return gj_arena_printf(&cli->arena, "%s %s", notice->code, notice->number);
}

/* The wire carries codes; the sentence is made here, in the reader's language. */
static const char *sentence(struct cli *cli, const Gj__V1__Notice *notice)
{
    char filled[400];
    const Gj__V1__KindInfo *kind = words_kind_numbered(cli, notice->kind);
    const char *text = text_of_notice(notice->code);
    if (text == NULL) {
        return by_word(cli, notice, kind);
    }
    const char *params[PARAMS_MAX];
    size_t count = notice->n_params < PARAMS_MAX ? notice->n_params : PARAMS_MAX;
    for (size_t n = 0; n < count; n++) {
        params[n] = param_word(cli, kind, notice->params[n]);
    }
    const char *made = put_value(cli, CLI_TEXT(text), "{number}", notice->number);
    made = put_value(cli, made, "{timer}", words_timer(kind, notice->timer));
    if (made == NULL) {
        return "";
    }
    text_fill(made, "", params, count, filled, sizeof filled);
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
    if (list->n_notices == 0) {
        grid_free(grid);
        show_nothing(cli);
        return EXIT_OK;
    }
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
