#include "client/cli/files.h"
#include "client/cli/help.h"
#include "client/cli/nouns.h"
#include "client/cli/texts.h"

#include <string.h>

#define DRAFT_MAX ((size_t)256 * 1024)

static int whose(struct cli *cli, uint64_t *user)
{
    int code = cli_profile(cli);
    *user = code == EXIT_OK ? guanjia_profile_user(cli->dir, NULL, 0) : 0;
    return code == EXIT_OK && *user == 0 ? cli_fail(cli, EXIT_STATUS + GUANJIA_S_UNAUTHENTICATED, "%s",
                                               CLI_TEXT("nobody is logged in: guanjia login"))
                                         : code;
}

static int tell(struct cli *cli, enum guanjia_err err, const struct guanjia_fault *fault)
{
    return err == GUANJIA_OK
               ? EXIT_OK
               : cli_fail(cli, EXIT_LOCAL, "%s", *fault->text != '\0' ? fault->text : CLI_TEXT(text_of_err((int)err)));
}

int run_draft_put(struct cli *cli)
{
    uint64_t user = 0;
    const uint8_t *bytes = NULL;
    size_t len = 0;
    struct guanjia_fault fault = {0};
    int code = whose(cli, &user);
    code = code == EXIT_OK ? files_read(cli, cli_arg(cli, "FILE"), DRAFT_MAX, &bytes, &len) : code;
    return code == EXIT_OK
               ? tell(cli, guanjia_draft_put(cli->dir, user, cli_arg(cli, "NAME"), bytes, len, &fault), &fault)
               : code;
}

int run_draft_get(struct cli *cli)
{
    uint64_t user = 0;
    uint8_t *bytes = NULL;
    size_t len = 0;
    struct guanjia_fault fault = {0};
    int code = whose(cli, &user);
    if (code == EXIT_OK) {
        code = tell(cli, guanjia_draft_get(cli->dir, user, cli_arg(cli, "NAME"), &bytes, &len, &fault), &fault);
    }
    if (code == EXIT_OK) {
        fwrite(bytes, 1, len, cli->out);
        guanjia_free(bytes);
    }
    return code;
}

int run_draft_drop(struct cli *cli)
{
    uint64_t user = 0;
    struct guanjia_fault fault = {0};
    int code = whose(cli, &user);
    return code == EXIT_OK ? tell(cli, guanjia_draft_drop(cli->dir, user, cli_arg(cli, "NAME")), &fault) : code;
}

int run_completion(struct cli *cli)
{
    const char *shell = cli_arg(cli, "SHELL");
    return strcmp(shell, "bash") == 0 ? completion_bash(cli)
                                      : cli_fail(cli, EXIT_USAGE, CLI_TEXT("no completion for %s: only bash"), shell);
}
