#include "client/cli/args.h"

#include "client/cli/help.h"
#include "client/cli/value.h"

#include <stdlib.h>
#include <string.h>

const struct option_row args_global[] = {
    {"profile", NULL, OPTION_TEXT, OPT_LOCAL, N_("which profile to use (default: $GUANJIA_PROFILE, else \"default\")")},
    {"output", NULL, OPTION_TEXT, OPT_LOCAL, N_("-o: table, json or ndjson")},
    {"timeout", NULL, OPTION_NUMBER, OPT_LOCAL,
        N_("seconds to wait for an answer, reconnecting meanwhile (default 30)")},
    {"lang", NULL, OPTION_TEXT, OPT_LOCAL, N_("zh or en: language of the texts (default: the terminal's)")},
    {"verbose", NULL, OPTION_FLAG, OPT_LOCAL, N_("-v: say what the connection does")},
    {"quiet", NULL, OPTION_FLAG, OPT_LOCAL, N_("-q: no hints beside the answer")},
    {"limit", NULL, OPTION_NUMBER, OPT_LOCAL, N_("lists: rows of a page, 1 to 200")},
    {"cursor", NULL, OPTION_TEXT, OPT_LOCAL, N_("lists: where the last page ended")},
    {"all", NULL, OPTION_FLAG, OPT_LOCAL, N_("lists: every page")},
    {"outbox", NULL, OPTION_FLAG, OPT_LOCAL, N_("writes: note it in the outbox instead of sending it")},
    {"after", NULL, OPTION_TEXT, OPT_LOCAL, N_("with --outbox: key of the item that this one follows")},
    {"help", NULL, OPTION_FLAG, OPT_LOCAL, N_("-h: this help")},
    {"version", NULL, OPTION_FLAG, OPT_LOCAL, N_("the program's version")},
    {NULL, NULL, OPTION_TEXT, 0, NULL},
};

static const struct {
    char letter;
    const char *name;
} letters[] = {{'o', "output"}, {'v', "verbose"}, {'q', "quiet"}, {'h', "help"}, {'p', "profile"}};

struct line {
    struct cli *cli;
    struct args_result *result;
    int argc;
    char *const *argv;
    int at;
    const char *words[ARGS_MAX];
    size_t word_count;
};

static const struct option_row *find_row(const struct option_row *rows, const char *name, size_t len)
{
    for (; rows != NULL && rows->name != NULL; rows++) {
        if ((rows->flags & OPT_ARG) == 0 && strlen(rows->name) == len && strncmp(rows->name, name, len) == 0) {
            return rows;
        }
    }
    return NULL;
}

static int take_format(struct cli *cli, const char *value)
{
    static const char *const names[] = {"table", "json", "ndjson"};
    for (size_t n = 0; n < 3; n++) {
        if (strcmp(value, names[n]) == 0) {
            cli->format = (enum cli_format)n;
            return EXIT_OK;
        }
    }
    return cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not an output format: table, json or ndjson"), value);
}

static int take_number(struct cli *cli, const char *name, const char *value, int64_t min, int64_t max, uint32_t *out)
{
    int64_t number;
    if (!value_number(value, &number) || number < min || number > max) {
        return cli_fail(
            cli, EXIT_USAGE, CLI_TEXT("--%s takes a number from %lld to %lld"), name, (long long)min, (long long)max);
    }
    *out = (uint32_t)number;
    return EXIT_OK;
}

static int take_global(struct line *line, const char *name, const char *value)
{
    struct cli *cli = line->cli;
    uint32_t seconds = 0;
    int code = EXIT_OK;
    switch (name[0]) {
    case 'p':
        cli->profile = value;
        break;
    case 'o':
        if (strcmp(name, "output") == 0) {
            return take_format(cli, value);
        }
        cli->to_outbox = true;
        break;
    case 't':
        code = take_number(cli, name, value, 1, 86400, &seconds);
        cli->timeout_ms = seconds * 1000;
        break;
    case 'v':
        if (strcmp(name, "verbose") == 0) {
            cli->verbose = true;
        } else {
            line->result->version = true;
        }
        break;
    case 'q':
        cli->quiet = true;
        break;
    case 'l':
        if (strcmp(name, "lang") == 0) {
            return strcmp(value, "zh") == 0 || strcmp(value, "en") == 0
                       ? EXIT_OK /* main has looked at it before the first text */
                       : cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not a language: zh or en"), value);
        }
        return take_number(cli, name, value, 1, 200, &cli->limit);
    case 'c':
        cli->cursor = value;
        break;
    case 'a':
        if (strcmp(name, "all") == 0) {
            cli->all = true;
        } else {
            cli->after = value;
        }
        break;
    default:
        line->result->help = true;
        break;
    }
    return code;
}

static int add_arg(struct line *line, const struct option_row *row, const char *value)
{
    struct cli *cli = line->cli;
    if (cli->arg_count == ARGS_MAX) {
        return cli_fail(cli, EXIT_USAGE, CLI_TEXT("more than %d arguments"), ARGS_MAX);
    }
    if ((row->flags & OPT_MANY) == 0 && cli_arg(cli, row->name) != NULL) {
        return cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s may be given once"), row->name);
    }
    cli->args[cli->arg_count++] = (struct arg){row, value};
    return EXIT_OK;
}

/* Behind the noun a command's options win over global ones of the same name; before it there are only global ones. */
static int take_long(struct line *line, const char *text)
{
    size_t len = strcspn(text, "=");
    const char *value = text[len] == '=' ? text + len + 1 : NULL;
    const struct option_row *own =
        line->cli->command == NULL || line->word_count == 0 ? NULL : find_row(line->cli->command->options, text, len);
    const struct option_row *row = own != NULL ? own : find_row(args_global, text, len);
    if (row == NULL) {
        return cli_fail(line->cli, EXIT_USAGE, CLI_TEXT("unknown option --%.*s; see --help"), (int)len, text);
    }
    if (row->type == OPTION_FLAG) {
        if (value != NULL) {
            return cli_fail(line->cli, EXIT_USAGE, CLI_TEXT("--%s takes no value"), row->name);
        }
        value = "";
    } else if (value == NULL) {
        if (line->at + 1 >= line->argc) {
            return cli_fail(line->cli, EXIT_USAGE, CLI_TEXT("--%s needs a value"), row->name);
        }
        value = line->argv[++line->at];
    }
    return own != NULL ? add_arg(line, own, value) : take_global(line, row->name, value);
}

static int take_short(struct line *line, const char *text)
{
    char name[64];
    for (size_t n = 0; n < sizeof letters / sizeof letters[0]; n++) {
        if (text[0] != letters[n].letter) {
            continue;
        }
        const struct option_row *row = find_row(args_global, letters[n].name, strlen(letters[n].name));
        if (row->type == OPTION_FLAG || text[1] == '\0') {
            snprintf(name, sizeof name, "%s", letters[n].name);
            int code = take_long(line, name);
            return code != EXIT_OK || row->type != OPTION_FLAG || text[1] == '\0' ? code : take_short(line, text + 1);
        }
        return take_global(line, row->name, text + 1 + (text[1] == '=' ? 1 : 0));
    }
    return cli_fail(line->cli, EXIT_USAGE, CLI_TEXT("unknown option -%c; see --help"), text[0]);
}

/* The row of a global option written as --name, --name=value or -n; *more: its value is the next word. */
static const struct option_row *global_row(const char *text, bool *more)
{
    const struct option_row *row = NULL;
    size_t len = strcspn(text + 2, "=");
    if (text[1] == '-') {
        row = find_row(args_global, text + 2, len);
        *more = row != NULL && row->type != OPTION_FLAG && text[2 + len] == '\0';
        return row;
    }
    for (size_t n = 0; n < sizeof letters / sizeof letters[0]; n++) {
        if (text[1] == letters[n].letter) {
            row = find_row(args_global, letters[n].name, strlen(letters[n].name));
        }
    }
    *more = row != NULL && row->type != OPTION_FLAG && text[2] == '\0';
    return row;
}

/* The first words name the command: it must be known before its own options can be read. */
static void find_command(struct line *line)
{
    const char *words[2] = {NULL, NULL};
    size_t count = 0;
    for (int n = 1; n < line->argc && count < 2; n++) {
        const char *text = line->argv[n];
        bool more = false;
        if (text[0] != '-' || text[1] == '\0') {
            words[count++] = text;
        } else if (global_row(text, &more) == NULL && count > 0) {
            break; /* an option of the command: what follows may be its value */
        }
        n += more ? 1 : 0;
    }
    line->result->noun = words[0];
    line->cli->command = words[0] == NULL ? NULL : command_find(words[0], words[1]);
}

static int assign_words(struct line *line)
{
    const struct command *command = line->cli->command;
    size_t at = *command->verb == '\0' ? 1 : 2;
    int code = EXIT_OK;
    for (const struct option_row *row = command->options; row != NULL && row->name != NULL && code == EXIT_OK; row++) {
        if ((row->flags & OPT_ARG) == 0) {
            continue;
        }
        if (at >= line->word_count && (row->flags & OPT_REQUIRED) != 0) {
            return cli_fail(line->cli, EXIT_USAGE, CLI_TEXT("%s is missing; see guanjia %s %s --help"), row->name,
                command->noun, command->verb);
        }
        do {
            if (at < line->word_count) {
                code = add_arg(line, row, line->words[at++]);
            }
        } while ((row->flags & OPT_MANY) != 0 && at < line->word_count && code == EXIT_OK);
    }
    if (code == EXIT_OK && at < line->word_count) {
        code = cli_fail(line->cli, EXIT_USAGE, CLI_TEXT("%s is one argument too many"), line->words[at]);
    }
    return code;
}

static int check_required(struct line *line)
{
    for (const struct option_row *row = line->cli->command->options; row != NULL && row->name != NULL; row++) {
        if ((row->flags & (OPT_REQUIRED | OPT_ARG)) == OPT_REQUIRED && row->type != OPTION_SECRET &&
            cli_arg(line->cli, row->name) == NULL) {
            return cli_fail(line->cli, EXIT_USAGE, CLI_TEXT("--%s is missing; see guanjia %s %s --help"), row->name,
                line->cli->command->noun, line->cli->command->verb);
        }
    }
    return EXIT_OK;
}

static int unknown_command(struct line *line)
{
    struct cli *cli = line->cli;
    const char *noun = line->result->noun;
    bool known = command_noun(noun);
    const char *typed = known ? line->words[1] : noun;
    const char *meant = help_meant(known ? noun : NULL, typed);
    if (known) {
        return meant != NULL ? cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s cannot %s; did you mean: guanjia %s %s"), noun,
                                   typed, noun, meant)
                             : cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s cannot %s; what it can: guanjia %s --help"), noun,
                                   typed, noun);
    }
    return meant != NULL
               ? cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not a command; did you mean: guanjia %s"), typed, meant)
               : cli_fail(cli, EXIT_USAGE, CLI_TEXT("%s is not a command; see guanjia --help"), typed);
}

int args_parse(struct cli *cli, int argc, char *const *argv, struct args_result *result)
{
    struct line *line = gj_arena_calloc(&cli->arena, 1, sizeof *line);
    bool words_only = false;
    int code = EXIT_OK;
    if (line == NULL) {
        return EXIT_LOCAL;
    }
    line->cli = cli;
    line->result = result;
    line->argc = argc;
    line->argv = argv;
    find_command(line);
    for (line->at = 1; line->at < argc && code == EXIT_OK; line->at++) {
        const char *text = argv[line->at];
        if (words_only || text[0] != '-' || text[1] == '\0') {
            code = line->word_count == ARGS_MAX ? EXIT_USAGE : EXIT_OK;
            if (code == EXIT_OK) {
                line->words[line->word_count++] = text;
            }
        } else if (strcmp(text, "--") == 0) {
            words_only = true;
        } else {
            code = text[1] == '-' ? take_long(line, text + 2) : take_short(line, text + 1);
        }
        if (result->help || result->version) {
            return EXIT_OK;
        }
    }
    if (code != EXIT_OK || result->noun == NULL) {
        result->help = result->help || (code == EXIT_OK && result->noun == NULL);
        return code;
    }
    if (cli->command == NULL && strcmp(result->noun, "help") == 0) {
        result->help = true;
        result->noun = line->word_count > 1 ? line->words[1] : NULL;
        cli->command = result->noun == NULL ? NULL : command_find(result->noun, line->words[2]);
        return EXIT_OK;
    }
    if (cli->command == NULL && command_noun(result->noun) && line->word_count == 1) {
        result->help = true; /* the noun alone asks what it can do */
        return EXIT_OK;
    }
    if (cli->command == NULL) {
        return unknown_command(line);
    }
    code = assign_words(line);
    return code == EXIT_OK ? check_required(line) : code;
}
