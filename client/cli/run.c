#include "client/cli/build.h"
#include "client/cli/cli.h"
#include "client/cli/fields.h"
#include "client/cli/files.h"
#include "client/cli/kind.h"
#include "client/cli/resolve.h"
#include "client/cli/secret_input.h"
#include "client/cli/show.h"
#include "client/cli/value.h"
#include "common/id.h"
#include "common/limits.h"
#include "common/pb.h"

#include <string.h>
#include <strings.h>

/* The generic way of a command: options into the request, the call, the answer onto the screen. */

static int bad_value(struct cli *cli, const struct arg *arg)
{
    return cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s: %s is not a value for it; see --help"), arg->row->name, arg->value);
}

static int fill_grant(struct cli *cli, struct build_place place, const struct arg *arg)
{
    uint64_t office = 0;
    size_t len = strcspn(arg->value, "@");
    char *role = gj_arena_strndup(&cli->arena, arg->value, len);
    int code = arg->value[len] == '@' ? resolve_office(cli, arg->value + len + 1, &office) : EXIT_OK;
    ProtobufCMessage *grant = build_message(&cli->arena, place);
    if (code == EXIT_OK && (grant == NULL || role == NULL || len == 0 ||
                               !build_text(&cli->arena, build_place(&cli->arena, grant, "role"), role) ||
                               !build_u64(&cli->arena, build_place(&cli->arena, grant, "office"), office))) {
        code = bad_value(cli, arg);
    }
    return code;
}

static int fill_certificate(struct cli *cli, struct build_place place, const struct arg *arg)
{
    char *rest = NULL;
    int64_t until = 0;
    char *copy = gj_arena_strdup(&cli->arena, arg->value);
    const char *name = copy == NULL ? NULL : strtok_r(copy, ":", &rest);
    const char *number = name == NULL ? NULL : strtok_r(NULL, ":", &rest);
    ProtobufCMessage *made = number == NULL ? NULL : build_message(&cli->arena, place);
    bool ok = made != NULL && (rest == NULL || *rest == '\0' || value_time(rest, &until)) &&
              build_text(&cli->arena, build_place(&cli->arena, made, "name"), name) &&
              build_text(&cli->arena, build_place(&cli->arena, made, "number"), number) &&
              build_number(&cli->arena, build_place(&cli->arena, made, "valid_until"), until);
    return ok ? EXIT_OK : bad_value(cli, arg);
}

static int fill_named(struct cli *cli, struct build_place place, const struct arg *arg)
{
    uint64_t id = 0;
    int code;
    switch (arg->row->type) {
    case OPTION_OFFICE:
        code = resolve_office(cli, arg->value, &id);
        break;
    case OPTION_USER:
        code = resolve_user(cli, arg->value, &id);
        break;
    case OPTION_RECORD:
        code = resolve_record(cli, arg->value, &id);
        break;
    default:
        code = resolve_id(cli, arg->value, &id);
        break;
    }
    if (code == EXIT_OK && !build_u64(&cli->arena, place, id)) {
        code = bad_value(cli, arg);
    }
    return code;
}

/* A choice by name, in either case: occupied, tenant. */
static bool enum_value(const ProtobufCFieldDescriptor *field, const char *text, int64_t *number)
{
    const ProtobufCEnumDescriptor *choices = field->type == PROTOBUF_C_TYPE_ENUM ? field->descriptor : NULL;
    for (unsigned n = 0; choices != NULL && n < choices->n_values; n++) {
        if (strcasecmp(choices->values[n].name, text) == 0) {
            *number = choices->values[n].value;
            return true;
        }
    }
    return false;
}

static int fill_number(struct cli *cli, struct build_place place, const struct arg *arg)
{
    int64_t number = 0;
    bool ok = false;
    switch (arg->row->type) {
    case OPTION_NUMBER:
        ok = enum_value(place.field, arg->value, &number) || value_number(arg->value, &number);
        break;
    case OPTION_MONEY:
        ok = value_scaled(arg->value, 2, &number);
        break;
    case OPTION_AREA:
        ok = value_scaled(arg->value, 4, &number);
        break;
    case OPTION_TIME:
        ok = value_time(arg->value, &number);
        break;
    case OPTION_PRIORITY:
        ok = value_priority(arg->value, &number);
        break;
    default:
        ok = true; /* a flag */
        number = 1;
        break;
    }
    if (ok && place.field->type == PROTOBUF_C_TYPE_STRING) {
        return build_text(&cli->arena, place, arg->value) ? EXIT_OK : EXIT_LOCAL;
    }
    return ok && build_number(&cli->arena, place, number) ? EXIT_OK : bad_value(cli, arg);
}

static int fill_hex(struct cli *cli, struct build_place place, const struct arg *arg)
{
    size_t len = strlen(arg->value);
    uint8_t *bytes = gj_arena_alloc(&cli->arena, len / 2 + 1);
    bool ok = bytes != NULL && len % 2 == 0 && gj_id_unhex(arg->value, len, bytes, len / 2) == GJ_OK &&
              build_bytes(&cli->arena, place, bytes, len / 2);
    return ok ? EXIT_OK : bad_value(cli, arg);
}

static int fill_file(struct cli *cli, struct build_place place, const struct arg *arg)
{
    const uint8_t *bytes = NULL;
    size_t len = 0;
    int code = files_read(cli, arg->value, GJ_BODY_MAX, &bytes, &len);
    if (code == EXIT_OK && !build_bytes(&cli->arena, place, bytes, len)) {
        code = EXIT_LOCAL;
    }
    return code;
}

static int fill_one(struct cli *cli, ProtobufCMessage *request, const struct arg *arg)
{
    struct build_place place = build_place(&cli->arena, request, arg->row->path);
    if (place.message == NULL) {
        return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
    }
    switch (arg->row->type) {
    case OPTION_TEXT:
        return build_text(&cli->arena, place, arg->value) ? EXIT_OK : bad_value(cli, arg);
    case OPTION_ID:
    case OPTION_RECORD:
    case OPTION_OFFICE:
    case OPTION_USER:
        return fill_named(cli, place, arg);
    case OPTION_HEX:
        return fill_hex(cli, place, arg);
    case OPTION_FILE:
        return fill_file(cli, place, arg);
    case OPTION_FIELD:
    case OPTION_LINE:
        return fields_add(&cli->arena, place, cli->kind, arg->value) ? EXIT_OK : bad_value(cli, arg);
    case OPTION_GRANT:
        return fill_grant(cli, place, arg);
    case OPTION_CERT:
        return fill_certificate(cli, place, arg);
    default:
        return fill_number(cli, place, arg);
    }
}

/* "path=value path=value": what the row itself says. */
static bool fill_preset(struct cli *cli, ProtobufCMessage *request)
{
    char *rest = NULL;
    char *copy = cli->command->preset == NULL ? NULL : gj_arena_strdup(&cli->arena, cli->command->preset);
    bool ok = true;
    for (char *one = copy == NULL ? NULL : strtok_r(copy, " ", &rest); one != NULL && ok;
         one = strtok_r(NULL, " ", &rest)) {
        int64_t number = 0;
        char *equals = strchr(one, '=');
        *equals = '\0';
        struct build_place place = build_place(&cli->arena, request, one);
        ok = place.field != NULL &&
             (place.field->type == PROTOBUF_C_TYPE_STRING
                     ? build_text(&cli->arena, place, equals + 1)
                     : value_number(equals + 1, &number) && build_number(&cli->arena, place, number));
    }
    return ok;
}

/* What was not given but has a meaning all the same: passwords are asked for, the own office is taken. */
static int fill_missing(struct cli *cli, ProtobufCMessage *request)
{
    int code = EXIT_OK;
    for (const struct option_row *row = cli->command->options; row != NULL && row->name != NULL && code == EXIT_OK;
         row++) {
        if (row->path == NULL) {
            continue;
        }
        const char *given = cli_arg(cli, row->name);
        if (row->type == OPTION_SECRET && (given != NULL || (row->flags & OPT_REQUIRED) != 0)) {
            bool is_new = strncmp(row->name, "new-", 4) == 0;
            const char *secret = secret_input(cli, given, CLI_TEXT(row->help), is_new);
            if (secret == NULL) {
                return EXIT_USAGE;
            }
            code = build_text(&cli->arena, build_place(&cli->arena, request, row->path), secret) ? EXIT_OK : EXIT_LOCAL;
        } else if (given == NULL && (row->flags & OPT_OWN_OFFICE) != 0) {
            code = cli_profile(cli);
            if (code == EXIT_OK && cli->loaded.office != 0 &&
                !build_u64(&cli->arena, build_place(&cli->arena, request, row->path), cli->loaded.office)) {
                code = EXIT_LOCAL;
            }
        }
    }
    return code;
}

static int fill_page(struct cli *cli, ProtobufCMessage *request)
{
    const struct arg cursor = {
        .row = &(const struct option_row){"cursor", "page.cursor", OPTION_HEX, 0, ""}, .value = cli->cursor};
    bool paged = protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "page") != NULL;
    if (!paged) {
        return EXIT_OK;
    }
    uint32_t limit = cli->limit != 0 ? cli->limit : (cli->all ? 200 : 0);
    if (!build_number(&cli->arena, build_place(&cli->arena, request, "page.limit"), limit)) {
        return EXIT_LOCAL;
    }
    return cli->cursor == NULL ? EXIT_OK : fill_one(cli, request, &cursor);
}

int cli_fill(struct cli *cli, ProtobufCMessage *request)
{
    int code = fill_preset(cli, request) ? EXIT_OK : cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
    code = code == EXIT_OK ? kind_for_fields(cli) : code;
    for (size_t n = 0; n < cli->arg_count && code == EXIT_OK; n++) {
        if (cli->args[n].row->path != NULL && cli->args[n].row->type != OPTION_SECRET) {
            code = fill_one(cli, request, &cli->args[n]);
        }
    }
    if (code == EXIT_OK) {
        code = fill_missing(cli, request);
    }
    return code == EXIT_OK ? fill_page(cli, request) : code;
}

/* ---- the outbox instead of the wire ------------------------------------------------------------------------------ */

/* "ticket act 1 arrive": what a person recognises it by. It is sealed with the item. */
static const char *item_title(struct cli *cli)
{
    const char *title = gj_arena_printf(&cli->arena, "%s %s", cli->command->noun, cli->command->verb);
    for (size_t n = 0; n < cli->arg_count && title != NULL; n++) {
        if ((cli->args[n].row->flags & OPT_ARG) != 0) {
            title = gj_arena_printf(&cli->arena, "%s %s", title, cli->args[n].value);
        }
    }
    return title;
}

static int note_in_outbox(struct cli *cli, const ProtobufCMessage *request)
{
    guanjia_outbox *box = NULL;
    struct guanjia_fault fault = {0};
    uint8_t key[GUANJIA_KEY_SIZE];
    uint8_t after[GUANJIA_KEY_SIZE];
    uint8_t *body = NULL;
    size_t len = 0;
    char hex[2 * GUANJIA_KEY_SIZE + 1];
    uint64_t user = guanjia_profile_user(cli->dir, NULL, 0);
    if (!guanjia_call_is_write(cli->command->call)) {
        return cli_fail(cli, EXIT_USAGE, "%s", CLI_TEXT("only changes can wait in the outbox"));
    }
    if (user == 0) {
        return cli_fail(
            cli, EXIT_STATUS + GUANJIA_S_UNAUTHENTICATED, "%s", CLI_TEXT("nobody is logged in: guanjia login"));
    }
    /* The act that names its predecessor on the wire has to wait for it here as well. */
    const char *before = cli->after != NULL ? cli->after : cli_arg(cli, "follows");
    if (before != NULL && gj_id_unhex(before, strlen(before), after, sizeof after) != GJ_OK) {
        return cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not the key of an outbox item"), before);
    }
    enum guanjia_err err = guanjia_outbox_open(cli->dir, user, &box, &fault);
    if (err == GUANJIA_OK) {
        const char *title = item_title(cli);
        err = gj_pb_pack_arena(request, &cli->arena, &body, &len) == GJ_OK && title != NULL
                  ? guanjia_outbox_add(box, cli->command->call, body, len, before != NULL ? after : NULL, title, key)
                  : GUANJIA_ENOMEM;
    }
    guanjia_outbox_close(box);
    if (err != GUANJIA_OK) {
        return cli_fail(cli, EXIT_LOCAL, "%s", *fault.text != '\0' ? fault.text : guanjia_err_name(err));
    }
    gj_id_hex(key, sizeof key, hex);
    if (cli->format != FORMAT_TABLE) {
        return show_json(cli, json_pack("{s:s}", "outbox", hex));
    }
    fprintf(cli->out, CLI_TEXT("noted in the outbox as %s; guanjia outbox send\n"), hex);
    return EXIT_OK;
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

/* One page's messages; a list of a million rows must not need the memory of all of them. */
#define PAGE_ARENA_MAX ((size_t)64 * 1024 * 1024)
/* Cursors are opaque; the server's are some dozens of bytes. */
#define CURSOR_MAX 512

struct page {
    struct list *list;
    uint8_t cursor[CURSOR_MAX];
    size_t cursor_len;
};

static void keep_cursor(struct page *page, const ProtobufCMessage *reply)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(reply->descriptor, "cursor");
    const ProtobufCBinaryData *cursor = field == NULL ? NULL : build_at(reply, field);
    page->cursor_len = cursor == NULL || cursor->len > CURSOR_MAX ? 0 : cursor->len;
    if (page->cursor_len > 0) {
        memcpy(page->cursor, cursor->data, page->cursor_len);
    }
}

static int take_page(struct cli *cli, const ProtobufCMessage *request, struct page *page)
{
    const struct command *command = cli->command;
    const ProtobufCFieldDescriptor *rows =
        protobuf_c_message_descriptor_get_field_by_name(command->reply, command->rows);
    ProtobufCMessage *reply = NULL;
    int code = cli_call(cli, command->call, request, command->reply, &reply);
    if (code != EXIT_OK) {
        return code;
    }
    bool ok = true;
    ProtobufCMessage *const *elements = *(ProtobufCMessage *const *const *)build_at(reply, rows);
    for (size_t n = 0; n < build_count(reply, rows) && ok; n++) {
        ok = list_row(page->list, elements[n]);
    }
    keep_cursor(page, reply);
    return ok ? EXIT_OK : cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
}

/* The page is unpacked and printed in an arena of its own. */
static int one_page(struct cli *cli, const ProtobufCMessage *request, struct page *page)
{
    struct gj_arena whole = cli->arena;
    gj_arena_init(&cli->arena, PAGE_ARENA_MAX);
    int code = take_page(cli, request, page);
    gj_arena_fini(&cli->arena);
    cli->arena = whole;
    return code;
}

static bool next_page(struct cli *cli, ProtobufCMessage *request, const struct page *page)
{
    return page->cursor_len > 0 &&
           protobuf_c_message_descriptor_get_field_by_name(request->descriptor, "page") != NULL &&
           build_bytes(&cli->arena, build_place(&cli->arena, request, "page.cursor"), page->cursor, page->cursor_len);
}

static void hint_more(struct cli *cli, const struct page *page)
{
    char hex[2 * CURSOR_MAX + 1];
    if (cli->quiet || page->cursor_len == 0) {
        return;
    }
    gj_id_hex(page->cursor, page->cursor_len, hex);
    fprintf(cli->err, CLI_TEXT("more: --cursor %s, or --all\n"), hex);
}

int cli_send_list(struct cli *cli, ProtobufCMessage *request, const char *columns)
{
    struct page page = {0};
    const ProtobufCFieldDescriptor *rows =
        protobuf_c_message_descriptor_get_field_by_name(cli->command->reply, cli->command->rows);
    int code = cli_client(cli);
    if (code != EXIT_OK) {
        return code;
    }
    page.list = list_begin(cli, columns != NULL ? columns : cli->command->columns, rows->descriptor);
    if (page.list == NULL) {
        return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
    }
    do {
        code = one_page(cli, request, &page);
    } while (code == EXIT_OK && cli->all && next_page(cli, request, &page));
    if (code != EXIT_OK) {
        list_abandon(page.list);
        return code;
    }
    code = list_end(page.list);
    if (!cli->all) {
        hint_more(cli, &page);
    }
    return code;
}

int cli_send(struct cli *cli, ProtobufCMessage *request)
{
    ProtobufCMessage *reply = NULL;
    if (cli->to_outbox) {
        int code = cli_profile(cli);
        return code == EXIT_OK ? note_in_outbox(cli, request) : code;
    }
    if (cli->command->rows != NULL) {
        return cli_send_list(cli, request, NULL);
    }
    int code = cli_call(cli, cli->command->call, request, cli->command->reply, &reply);
    return code == EXIT_OK ? show_message(cli, reply, cli->command->columns) : code;
}

int cli_run_generic(struct cli *cli)
{
    ProtobufCMessage *request = cli_new(cli, cli->command->request);
    if (request == NULL) {
        return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
    }
    int code = cli_fill(cli, request);
    return code == EXIT_OK ? cli_send(cli, request) : code;
}
