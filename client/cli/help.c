#include "client/cli/help.h"

#include "client/cli/args.h"
#include "client/cli/help_notes.h"
#include "common/text.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_WIDTH 100
#define DISTANCE_MAX 32

static void padded(FILE *out, const char *text, size_t width)
{
    size_t own = gj_text_width(text, strlen(text));
    fprintf(out, "  %s%*s", text, (int)(own < width ? width - own : 1), "");
}

static void usage(FILE *out, const struct command *command)
{
    fprintf(out, "guanjia %s%s%s", command->noun, *command->verb != '\0' ? " " : "", command->verb);
    for (const struct option_row *row = command->options; row != NULL && row->name != NULL; row++) {
        if ((row->flags & OPT_ARG) != 0) {
            bool must = (row->flags & OPT_REQUIRED) != 0;
            fprintf(
                out, " %s%s%s%s", must ? "" : "[", row->name, (row->flags & OPT_MANY) != 0 ? "…" : "", must ? "" : "]");
        }
    }
    for (const struct option_row *row = command->options; row != NULL && row->name != NULL; row++) {
        if ((row->flags & (OPT_ARG | OPT_REQUIRED)) == OPT_REQUIRED && row->type != OPTION_SECRET) {
            fprintf(out, " --%s …", row->name);
        }
    }
}

static const char *value_word(enum option_type type)
{
    switch (type) {
    case OPTION_FLAG:
        return "";
    case OPTION_NUMBER:
        return " N";
    case OPTION_MONEY:
        return " YUAN";
    case OPTION_TIME:
        return " TIME";
    case OPTION_AREA:
        return " M2";
    case OPTION_ID:
        return " ID";
    case OPTION_RECORD:
        return " ID|NUMBER";
    case OPTION_OFFICE:
        return " OFFICE";
    case OPTION_USER:
        return " USER";
    case OPTION_PRIORITY:
        return " P0…P4";
    case OPTION_HEX:
        return " HEX";
    case OPTION_FILE:
    case OPTION_SECRET:
        return " FILE";
    case OPTION_FIELD:
        return " KEY=VALUE";
    case OPTION_LINE:
        return " KEY:l=COLUMN=VALUE,…";
    case OPTION_GRANT:
        return " ROLE[@OFFICE]";
    case OPTION_CERT:
        return " NAME:NUMBER:UNTIL";
    default:
        return " TEXT";
    }
}

static void options(struct cli *cli, const struct option_row *rows)
{
    char name[96];
    for (const struct option_row *row = rows; row != NULL && row->name != NULL; row++) {
        if ((row->flags & OPT_ARG) != 0) {
            snprintf(name, sizeof name, "%s", row->name);
        } else {
            snprintf(name, sizeof name, "--%s%s", row->name, value_word(row->type));
        }
        padded(cli->out, name, 28);
        fprintf(cli->out, "%s%s\n", CLI_TEXT(row->help),
            (row->flags & OPT_MANY) != 0 ? CLI_TEXT(" (may be repeated)") : "");
    }
}

static bool is_note_part(const char *text)
{
    return text != NULL && *text != '\0';
}

/* One paragraph, broken at blanks (or between Chinese characters) to the width of a terminal. */
static void paragraph(FILE *out, const char *text)
{
    while (*text != '\0') {
        size_t used = 0;
        size_t len = strlen(text);
        size_t fits = gj_text_fit(text, len, TEXT_WIDTH, &used);
        size_t cut = fits;
        while (fits < len && cut > 0 && text[cut] != ' ' && ((unsigned char)text[cut] & 0x80) == 0) {
            cut--;
        }
        cut = cut == 0 ? fits : cut;
        fprintf(out, "%.*s\n", (int)cut, text);
        text += cut;
        text += strspn(text, " ");
    }
}

static void note(struct cli *cli, const struct command *command)
{
    const struct help_note *found = help_note(command->noun, command->verb);
    if (found == NULL) {
        return;
    }
    if (is_note_part(found->text)) {
        fputc('\n', cli->out);
        paragraph(cli->out, CLI_TEXT(found->text));
    }
    if (is_note_part(found->list)) {
        fputs(found->list, cli->out);
    }
    if (is_note_part(found->examples)) {
        fprintf(cli->out, "\n%s\n  %s\n", CLI_TEXT("Examples:"), found->examples);
    }
}

void help_command(struct cli *cli, const struct command *command)
{
    usage(cli->out, command);
    fprintf(cli->out, "\n\n%s\n", CLI_TEXT(command->help));
    if (command->options != NULL && command->options->name != NULL) {
        fputc('\n', cli->out);
        options(cli, command->options);
    }
    note(cli, command);
    fprintf(cli->out, "\n%s\n", CLI_TEXT("Every command:"));
    options(cli, args_global);
}

static void one_line(struct cli *cli, const struct command *command)
{
    char name[64];
    snprintf(name, sizeof name, "%s %s", command->noun, command->verb);
    padded(cli->out, name, 26);
    fprintf(cli->out, "%s\n", CLI_TEXT(command->help));
}

static void each(struct cli *cli, const char *noun)
{
    for (size_t t = 0; t < command_table_count; t++) {
        for (size_t n = 0; n < command_tables[t]->count; n++) {
            const struct command *command = &command_tables[t]->rows[n];
            if ((noun == NULL || strcmp(command->noun, noun) == 0) && (command->flags & COMMAND_HIDDEN) == 0) {
                one_line(cli, command);
            }
        }
    }
}

void help_noun(struct cli *cli, const char *noun)
{
    const char *name = NULL;
    const char *help;
    for (size_t n = 0; (help = help_of_noun(n, &name)) != NULL; n++) {
        if (strcmp(name, noun) == 0) {
            fprintf(cli->out, "%s: %s\n\n", noun, CLI_TEXT(help));
        }
    }
    each(cli, noun);
    fprintf(cli->out, "\n");
    fprintf(cli->out, CLI_TEXT("Options and examples of one of them: guanjia %s VERB --help\n"), noun);
}

/* A noun that is a command by itself has none. */
static void print_verbs(struct cli *cli, const char *noun)
{
    const char *between = "";
    for (size_t t = 0; t < command_table_count; t++) {
        for (size_t n = 0; n < command_tables[t]->count; n++) {
            const struct command *command = &command_tables[t]->rows[n];
            if (strcmp(command->noun, noun) == 0 && (command->flags & COMMAND_HIDDEN) == 0 && *command->verb != '\0') {
                fprintf(cli->out, "%s%s", between, command->verb);
                between = " ";
            }
        }
    }
}

void help_all(struct cli *cli)
{
    const char *noun = NULL;
    const char *help;
    fprintf(cli->out, "%s\n\n", CLI_TEXT("guanjia [OPTION...] NOUN [VERB] [ARGUMENT...] [OPTION...]"));
    for (size_t n = 0; (help = help_of_noun(n, &noun)) != NULL; n++) {
        padded(cli->out, noun, 14);
        fprintf(cli->out, "%s\n", CLI_TEXT(help));
        if (command_find(noun, NULL) == NULL) {
            padded(cli->out, "", 14);
            print_verbs(cli, noun);
            fputc('\n', cli->out);
        }
    }
    fprintf(cli->out, "\n%s\n", CLI_TEXT("Every command:"));
    options(cli, args_global);
    fprintf(cli->out, "\n%s\n", CLI_TEXT("Examples:"));
    fputs("  guanjia login zhang.wei\n  guanjia inbox list\n  guanjia ticket board\n"
          "  guanjia ticket show WXBJ12026000042 --history\n",
        cli->out);
    fprintf(cli->out, "\n%s\n",
        CLI_TEXT("Verbs of a noun: guanjia NOUN --help; options and examples: guanjia NOUN VERB --help"));
}

/* ---- what was probably meant ------------------------------------------------------------------------------------- */

/* How many letters have to be changed, added or left out. */
static size_t distance(const char *from, const char *to)
{
    size_t row[DISTANCE_MAX + 1];
    size_t width = strlen(to);
    if (width > DISTANCE_MAX) {
        return DISTANCE_MAX;
    }
    for (size_t n = 0; n <= width; n++) {
        row[n] = n;
    }
    for (size_t line = 1; from[line - 1] != '\0'; line++) {
        size_t corner = row[0];
        row[0] = line;
        for (size_t n = 1; n <= width; n++) {
            size_t above = row[n];
            size_t change = corner + (from[line - 1] == to[n - 1] ? 0 : 1);
            size_t add = row[n - 1] + 1 < above + 1 ? row[n - 1] + 1 : above + 1;
            row[n] = change < add ? change : add;
            corner = above;
        }
    }
    return row[width];
}

const char *help_meant(const char *noun, const char *typed)
{
    const char *best = NULL;
    size_t least = strlen(typed) < 4 ? 2 : 3; /* farther away it is another word */
    for (size_t t = 0; t < command_table_count; t++) {
        for (size_t n = 0; n < command_tables[t]->count; n++) {
            const struct command *command = &command_tables[t]->rows[n];
            const char *word = noun == NULL ? command->noun : command->verb;
            if ((noun == NULL || strcmp(command->noun, noun) == 0) && (command->flags & COMMAND_HIDDEN) == 0 &&
                *word != '\0' && distance(typed, word) < least) {
                least = distance(typed, word);
                best = word;
            }
        }
    }
    return best;
}
