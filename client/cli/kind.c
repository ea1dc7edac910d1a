#include "client/cli/kind.h"

#include "client/cli/resolve.h"
#include "client/cli/words.h"
#include "common/limits.h"
#include "common/pb.h"
#include "proto/envelope.pb-c.h"

#include <string.h>

/* Types decide what is sent: while there is a connection the server is asked, not the copy. */
int kind_load(struct cli *cli, const char *code)
{
    const struct guanjia_answer *answer = NULL;
    ProtobufCMessage *reply = NULL;
    Gj__V1__KindListRequest request = GJ__V1__KIND_LIST_REQUEST__INIT;
    request.kind = (char *)(uintptr_t)code;
    int failed = cli_client(cli);
    if (failed != EXIT_OK) {
        return failed;
    }
    enum guanjia_err err = cli_call_quietly(cli, GJ__V1__CALL__KIND_LIST, &request.base, &answer);
    failed = cli_answer_exit(cli, err, answer);
    if (failed != EXIT_OK) {
        return failed;
    }
    if (gj_pb_unpack(&gj__v1__kind_list__descriptor, &cli->arena, answer->body, answer->body_len, &reply) != GJ_OK) {
        return cli_fail(cli, EXIT_NETWORK, "%s", CLI_TEXT("the server's answer cannot be read"));
    }
    const Gj__V1__KindList *list = (const Gj__V1__KindList *)reply;
    words_keep(cli, code, answer->body, answer->body_len);
    cli->kind = list->n_kinds > 0 ? list->kinds[0] : NULL;
    return EXIT_OK;
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

static bool declares(const Gj__V1__KindInfo *kind, const char *text)
{
    char key[GJ_TEXT_CODE_MAX + 1];
    size_t len = strcspn(text, "=");
    if (len >= sizeof key) {
        return false;
    }
    memcpy(key, text, len);
    key[len] = '\0';
    return kind_field(kind, key) != NULL;
}

/* Of which kind a record is cannot be asked without a connection: it is the one whose form has all the fields given. */
static const Gj__V1__KindInfo *kind_with_fields(struct cli *cli)
{
    const Gj__V1__KindList *all = words_all(cli);
    const Gj__V1__KindInfo *found = NULL;
    for (size_t n = 0; all != NULL && n < all->n_kinds; n++) {
        const Gj__V1__KindInfo *kind = words_kind(cli, all->kinds[n]->code);
        bool has = kind != NULL;
        for (size_t a = 0; a < cli->arg_count && has; a++) {
            has = cli->args[a].row->type != OPTION_FIELD || !untyped(cli->args[a].value) ||
                  declares(kind, cli->args[a].value);
        }
        if (has && found != NULL) {
            return NULL; /* two forms have them: which one is meant nobody knows */
        }
        found = has ? kind : found;
    }
    return found;
}

static int kind_from_copy(struct cli *cli, const char *code)
{
    int failed = cli_profile(cli);
    if (failed != EXIT_OK) {
        return failed;
    }
    cli->kind = code != NULL && *code != '\0' ? words_kind(cli, code) : kind_with_fields(cli);
    return cli->kind != NULL
               ? EXIT_OK
               : cli_fail(cli, EXIT_USAGE, "%s",
                     CLI_TEXT("this device does not know yet of which type these fields are: log in once while there "
                              "is a connection, or write the type, e.g. KEY:n=12 (see --help)"));
}

int kind_for_fields(struct cli *cli)
{
    if (cli->kind != NULL || !gives_untyped(cli)) {
        return EXIT_OK;
    }
    const char *code = cli_arg(cli, "KIND");
    const char *record = cli_arg(cli, "ID");
    int failed = EXIT_OK;
    if (strcmp(cli->command->noun, "ticket") == 0) {
        code = "repair_ticket";
    }
    if (cli->to_outbox) {
        return kind_from_copy(cli, code);
    }
    if (code == NULL && record != NULL) {
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
    return words_english() ? field->title_en : field->title_zh;
}
