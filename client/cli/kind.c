#include "client/cli/kind.h"

#include "client/cli/resolve.h"
#include "proto/envelope.pb-c.h"

#include <string.h>

int kind_load(struct cli *cli, const char *code)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__KindListRequest request = GJ__V1__KIND_LIST_REQUEST__INIT;
    request.kind = (char *)(uintptr_t)code;
    int failed = cli_call(cli, GJ__V1__CALL__KIND_LIST, &request.base, &gj__v1__kind_list__descriptor, &reply);
    const Gj__V1__KindList *list = (const Gj__V1__KindList *)reply;
    if (failed == EXIT_OK && list->n_kinds > 0) {
        cli->kind = list->kinds[0];
    }
    return failed;
}

/* "KEY=VALUE" without a letter for its type. */
static bool untyped(const char *text)
{
    const char *equals = strchr(text, '=');
    return equals != NULL && (equals - text < 2 || equals[-2] != ':');
}

static bool gives_untyped(const struct cli *cli)
{
    for (size_t n = 0; n < cli->arg_count; n++) {
        if (cli->args[n].row->type == OPTION_FIELD && untyped(cli->args[n].value)) {
            return true;
        }
    }
    return false;
}

static int kind_of_record(struct cli *cli, const char *record, const char **code)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__ActionsRequest request = GJ__V1__ACTIONS_REQUEST__INIT;
    int failed = resolve_record(cli, record, &request.id);
    if (failed == EXIT_OK) {
        failed = cli_call(cli, GJ__V1__CALL__RECORD_ACTIONS, &request.base, &gj__v1__action_list__descriptor, &reply);
    }
    *code = failed == EXIT_OK ? ((const Gj__V1__ActionList *)reply)->kind : "";
    return failed;
}

int kind_for_fields(struct cli *cli)
{
    if (cli->to_outbox || cli->kind != NULL || !gives_untyped(cli)) {
        return EXIT_OK;
    }
    const char *code = cli_arg(cli, "KIND");
    const char *record = cli_arg(cli, "ID");
    int failed = EXIT_OK;
    if (strcmp(cli->command->noun, "ticket") == 0) {
        code = "repair_ticket";
    } else if (code == NULL && record != NULL) {
        failed = kind_of_record(cli, record, &code);
    }
    return failed != EXIT_OK || code == NULL || *code == '\0' ? failed : kind_load(cli, code);
}

const Gj__V1__KindField *kind_field(const Gj__V1__KindInfo *kind, const char *key)
{
    for (size_t n = 0; kind != NULL && n < kind->n_fields; n++) {
        if (strcmp(kind->fields[n]->key, key) == 0) {
            return kind->fields[n];
        }
    }
    return NULL;
}

char kind_letter(const Gj__V1__KindField *field)
{
    static const struct {
        const char *type;
        char letter;
    } letters[] = {{"number", 'n'}, {"money", 'm'}, {"date", 't'}, {"time", 't'}, {"bool", 'b'}, {"user", 'r'},
        {"person", 'r'}, {"household", 'r'}, {"unit", 'r'}, {"office", 'r'}, {"asset", 'r'}, {"contractor", 'r'},
        {"record", 'r'}, {"photo", 'x'}, {"signature", 'x'}, {"lines", 'l'}};
    for (size_t n = 0; field != NULL && n < sizeof letters / sizeof letters[0]; n++) {
        if (strcmp(letters[n].type, field->type) == 0) {
            return letters[n].letter;
        }
    }
    return 's';
}

const char *kind_title(const Gj__V1__KindInfo *kind, const char *key)
{
    const Gj__V1__KindField *field = kind_field(kind, key);
    if (field == NULL) {
        return NULL;
    }
    bool english = strcmp(CLI_TEXT(N_("yes")), "yes") == 0;
    return english ? field->title_en : field->title_zh;
}
