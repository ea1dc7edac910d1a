#include "client/cli/args.h"
#include "client/cli/cli.h"
#include "client/cli/files.h"
#include "client/cli/help.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Everything one run unpacks and prints; a list of 400,000 rows is printed page by page. */
#define RUN_ARENA_MAX ((size_t)512 * 1024 * 1024)

#define CALL_TIMEOUT_MS 30000u

/* Chinese must work on a machine without any locale installed: UTF-8 comes from C.UTF-8, the language from the
 * environment. */
static void set_language(struct cli *cli, int argc, char **argv)
{
    for (int n = 1; n < argc && strcmp(argv[n], "--") != 0; n++) {
        const char *value = strncmp(argv[n], "--lang=", 7) == 0              ? argv[n] + 7
                            : strcmp(argv[n], "--lang") == 0 && n + 1 < argc ? argv[n + 1]
                                                                             : NULL;
        if (value != NULL) {
            setenv("GUANJIA_LANG", value, 1);
        }
    }
    const char *wanted = getenv("GUANJIA_LANG");
    const char *names[] = {wanted, getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG")};
    for (size_t n = 0; n < sizeof names / sizeof names[0] && wanted == NULL; n++) {
        wanted = names[n] != NULL && *names[n] != '\0' ? names[n] : NULL;
    }
    const char *set = setlocale(LC_ALL, "");
    if (set == NULL || strcmp(set, "C") == 0 || strcmp(set, "POSIX") == 0 || getenv("GUANJIA_LANG") != NULL) {
        setlocale(LC_ALL, "C.UTF-8");
        if (wanted != NULL && strncmp(wanted, "zh", 2) == 0) {
            setenv("LANGUAGE", "zh_CN", 1);
        } else if (getenv("GUANJIA_LANG") != NULL) {
            setenv("LANGUAGE", "en", 1);
        }
    }
    const char *folder = files_find(cli, "locale");
    bindtextdomain("guanjia", folder != NULL ? folder : GJ_LOCALE_DIR);
    bind_textdomain_codeset("guanjia", "UTF-8");
    textdomain("guanjia");
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct args_result result = {0};
    int code = args_parse(cli, argc, argv, &result);
    if (result.version) {
        fprintf(cli->out, "guanjia %s\n", GJ_VERSION);
        return EXIT_OK;
    }
    if (result.help && cli->command != NULL) {
        help_command(cli, cli->command);
    } else if (result.help && result.noun != NULL && command_noun(result.noun)) {
        help_noun(cli, result.noun);
    } else if (result.help) {
        help_all(cli);
    } else if (code == EXIT_OK) {
        code = cli->command->run != NULL ? cli->command->run(cli) : cli_run_generic(cli);
    }
    return code;
}

int main(int argc, char **argv)
{
    static struct cli cli;
    cli.out = stdout;
    cli.err = stderr;
    cli.timeout_ms = CALL_TIMEOUT_MS;
    cli.profile = getenv("GUANJIA_PROFILE");
    cli.profile = cli.profile == NULL || *cli.profile == '\0' ? "default" : cli.profile;
    signal(SIGPIPE, SIG_IGN);
    gj_arena_init(&cli.arena, RUN_ARENA_MAX);
    set_language(&cli, argc, argv);
    int code = run(&cli, argc, argv);
    guanjia_client_close(cli.client, NULL, NULL);
    cli_forget_words(&cli);
    if (fflush(stdout) != 0 && code == EXIT_OK) {
        code = EXIT_LOCAL;
    }
    gj_arena_fini(&cli.arena);
    return code;
}
