#include "client/cli/build.h"
#include "client/cli/kind.h"
#include "client/cli/nouns.h"
#include "client/cli/resolve.h"
#include "client/cli/show.h"
#include "client/cli/value.h"
#include "proto/register.pb-c.h"

#include <string.h>

/* The present revision, for somebody who did not say which one they have seen. */
static int present_revision(struct cli *cli, ProtobufCMessage *request)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__ActionsRequest ask = GJ__V1__ACTIONS_REQUEST__INIT;
    const ProtobufCFieldDescriptor *id = protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "id");
    ask.id = *(const uint64_t *)build_at(request, id);
    int code = cli_call(cli, GJ__V1__CALL__RECORD_ACTIONS, &ask.base, &gj__v1__action_list__descriptor, &reply);
    if (code == EXIT_OK) {
        const Gj__V1__ActionList *list = (const Gj__V1__ActionList *)reply;
        (void)build_number(&cli->arena, build_place(&cli->arena, request, "revision"), list->revision); /* a u32 fits */
    }
    return code;
}

static int fill_revision(struct cli *cli, ProtobufCMessage *request)
{
    int code = cli_fill(cli, request);
    if (code != EXIT_OK || cli_arg(cli, "revision") != NULL || cli_arg(cli, "follows") != NULL) {
        return code;
    }
    if (cli->to_outbox) {
        return cli_fail(cli, EXIT_USAGE, "%s", CLI_TEXT("without a connection say --revision or --follows"));
    }
    return present_revision(cli, request);
}

/* A code is text to people; on the wire it is the evidence of the means "code". */
static int fill_code(struct cli *cli, ProtobufCMessage *request)
{
    const char *text = cli_arg(cli, "owner-code");
    if (text == NULL) {
        return EXIT_OK;
    }
    if (cli_arg(cli, "owner-means") != NULL || cli_arg(cli, "owner-evidence") != NULL) {
        return cli_fail(cli, EXIT_USAGE, "%s", CLI_TEXT("--owner-code says means and evidence by itself"));
    }
    return build_text(&cli->arena, build_place(&cli->arena, request, "owner.means"), "code") &&
                   build_bytes(&cli->arena, build_place(&cli->arena, request, "owner.evidence"), text, strlen(text))
               ? EXIT_OK
               : EXIT_LOCAL;
}

int run_act(struct cli *cli)
{
    ProtobufCMessage *request = cli_new(cli, cli->command->request);
    int code = request == NULL ? EXIT_LOCAL : fill_code(cli, request);
    code = code == EXIT_OK ? fill_revision(cli, request) : code;
    return code == EXIT_OK ? cli_send(cli, request) : code;
}

/* A queue shows what its kind declares; what every record has stands around it. */
int run_record_list(struct cli *cli)
{
    Gj__V1__ListRequest *request = (Gj__V1__ListRequest *)cli_new(cli, cli->command->request);
    int code = request == NULL ? EXIT_LOCAL : cli_fill(cli, &request->base);
    code = code == EXIT_OK ? kind_load(cli, request->kind) : code;
    if (code != EXIT_OK) {
        return code;
    }
    const char *columns = "id number state";
    for (size_t n = 0; n < cli->kind->n_columns && columns != NULL; n++) {
        columns = gj_arena_printf(&cli->arena, "%s %s", columns, cli->kind->columns[n]);
    }
    columns = columns == NULL ? NULL : gj_arena_printf(&cli->arena, "%s received_at due_at breached revision", columns);
    request->columns = true;
    return columns == NULL ? cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"))
                           : cli_send_list(cli, &request->base, columns);
}

int run_approve(struct cli *cli)
{
    Gj__V1__ApproveRequest *request = (Gj__V1__ApproveRequest *)cli_new(cli, cli->command->request);
    int code = request == NULL ? EXIT_LOCAL : fill_revision(cli, &request->base);
    if (code == EXIT_OK) {
        request->approve = cli_arg(cli, "refuse") == NULL;
        code = cli_send(cli, &request->base);
    }
    return code;
}

static int show_history(struct cli *cli, const Gj__V1__Shown *shown)
{
    static const char columns[] =
        "event.at event.act event.from_state event.to_state actor_name acting_for level note reason old";
    if (shown->n_history == 0) {
        return EXIT_OK;
    }
    fputc('\n', cli->out);
    struct list *list = list_begin(cli, columns, &gj__v1__history_line__descriptor);
    for (size_t n = 0; list != NULL && n < shown->n_history; n++) {
        (void)list_row(list, &shown->history[n]->base); /* a row that finds no memory is left out of the table */
    }
    return list == NULL ? EXIT_LOCAL : list_end(list);
}

static int show_timers(struct cli *cli, const Gj__V1__Record *record)
{
    if (record->n_timers == 0) {
        return EXIT_OK;
    }
    fputc('\n', cli->out);
    struct list *list = list_begin(
        cli, "name started_at due_at warn_at stopped_at stage provisional level", &gj__v1__timer__descriptor);
    for (size_t n = 0; list != NULL && n < record->n_timers; n++) {
        if (record->timers[n]->due_at != 0 || record->timers[n]->stopped_at != 0) { /* the others promise nothing */
            (void)list_row(list, &record->timers[n]->base);                         /* as above */
        }
    }
    return list == NULL ? EXIT_LOCAL : list_end(list);
}

/* Who is asked instead of the office's own people, and why. */
static int show_asked(struct cli *cli, const Gj__V1__Record *record)
{
    if (record->n_asked == 0) {
        return EXIT_OK;
    }
    fputc('\n', cli->out);
    struct list *list = list_begin(cli, "user role level why consent at", &gj__v1__asked__descriptor);
    for (size_t n = 0; list != NULL && n < record->n_asked; n++) {
        (void)list_row(list, &record->asked[n]->base); /* as above */
    }
    return list == NULL ? EXIT_LOCAL : list_end(list);
}

int run_show(struct cli *cli)
{
    static const char columns[] =
        "id number kind_code office state revision priority category assignee household unit asset place "
        "received_at recorded_at created_by policy fields links related due_at parent awaiting_office "
        "pending_act pending_by pending";
    ProtobufCMessage *reply = NULL;
    Gj__V1__ShowRequest *request = (Gj__V1__ShowRequest *)cli_new(cli, cli->command->request);
    bool mistyped = false;
    const char *text = cli_arg(cli, "ID");
    int code = request == NULL ? EXIT_LOCAL : cli_fill(cli, &request->base);
    if (code != EXIT_OK) {
        return code;
    }
    if (!value_id(text, &request->id, &mistyped)) {
        if (mistyped) {
            return resolve_id(cli, text, &request->id);
        }
        request->number = gj_arena_strdup(&cli->arena, text);
    }
    code = cli_call(cli, cli->command->call, &request->base, cli->command->reply, &reply);
    if (code != EXIT_OK || cli->format != FORMAT_TABLE) {
        return code == EXIT_OK ? show_message(cli, reply, NULL) : code;
    }
    const Gj__V1__Shown *shown = (const Gj__V1__Shown *)reply;
    if (shown->record != NULL) {
        code = show_message(cli, &shown->record->base, columns);
        code = code == EXIT_OK ? show_timers(cli, shown->record) : code;
        code = code == EXIT_OK ? show_asked(cli, shown->record) : code;
    }
    return code == EXIT_OK ? show_history(cli, shown) : code;
}
