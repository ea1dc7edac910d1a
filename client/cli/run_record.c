#include "client/cli/build.h"
#include "client/cli/kind.h"
#include "client/cli/nouns.h"
#include "client/cli/resolve.h"
#include "client/cli/show.h"
#include "client/cli/show_record.h"
#include "client/cli/value.h"
#include "client/cli/words.h"
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
        if (cli->kind == NULL && cli->format == FORMAT_TABLE) {
            cli->kind = words_kind(cli, list->kind); /* the answer's state in words */
        }
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

int run_show(struct cli *cli)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__ShowRequest *request = (Gj__V1__ShowRequest *)cli_new(cli, cli->command->request);
    bool mistyped = false;
    const char *text = cli_arg(cli, "ID");
    int code = request == NULL ? EXIT_LOCAL : cli_fill(cli, &request->base);
    if (code != EXIT_OK) {
        return code;
    }
    request->children = true;
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
    cli->kind = shown->record == NULL ? NULL : words_kind(cli, shown->record->kind_code);
    return show_record(cli, shown);
}

int run_actions(struct cli *cli)
{
    ProtobufCMessage *reply = NULL;
    ProtobufCMessage *request = cli_new(cli, cli->command->request);
    int code = request == NULL ? EXIT_LOCAL : cli_fill(cli, request);
    code = code == EXIT_OK ? cli_call(cli, cli->command->call, request, cli->command->reply, &reply) : code;
    if (code != EXIT_OK) {
        return code;
    }
    const Gj__V1__ActionList *said = (const Gj__V1__ActionList *)reply;
    cli->kind = cli->format == FORMAT_TABLE ? words_kind(cli, said->kind) : NULL;
    struct list *list = list_begin(cli, cli->command->columns, &gj__v1__action__descriptor);
    bool ok = list != NULL;
    if (ok) {
        list_whole(list, "need"); /* every field that has to be given */
    }
    for (size_t n = 0; n < said->n_actions && ok; n++) {
        ok = list_row(list, &said->actions[n]->base);
    }
    return list == NULL ? cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory")) : list_end(list);
}
