#include "client/cli/resolve.h"

#include "client/cli/value.h"
#include "client/cli/words.h"
#include "client/include/guanjia.h"
#include "proto/admin.pb-c.h"
#include "proto/directory.pb-c.h"
#include "proto/register.pb-c.h"

#include <string.h>
#include <strings.h>

int resolve_id(struct cli *cli, const char *text, uint64_t *out)
{
    bool mistyped = false;
    if (value_id(text, out, &mistyped)) {
        return EXIT_OK;
    }
    return mistyped ? cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s: the check digit is wrong, so a digit was mistyped"), text)
                    : cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not a number"), text);
}

static bool numeric(const char *text, uint64_t *out, int *code, struct cli *cli)
{
    bool mistyped = false;
    *code = EXIT_OK;
    if (value_id(text, out, &mistyped)) {
        return true;
    }
    if (mistyped) {
        *code = resolve_id(cli, text, out);
    }
    return mistyped;
}

/* What goes into the outbox is written without asking the server anything. */
static int not_without_connection(struct cli *cli, const char *text)
{
    return cli_fail(cli, EXIT_USAGE,
        CLI_TEXT("%s cannot be looked up without a connection: give its id, the first column of the lists"), text);
}

static int office_from_copy(struct cli *cli, const char *text, uint64_t *out)
{
    int code = cli_profile(cli);
    const Gj__V1__OfficeList *list = code == EXIT_OK ? words_offices(cli) : NULL;
    for (size_t n = 0; list != NULL && n < list->n_offices; n++) {
        if (strcasecmp(list->offices[n]->code, text) == 0) {
            *out = list->offices[n]->id;
            return EXIT_OK;
        }
    }
    return code == EXIT_OK ? not_without_connection(cli, text) : code;
}

int resolve_office(struct cli *cli, const char *text, uint64_t *out)
{
    int code;
    Gj__V1__OfficeListRequest request = GJ__V1__OFFICE_LIST_REQUEST__INIT;
    Gj__V1__Page page = GJ__V1__PAGE__INIT;
    if (strcmp(text, "-") == 0) {
        *out = 0;
        return EXIT_OK;
    }
    if (numeric(text, out, &code, cli)) {
        return code;
    }
    if (cli->to_outbox) {
        return office_from_copy(cli, text, out);
    }
    page.limit = 200;
    request.page = &page;
    request.code = gj_arena_strdup(&cli->arena, text);
    do {
        ProtobufCMessage *reply = NULL;
        code = cli_call(cli, GJ__V1__CALL__DIR_OFFICE_LIST, &request.base, &gj__v1__office_list__descriptor, &reply);
        if (code != EXIT_OK) {
            return code;
        }
        const Gj__V1__OfficeList *list = (const Gj__V1__OfficeList *)reply;
        for (size_t n = 0; n < list->n_offices; n++) {
            if (strcasecmp(list->offices[n]->code, text) == 0) {
                *out = list->offices[n]->id;
                return EXIT_OK;
            }
        }
        page.cursor = list->cursor;
    } while (page.cursor.len > 0);
    return cli_fail(cli, EXIT_USAGE, CLI_TEXT("there is no office %s"), text);
}

int resolve_user(struct cli *cli, const char *text, uint64_t *out)
{
    int code;
    Gj__V1__UserListRequest request = GJ__V1__USER_LIST_REQUEST__INIT;
    Gj__V1__Page page = GJ__V1__PAGE__INIT;
    if (numeric(text, out, &code, cli)) {
        return code;
    }
    if (strcmp(text, "me") == 0) {
        code = cli_profile(cli); /* known without a connection, too */
        *out = code == EXIT_OK ? guanjia_profile_user(cli->dir, NULL, 0) : 0;
        return code == EXIT_OK && *out == 0 ? cli_fail(cli, EXIT_STATUS + GUANJIA_S_UNAUTHENTICATED, "%s",
                                                  CLI_TEXT("nobody is logged in: guanjia login"))
                                            : code;
    }
    if (cli->to_outbox) {
        return not_without_connection(cli, text);
    }
    page.limit = 200;
    request.page = &page;
    do {
        ProtobufCMessage *reply = NULL;
        code = cli_call(cli, GJ__V1__CALL__ADMIN_USER_LIST, &request.base, &gj__v1__user_list__descriptor, &reply);
        if (code != EXIT_OK) {
            return code;
        }
        const Gj__V1__UserList *list = (const Gj__V1__UserList *)reply;
        for (size_t n = 0; n < list->n_users; n++) {
            if (strcmp(list->users[n]->login, text) == 0) {
                *out = list->users[n]->id;
                return EXIT_OK;
            }
        }
        page.cursor = list->cursor;
    } while (page.cursor.len > 0);
    return cli_fail(cli, EXIT_USAGE, CLI_TEXT("there is no user %s that you may see"), text);
}

int resolve_record(struct cli *cli, const char *text, uint64_t *out)
{
    int code;
    ProtobufCMessage *reply = NULL;
    Gj__V1__ShowRequest request = GJ__V1__SHOW_REQUEST__INIT;
    if (numeric(text, out, &code, cli)) {
        return code;
    }
    if (cli->to_outbox) {
        return not_without_connection(cli, text);
    }
    request.number = gj_arena_strdup(&cli->arena, text);
    code = cli_call(cli, GJ__V1__CALL__RECORD_SHOW, &request.base, &gj__v1__shown__descriptor, &reply);
    if (code == EXIT_OK) {
        const Gj__V1__Shown *shown = (const Gj__V1__Shown *)reply;
        *out = shown->record == NULL ? 0 : shown->record->id;
    }
    return code;
}
