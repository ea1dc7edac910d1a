#include "client/cli/help.h"

#include "client/cli/args.h"
#include "common/text.h"

#include <string.h>

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

void help_command(struct cli *cli, const struct command *command)
{
    usage(cli->out, command);
    fprintf(cli->out, "\n\n%s\n", CLI_TEXT(command->help));
    if (command->options != NULL && command->options->name != NULL) {
        fputc('\n', cli->out);
        options(cli, command->options);
    }
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
    each(cli, noun);
    fprintf(cli->out, "\n%s\n", CLI_TEXT("More about one of them: guanjia NOUN VERB --help"));
}

void help_all(struct cli *cli)
{
    fprintf(cli->out, "%s\n\n", CLI_TEXT("guanjia [OPTION...] NOUN [VERB] [ARGUMENT...] [OPTION...]"));
    each(cli, NULL);
    fprintf(cli->out, "\n%s\n", CLI_TEXT("Every command:"));
    options(cli, args_global);
    fprintf(cli->out, "\n%s\n", CLI_TEXT("More about one of them: guanjia NOUN VERB --help"));
}
