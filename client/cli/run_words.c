#include "client/cli/grid.h"
#include "client/cli/json.h"
#include "client/cli/kind.h"
#include "client/cli/nouns.h"
#include "client/cli/show.h"
#include "client/cli/texts.h"
#include "client/cli/words.h"
#include "proto/envelope.pb-c.h"

#include <string.h>

/* What the policy declares, for people who have to type it: the fields of a kind, its states and acts, the roles. And
 * the same as plain words for the shell's completion, from what is kept at this device. */

static const char *choices_of(struct cli *cli, const Gj__V1__KindField *field)
{
    const char *joined = "";
    for (size_t n = 0; n < field->n_choices && joined != NULL; n++) {
        const Gj__V1__Label *choice = field->choices[n];
        joined = gj_arena_printf(&cli->arena, "%s%s%s %s", joined, n > 0 ? ", " : "", choice->code,
            words_english() ? choice->en : choice->zh);
    }
    for (size_t n = 0; n < field->n_columns && joined != NULL; n++) {
        const Gj__V1__KindField *column = field->columns[n];
        joined = gj_arena_printf(&cli->arena, "%s%s%s %s", joined, n > 0 ? ", " : "", column->key,
            words_english() ? column->title_en : column->title_zh);
    }
    return joined == NULL ? "" : joined;
}

static bool print_fields(struct cli *cli, const Gj__V1__KindInfo *kind)
{
    static const char *const titles[] = {N_("field"), N_("title"), N_("type"), N_("choices")};
    struct grid *grid = grid_new(4);
    bool ok = grid != NULL;
    for (size_t n = 0; n < 4 && ok; n++) {
        ok = grid_cell(grid, CLI_TEXT(titles[n]));
    }
    for (size_t n = 0; n < kind->n_fields && ok; n++) {
        const Gj__V1__KindField *field = kind->fields[n];
        ok = grid_cell(grid, field->key) && grid_cell(grid, words_english() ? field->title_en : field->title_zh) &&
             grid_cell(grid, field->type) && grid_cell(grid, choices_of(cli, field));
    }
    if (ok) {
        grid_print(grid, cli->out);
    }
    grid_free(grid);
    return ok;
}

static bool print_labels(struct cli *cli, const char *title, Gj__V1__Label *const *labels, size_t count)
{
    struct grid *grid = grid_new(2);
    bool ok = grid != NULL && grid_cell(grid, CLI_TEXT(N_("code"))) && grid_cell(grid, title);
    for (size_t n = 0; n < count && ok; n++) {
        ok = grid_cell(grid, labels[n]->code) && grid_cell(grid, words_english() ? labels[n]->en : labels[n]->zh);
    }
    if (ok) {
        grid_print(grid, cli->out);
    }
    grid_free(grid);
    return ok;
}

int run_kind_show(struct cli *cli)
{
    int code = kind_load(cli, cli_arg(cli, "KIND"));
    if (code != EXIT_OK || cli->format != FORMAT_TABLE) {
        return code == EXIT_OK ? show_message(cli, &cli->kind->base, NULL) : code;
    }
    const Gj__V1__KindInfo *kind = cli->kind;
    fprintf(cli->out, "%s %s\n\n", kind->code, words_english() ? kind->title_en : kind->title_zh);
    bool ok = print_fields(cli, kind);
    fputc('\n', cli->out);
    ok = ok && print_labels(cli, show_title("state"), kind->states, kind->n_states);
    fputc('\n', cli->out);
    ok = ok && print_labels(cli, show_title("act"), kind->acts, kind->n_acts);
    return ok ? EXIT_OK : cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
}

int run_role_list(struct cli *cli)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__KindListRequest request = GJ__V1__KIND_LIST_REQUEST__INIT;
    int code = cli_call(cli, GJ__V1__CALL__KIND_LIST, &request.base, &gj__v1__kind_list__descriptor, &reply);
    const Gj__V1__KindList *list = (const Gj__V1__KindList *)reply;
    if (code != EXIT_OK) {
        return code;
    }
    if (cli->format == FORMAT_TABLE) {
        return print_labels(cli, show_title("role"), list->roles, list->n_roles)
                   ? EXIT_OK
                   : cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
    }
    json_t *array = json_array();
    for (size_t n = 0; n < list->n_roles; n++) {
        json_array_append_new(array, json_of_message(&list->roles[n]->base));
    }
    return show_json(cli, array);
}

/* ---- completion -------------------------------------------------------------------------------------------------- */

static void print_codes(struct cli *cli, Gj__V1__Label *const *labels, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        fprintf(cli->out, "%s\n", labels[n]->code);
    }
}

static void print_kind_words(struct cli *cli, const char *what)
{
    const Gj__V1__KindInfo *kind = words_kind(cli, "repair_ticket");
    for (size_t n = 0; kind != NULL && n < kind->n_fields; n++) {
        const Gj__V1__KindField *field = kind->fields[n];
        if (strcmp(what, "fields") == 0) {
            fprintf(cli->out, "%s=\n", field->key);
        } else if (strcmp(field->key, what) == 0) {
            print_codes(cli, field->choices, field->n_choices);
        }
    }
    if (kind != NULL && strcmp(what, "states") == 0) {
        print_codes(cli, kind->states, kind->n_states);
    } else if (kind != NULL && strcmp(what, "acts") == 0) {
        print_codes(cli, kind->acts, kind->n_acts);
    }
}

/* Never asks the server and never complains: it runs at every press of the tabulator. */
int run_complete(struct cli *cli)
{
    const char *what = cli_arg(cli, "WHAT");
    cli->unconnected = true;
    cli->err = fopen("/dev/null", "we");
    if (cli->err == NULL || cli_profile(cli) != EXIT_OK) {
        return EXIT_OK;
    }
    const Gj__V1__OfficeList *offices = strcmp(what, "offices") == 0 ? words_offices(cli) : NULL;
    for (size_t n = 0; offices != NULL && n < offices->n_offices; n++) {
        fprintf(cli->out, "%s\n", offices->offices[n]->code);
    }
    const Gj__V1__KindList *all = words_all(cli);
    for (size_t n = 0; all != NULL && strcmp(what, "kinds") == 0 && n < all->n_kinds; n++) {
        fprintf(cli->out, "%s\n", all->kinds[n]->code);
    }
    if (all != NULL && strcmp(what, "roles") == 0) {
        print_codes(cli, all->roles, all->n_roles);
    }
    print_kind_words(cli, what);
    return EXIT_OK;
}
