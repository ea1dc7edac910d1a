#include "client/cli/grid.h"
#include "client/cli/nouns.h"
#include "client/cli/show.h"
#include "client/cli/texts.h"
#include "client/cli/value.h"
#include "common/id.h"

#include <string.h>

/* The outbox of whoever is logged in at this device. */

static int open_box(struct cli *cli, guanjia_outbox **box)
{
    struct guanjia_fault fault = {0};
    int code = cli_profile(cli);
    if (code != EXIT_OK) {
        return code;
    }
    uint64_t user = guanjia_profile_user(cli->dir, NULL, 0);
    if (user == 0) {
        return cli_fail(
            cli, EXIT_STATUS + GUANJIA_S_UNAUTHENTICATED, "%s", CLI_TEXT("nobody is logged in: guanjia login"));
    }
    enum guanjia_err err = guanjia_outbox_open(cli->dir, user, box, &fault);
    return err == GUANJIA_OK
               ? EXIT_OK
               : cli_fail(cli, EXIT_LOCAL, "%s", *fault.text != '\0' ? fault.text : CLI_TEXT(text_of_err((int)err)));
}

static const char *why(struct cli *cli, const struct guanjia_item *item)
{
    char filled[300];
    if (item->state == GUANJIA_ITEM_WAITING) {
        return CLI_TEXT("waiting");
    }
    const char *text = text_of_refusal(item->code);
    text_fill(
        CLI_TEXT(text != NULL ? text : text_of_status(item->status)), item->field, NULL, 0, filled, sizeof filled);
    return gj_arena_printf(&cli->arena, CLI_TEXT("rejected: %s"), filled);
}

static json_t *item_json(const struct guanjia_item *item)
{
    static const uint8_t none[GUANJIA_KEY_SIZE];
    char key[2 * GUANJIA_KEY_SIZE + 1];
    char after[2 * GUANJIA_KEY_SIZE + 1] = "";
    char at[VALUE_TIME_SIZE];
    gj_id_hex(item->key, GUANJIA_KEY_SIZE, key);
    if (memcmp(item->after, none, sizeof none) != 0) {
        gj_id_hex(item->after, GUANJIA_KEY_SIZE, after);
    }
    value_format_time(item->made_at, at);
    return json_pack("{s:s,s:s,s:s,s:i,s:s,s:s,s:s,s:s,s:s}", "key", key, "after", after, "made_at", at, "call",
        (int)item->call, "title", item->title, "state", item->state == GUANJIA_ITEM_WAITING ? "waiting" : "rejected",
        "status", item->state == GUANJIA_ITEM_WAITING ? "" : guanjia_status_name(item->status), "code", item->code,
        "field", item->field);
}

static bool put_row(struct cli *cli, struct grid *grid, const struct guanjia_item *item)
{
    char key[2 * GUANJIA_KEY_SIZE + 1];
    char at[VALUE_TIME_SIZE];
    gj_id_hex(item->key, GUANJIA_KEY_SIZE, key);
    value_format_local(item->made_at, at);
    const char *text = why(cli, item);
    return text != NULL && grid_cell(grid, key) && grid_cell(grid, at) && grid_cell(grid, item->title) &&
           grid_cell(grid, text);
}

static int print_box(struct cli *cli, const guanjia_outbox *box)
{
    if (cli->format != FORMAT_TABLE) {
        json_t *array = json_array();
        for (size_t n = 0; n < guanjia_outbox_count(box); n++) {
            json_array_append_new(array, item_json(guanjia_outbox_at(box, n)));
        }
        return show_json(cli, array);
    }
    if (guanjia_outbox_count(box) == 0) {
        show_nothing(cli);
        return EXIT_OK;
    }
    struct grid *grid = grid_new(4);
    bool ok = grid != NULL && grid_cell(grid, CLI_TEXT("key")) && grid_cell(grid, show_title("at")) &&
              grid_cell(grid, CLI_TEXT("what")) && grid_cell(grid, show_title("state"));
    for (size_t n = 0; n < guanjia_outbox_count(box) && ok; n++) {
        ok = put_row(cli, grid, guanjia_outbox_at(box, n));
    }
    if (ok) {
        grid_print(grid, cli->out);
    }
    grid_free(grid);
    return ok ? EXIT_OK : cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
}

/* What was on the screen counts as seen. */
static enum guanjia_err mark_shown(guanjia_outbox *box)
{
    enum guanjia_err err = GUANJIA_OK;
    for (size_t n = 0; n < guanjia_outbox_count(box) && err == GUANJIA_OK; n++) {
        const struct guanjia_item *item = guanjia_outbox_at(box, n);
        err = item->state == GUANJIA_ITEM_REJECTED ? guanjia_outbox_shown(box, item->key) : GUANJIA_OK;
    }
    return err;
}

int run_outbox_list(struct cli *cli)
{
    guanjia_outbox *box = NULL;
    int code = open_box(cli, &box);
    code = code == EXIT_OK ? print_box(cli, box) : code;
    if (code == EXIT_OK && mark_shown(box) != GUANJIA_OK) {
        code = cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("the outbox cannot be written"));
    }
    guanjia_outbox_close(box);
    return code;
}

struct sending {
    struct cli *cli;
    enum guanjia_err err;
    size_t sent;
    size_t rejected;
};

static void on_item(void *arg, const struct guanjia_item *item, const struct guanjia_answer *answer)
{
    struct sending *sending = arg;
    if (sending->cli->format == FORMAT_TABLE) {
        fprintf(sending->cli->out, "%s: %s\n", item->title, CLI_TEXT(text_of_status(answer->status)));
    }
}

static void on_done(void *arg, enum guanjia_err err, size_t sent, size_t rejected)
{
    struct sending *sending = arg;
    sending->err = err;
    sending->sent = sent;
    sending->rejected = rejected;
    guanjia_client_break(sending->cli->client);
}

int run_outbox_send(struct cli *cli)
{
    guanjia_outbox *box = NULL;
    struct sending sending = {.cli = cli};
    const struct guanjia_outbox_run run = {
        .on_item = on_item, .on_done = on_done, .arg = &sending, .timeout_ms = cli->timeout_ms};
    int code = open_box(cli, &box);
    code = code == EXIT_OK ? cli_client(cli) : code;
    if (code == EXIT_OK && guanjia_outbox_count(box) > 0) {
        guanjia_client_start(cli->client);
        enum guanjia_err err = guanjia_outbox_send(box, cli->client, &run);
        if (err == GUANJIA_OK) {
            guanjia_client_run(cli->client, 0);
            err = sending.err;
        }
        if (err != GUANJIA_OK) {
            code = cli_fail(cli, EXIT_NETWORK, "%s", CLI_TEXT(text_of_err((int)err)));
        }
    }
    if (code == EXIT_OK && cli->format != FORMAT_TABLE) {
        code = show_json(cli, json_pack("{s:I,s:I,s:I}", "sent", (json_int_t)sending.sent, "rejected",
                                  (json_int_t)sending.rejected, "left", (json_int_t)guanjia_outbox_count(box)));
    } else if (code == EXIT_OK) {
        fprintf(cli->out, CLI_TEXT("%zu sent, %zu rejected, %zu left\n"), sending.sent, sending.rejected,
            guanjia_outbox_count(box));
    }
    guanjia_outbox_close(box);
    return code == EXIT_OK && sending.rejected > 0 ? EXIT_FOUND : code;
}

int run_outbox_retry(struct cli *cli)
{
    guanjia_outbox *box = NULL;
    uint8_t key[GUANJIA_KEY_SIZE];
    int code = open_box(cli, &box);
    for (size_t n = 0; n < cli->arg_count && code == EXIT_OK; n++) {
        const char *text = cli->args[n].value;
        enum guanjia_err err = GUANJIA_EINVAL;
        if (gj_id_unhex(text, strlen(text), key, sizeof key) == GJ_OK) {
            err = guanjia_outbox_retry(box, key);
        }
        if (err != GUANJIA_OK) {
            code = cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not the key of a rejected item"), text);
        }
    }
    guanjia_outbox_close(box);
    return code;
}

int run_outbox_drop(struct cli *cli)
{
    guanjia_outbox *box = NULL;
    size_t dropped = 0;
    int code = open_box(cli, &box);
    for (size_t n = 0; code == EXIT_OK && n < guanjia_outbox_count(box);) {
        const struct guanjia_item *item = guanjia_outbox_at(box, n);
        if (item->state != GUANJIA_ITEM_REJECTED || !item->shown) {
            n++;
        } else if (guanjia_outbox_drop(box, item->key) == GUANJIA_OK) {
            dropped++;
        } else {
            code = cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("the outbox cannot be written"));
        }
    }
    if (code == EXIT_OK) {
        fprintf(cli->out, CLI_TEXT("%zu forgotten\n"), dropped);
    }
    guanjia_outbox_close(box);
    return code;
}
