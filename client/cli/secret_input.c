#include "client/cli/secret_input.h"

#include "client/cli/interrupt.h"
#include "common/limits.h"
#include "common/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LINE_SIZE (GJ_PASSWORD_MAX + 2)

static const char *keep(struct cli *cli, char line[LINE_SIZE])
{
    size_t len = strcspn(line, "\r\n");
    bool whole = line[len] != '\0' || len < LINE_SIZE - 1;
    line[len] = '\0';
    const char *kept = whole && len > 0 ? gj_arena_strdup(&cli->arena, line) : NULL;
    gj_secret_wipe(line, LINE_SIZE);
    return kept;
}

static const char *from_file(struct cli *cli, const char *file)
{
    char line[LINE_SIZE] = "";
    FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
    if (in == NULL) {
        cli_fail(cli, EXIT_LOCAL, "%s: %s", file, strerror(errno));
        return NULL;
    }
    char *got = fgets(line, sizeof line, in);
    if (in != stdin) {
        fclose(in);
    }
    const char *kept = got == NULL ? NULL : keep(cli, line);
    if (kept == NULL) {
        cli_fail(cli, EXIT_LOCAL, CLI_TEXT("%s: no password on the first line"), file);
    }
    return kept;
}

static const char *from_terminal(struct cli *cli, int tty, const char *prompt)
{
    char line[LINE_SIZE] = "";
    struct termios before;
    if (tcgetattr(tty, &before) != 0) {
        return NULL;
    }
    interrupt_catch(); /* Ctrl-C must not leave a terminal without echo */
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK);
    silent.c_lflag |= ECHONL;
    tcsetattr(tty, TCSAFLUSH, &silent);
    dprintf(tty, "%s: ", prompt);
    ssize_t got = read(tty, line, sizeof line - 1);
    tcsetattr(tty, TCSAFLUSH, &before);
    int interrupted = interrupt_signal();
    interrupt_release();
    if (interrupted != 0) {
        gj_secret_wipe(line, sizeof line);
        dprintf(tty, "\n");
        raise(interrupted); /* ends as it would have without us */
    }
    return got <= 0 ? NULL : keep(cli, line);
}

const char *secret_input(struct cli *cli, const char *file, const char *prompt, bool twice)
{
    if (file != NULL) {
        return from_file(cli, file);
    }
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (tty < 0) {
        cli_fail(cli, EXIT_USAGE, "%s",
            CLI_TEXT("there is no terminal to ask for the password: give a file or - for standard input"));
        return NULL;
    }
    const char *secret = from_terminal(cli, tty, prompt);
    const char *again = secret != NULL && twice ? from_terminal(cli, tty, CLI_TEXT("once more")) : secret;
    close(tty);
    if (secret == NULL || again == NULL) {
        cli_fail(cli, EXIT_USAGE, "%s", CLI_TEXT("no password was given"));
        return NULL;
    }
    if (strcmp(secret, again) != 0) {
        cli_fail(cli, EXIT_USAGE, "%s", CLI_TEXT("the two are not the same"));
        return NULL;
    }
    return secret;
}
