#include "client/cli/nouns.h"
#include "client/cli/secret_input.h"
#include "client/cli/show.h"
#include "client/cli/texts.h"
#include "client/cli/words.h"
#include "common/id.h"
#include "proto/envelope.pb-c.h"
#include "proto/session.pb-c.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *read_line(struct cli *cli)
{
    char line[512];
    return fgets(line, sizeof line, stdin) == NULL ? "" : gj_arena_strdup(&cli->arena, line);
}

int run_enroll(struct cli *cli)
{
    char host[65] = "device";
    struct guanjia_profile profile;
    struct guanjia_answer answer = {0};
    struct guanjia_fault fault = {0};
    struct guanjia_enrolment what = {.timeout_ms = cli->timeout_ms};
    gethostname(host, sizeof host - 1);
    what.invitation = cli_arg(cli, "INVITATION");
    what.invitation = strcmp(what.invitation, "-") == 0 ? read_line(cli) : what.invitation;
    what.address = cli_arg(cli, "address");
    what.device_name = cli_arg(cli, "device-name") != NULL ? cli_arg(cli, "device-name") : host;
    what.user_name = cli_arg(cli, "user");
    if (what.user_name != NULL) {
        what.password = secret_input(cli, cli_arg(cli, "password-file"), CLI_TEXT("new password"), true);
        if (what.password == NULL) {
            return EXIT_USAGE;
        }
    }
    if (guanjia_profile_dir(cli->profile, cli->dir, sizeof cli->dir) != GUANJIA_OK) {
        return cli_fail(cli, EXIT_LOCAL, CLI_TEXT("profile %s has no folder: set HOME or GUANJIA_HOME"), cli->profile);
    }
    enum guanjia_err err = guanjia_enrol(cli->dir, &what, &profile, &answer, &fault);
    if (err == GUANJIA_EEXIST) {
        return cli_fail(cli, EXIT_LOCAL, CLI_TEXT("profile %s is enrolled already"), cli->profile);
    }
    if (err == GUANJIA_EINVAL) {
        return cli_fail(cli, EXIT_USAGE, "%s", fault.text);
    }
    int code = cli_answer_exit(cli, err, &answer);
    if (code != EXIT_OK) {
        return code;
    }
    if (cli->format != FORMAT_TABLE) {
        return show_json(
            cli, json_pack("{s:I,s:I,s:s,s:s}", "device", (json_int_t)profile.device, "office",
                     (json_int_t)profile.office, "device_class", profile.device_class, "dir", profile.dir));
    }
    fprintf(
        cli->out, CLI_TEXT("enrolled as device %llu; now: guanjia login USER\n"), (unsigned long long)profile.device);
    return EXIT_OK;
}

int run_login(struct cli *cli)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__LoginRequest request = GJ__V1__LOGIN_REQUEST__INIT;
    int code = cli_client(cli);
    if (code != EXIT_OK) {
        return code;
    }
    const char *secret = secret_input(cli, cli_arg(cli, "password-file"), CLI_TEXT("password"), false);
    if (secret == NULL) {
        return EXIT_USAGE;
    }
    request.user = gj_arena_strdup(&cli->arena, cli_arg(cli, "USER"));
    request.password = gj_arena_strdup(&cli->arena, secret);
    code = cli_call(cli, GJ__V1__CALL__SESSION_LOGIN, &request.base, &gj__v1__session__descriptor, &reply);
    if (code != EXIT_OK) {
        return code;
    }
    if (!((Gj__V1__Session *)reply)->must_set_password) { /* before that the server answers nothing else */
        words_refresh(cli);
    }
    Gj__V1__Session *session = (Gj__V1__Session *)reply;
    session->token.len = 0; /* it stays in the profile */
    code = show_message(cli, reply, "user name grants expires_at");
    if (session->must_set_password) {
        fprintf(cli->err, "guanjia: %s\n", CLI_TEXT("set a password of your own: guanjia password"));
    }
    return code;
}

/* Whoever had to set one may only now be told what this device should know without a connection. */
int run_password(struct cli *cli)
{
    int code = cli_run_generic(cli);
    if (code == EXIT_OK && !cli->to_outbox) {
        words_refresh(cli);
    }
    return code;
}

int run_logout(struct cli *cli)
{
    ProtobufCMessage *reply = NULL;
    Gj__V1__Empty request = GJ__V1__EMPTY__INIT;
    int code = cli_profile(cli);
    if (code != EXIT_OK || guanjia_profile_user(cli->dir, NULL, 0) == 0) {
        return code; /* nobody is logged in: nothing to do */
    }
    code = cli_call(cli, GJ__V1__CALL__SESSION_LOGOUT, &request.base, &gj__v1__written__descriptor, &reply);
    /* A session that the server has already ended is as good. */
    return code == EXIT_STATUS + GUANJIA_S_UNAUTHENTICATED ? EXIT_OK : code;
}

int run_profile_list(struct cli *cli)
{
    char key[65];
    char name[193];
    int code = cli_profile(cli);
    if (code != EXIT_OK) {
        return code;
    }
    const struct guanjia_profile *profile = &cli->loaded;
    gj_id_hex(profile->server_key, sizeof profile->server_key, key);
    uint64_t user = guanjia_profile_user(cli->dir, name, sizeof name);
    if (cli->format != FORMAT_TABLE) {
        return show_json(cli, json_pack("{s:s,s:s,s:s,s:I,s:I,s:s,s:s,s:I,s:s}", "dir", profile->dir, "address",
                                  profile->address, "server_key", key, "device", (json_int_t)profile->device, "office",
                                  (json_int_t)profile->office, "device_class", profile->device_class, "device_name",
                                  profile->device_name, "user", (json_int_t)user, "user_name", name));
    }
    fprintf(cli->out,
        CLI_TEXT("folder   %s\nserver   %s\nkey      %s\ndevice   %llu %s (%s)\noffice   %llu\nuser     %llu %s\n"),
        profile->dir, profile->address, key, (unsigned long long)profile->device, profile->device_name,
        profile->device_class, (unsigned long long)profile->office, (unsigned long long)user, name);
    return EXIT_OK;
}

int run_profile_address(struct cli *cli)
{
    struct guanjia_fault fault = {0};
    const char *successor = cli_arg(cli, "successor-key");
    int code = cli_profile(cli);
    if (code != EXIT_OK) {
        return code;
    }
    snprintf(cli->loaded.address, sizeof cli->loaded.address, "%s", cli_arg(cli, "ADDRESS"));
    if (successor != NULL && gj_id_unhex(successor, strlen(successor), cli->loaded.successor_key,
                                 sizeof cli->loaded.successor_key) != GJ_OK) {
        return cli_fail(cli, EXIT_USAGE, "%s", CLI_TEXT("a key has 64 hexadecimal digits"));
    }
    enum guanjia_err err = guanjia_profile_save(&cli->loaded, &fault);
    return err == GUANJIA_OK ? EXIT_OK : cli_fail(cli, EXIT_LOCAL, "%s", fault.text);
}
