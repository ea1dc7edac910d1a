#include "client/cli/cli.h"

#include "client/cli/build.h"
#include "client/cli/json.h"
#include "client/cli/kind.h"
#include "client/cli/show.h"
#include "client/cli/texts.h"
#include "common/buf.h"
#include "common/limits.h"
#include "common/pb.h"
#include "proto/record.pb-c.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A person is watching: shorter pauses than a program's. */
#define RECONNECT_MAX_MS 10000

int cli_fail(struct cli *cli, int code, const char *format, ...)
{
    va_list args;
    fputs("guanjia: ", cli->err);
    va_start(args, format);
    vfprintf(cli->err, format, args);
    va_end(args);
    fputc('\n', cli->err);
    return code;
}

const char *cli_arg(const struct cli *cli, const char *name)
{
    for (size_t n = 0; n < cli->arg_count; n++) {
        if (strcmp(cli->args[n].row->name, name) == 0) {
            return cli->args[n].value;
        }
    }
    return NULL;
}

ProtobufCMessage *cli_new(struct cli *cli, const ProtobufCMessageDescriptor *type)
{
    return build_new(&cli->arena, type);
}

/* ---- profile and client ------------------------------------------------------------------------------------------ */

static int exit_of_err(enum guanjia_err err)
{
    switch (err) {
    case GUANJIA_OK:
        return EXIT_OK;
    case GUANJIA_ENOTENROLLED:
    case GUANJIA_EREVOKED:
    case GUANJIA_EINVITATION:
        return EXIT_ENROL;
    case GUANJIA_EIO:
    case GUANJIA_ECLOSED:
    case GUANJIA_ETIMEDOUT:
    case GUANJIA_ECRYPTO:
    case GUANJIA_EVERSION:
    case GUANJIA_ECLUSTER:
        return EXIT_NETWORK;
    default:
        return EXIT_LOCAL;
    }
}

int cli_profile(struct cli *cli)
{
    struct guanjia_fault fault = {0};
    if (cli->loaded.dir[0] != '\0') {
        return EXIT_OK;
    }
    enum guanjia_err err = guanjia_profile_dir(cli->profile, cli->dir, sizeof cli->dir);
    if (err != GUANJIA_OK) {
        return cli_fail(cli, EXIT_LOCAL, CLI_TEXT("profile %s: %s"), cli->profile, CLI_TEXT(text_of_err((int)err)));
    }
    err = guanjia_profile_load(cli->dir, &cli->loaded, &fault);
    if (err == GUANJIA_ENOTFOUND) {
        return cli_fail(cli, EXIT_ENROL,
            CLI_TEXT("profile %s is not enrolled: guanjia enroll INVITATION --address HOST:PORT"), cli->profile);
    }
    return err == GUANJIA_OK ? EXIT_OK : cli_fail(cli, EXIT_LOCAL, "%s", fault.text);
}

static void on_state(void *arg, enum guanjia_state state, enum guanjia_err why, uint32_t wait_ms)
{
    struct cli *cli = arg;
    if (!cli->verbose) {
        return;
    }
    if (state == GUANJIA_WAITING && why != GUANJIA_OK) {
        fprintf(cli->err, CLI_TEXT("guanjia: %s; next attempt in %u ms\n"), CLI_TEXT(text_of_err((int)why)), wait_ms);
    } else {
        fprintf(cli->err, "guanjia: %s\n", guanjia_state_name(state));
    }
}

int cli_client(struct cli *cli)
{
    struct guanjia_fault fault = {0};
    const struct guanjia_options options = {
        .on_state = on_state, .arg = cli, .program = "guanjia " GJ_VERSION, .backoff_max_ms = RECONNECT_MAX_MS};
    if (cli->client != NULL) {
        return EXIT_OK;
    }
    int code = cli_profile(cli);
    if (code != EXIT_OK) {
        return code;
    }
    enum guanjia_err err = guanjia_client_open(cli->dir, &options, &cli->client, &fault);
    return err == GUANJIA_OK
               ? EXIT_OK
               : cli_fail(cli, EXIT_LOCAL, "%s", *fault.text != '\0' ? fault.text : CLI_TEXT(text_of_err((int)err)));
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

static const char *refusal_text(struct cli *cli, const struct guanjia_answer *answer)
{
    char filled[512];
    const char *text = text_of_refusal(answer->code);
    if (text == NULL) {
        return NULL;
    }
    const char *title = kind_title(cli->kind, answer->field);
    text_fill(CLI_TEXT(text), title != NULL ? title : show_title(answer->field), answer->params, answer->param_count,
        filled, sizeof filled);
    return gj_arena_strdup(&cli->arena, filled);
}

static void print_error_json(struct cli *cli, const struct guanjia_answer *answer)
{
    json_t *error = json_object();
    json_t *params = json_array();
    json_t *outer = json_object();
    for (size_t n = 0; n < answer->param_count; n++) {
        json_array_append_new(params, json_string(answer->params[n]));
    }
    json_object_set_new(error, "status", json_string(guanjia_status_name(answer->status)));
    json_object_set_new(error, "code", json_string(answer->code));
    json_object_set_new(error, "field", json_string(answer->field));
    json_object_set_new(error, "params", params);
    if (answer->status == GUANJIA_S_CONFLICT && answer->body_len > 0) {
        ProtobufCMessage *record = NULL;
        if (gj_pb_unpack(&gj__v1__record__descriptor, &cli->arena, answer->body, answer->body_len, &record) == GJ_OK) {
            json_object_set_new(error, "current", json_of_message(record));
        }
    }
    json_object_set_new(outer, "error", error);
    (void)show_json(cli, outer); /* the exit code says what happened even where output fails */
}

int cli_answer_exit(struct cli *cli, enum guanjia_err err, const struct guanjia_answer *answer)
{
    if (err != GUANJIA_OK) {
        return cli_fail(cli, exit_of_err(err), "%s", CLI_TEXT(text_of_err((int)err)));
    }
    if (answer->status == GUANJIA_S_OK) {
        return EXIT_OK;
    }
    if (cli->format != FORMAT_TABLE) {
        print_error_json(cli, answer);
    }
    const char *why = refusal_text(cli, answer);
    const char *status = CLI_TEXT(text_of_status(answer->status));
    int code = answer->status > 0 && answer->status < 100 ? EXIT_STATUS + answer->status : EXIT_LOCAL;
    if (*answer->code == '\0') {
        return cli_fail(cli, code, "%s", status);
    }
    return cli_fail(cli, code, "%s (%s%s%s)", why != NULL ? why : status, answer->code,
        *answer->field != '\0' ? ": " : "", answer->field);
}

enum guanjia_err cli_call_quietly(
    struct cli *cli, uint32_t call, const ProtobufCMessage *request, const struct guanjia_answer **answer)
{
    struct gj_buf packed;
    gj_buf_init(&packed, GJ_BODY_MAX);
    enum guanjia_err err = (enum guanjia_err)gj_pb_pack(request, &packed);
    if (err == GUANJIA_OK) {
        const struct guanjia_call made = {
            .number = call, .body = gj_buf_bytes(&packed), .body_len = packed.len, .timeout_ms = cli->timeout_ms};
        err = guanjia_call_wait(cli->client, &made, answer);
    }
    gj_buf_wipe(&packed);
    return err;
}

int cli_call(struct cli *cli, uint32_t call, const ProtobufCMessage *request,
    const ProtobufCMessageDescriptor *reply_type, ProtobufCMessage **reply)
{
    const struct guanjia_answer *answer = NULL;
    int code = cli_client(cli);
    if (code != EXIT_OK) {
        return code;
    }
    enum guanjia_err err = cli_call_quietly(cli, call, request, &answer);
    code = cli_answer_exit(cli, err, answer);
    if (code != EXIT_OK) {
        return code;
    }
    if (gj_pb_unpack(reply_type, &cli->arena, answer->body, answer->body_len, reply) != GJ_OK) {
        return cli_fail(cli, EXIT_NETWORK, "%s", CLI_TEXT("the server's answer cannot be read"));
    }
    return EXIT_OK;
}
