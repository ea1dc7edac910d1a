#include "client/cli/args.h"
#include "client/cli/help.h"

#include <string.h>

/* The script holds one list of words per noun and per command; which list is wanted follows from the words before the
 * cursor. */

static bool first_of_noun(size_t table, size_t row)
{
    const char *noun = command_tables[table]->rows[row].noun;
    for (size_t t = 0; t <= table; t++) {
        size_t end = t == table ? row : command_tables[t]->count;
        for (size_t n = 0; n < end; n++) {
            if (strcmp(command_tables[t]->rows[n].noun, noun) == 0) {
                return false;
            }
        }
    }
    return true;
}

static void print_verbs(FILE *out, const char *noun)
{
    fprintf(out, "        %s) words=\"", noun);
    for (size_t t = 0; t < command_table_count; t++) {
        for (size_t n = 0; n < command_tables[t]->count; n++) {
            const struct command *command = &command_tables[t]->rows[n];
            if (strcmp(command->noun, noun) == 0 && *command->verb != '\0' && (command->flags & COMMAND_HIDDEN) == 0) {
                fprintf(out, "%s ", command->verb);
            }
        }
    }
    fputs("\" ;;\n", out);
}

static void print_options(FILE *out, const struct option_row *rows)
{
    for (const struct option_row *row = rows; row != NULL && row->name != NULL; row++) {
        if ((row->flags & OPT_ARG) == 0) {
            fprintf(out, "--%s ", row->name);
        }
    }
}

int completion_bash(struct cli *cli)
{
    FILE *out = cli->out;
    fputs("# bash completion for guanjia: put it into /etc/bash_completion.d or source it.\n_guanjia()\n{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} noun= verb= word words= n\n"
          "    COMPREPLY=()\n"
          "    for ((n = 1; n < COMP_CWORD; n++)); do\n"
          "        word=${COMP_WORDS[n]}\n"
          "        case $word in\n        -p|-o",
        out);
    for (const struct option_row *row = args_global; row->name != NULL; row++) {
        if (row->type != OPTION_FLAG) {
            fprintf(out, "|--%s", row->name);
        }
    }
    fputs(") ((n++)); continue ;;\n        esac\n"
          "        [[ $word == -* ]] && continue\n"
          "        if [[ -z $noun ]]; then noun=$word; elif [[ -z $verb ]]; then verb=$word; fi\n"
          "    done\n"
          "    if [[ ${COMP_WORDS[COMP_CWORD-1]} == --output || ${COMP_WORDS[COMP_CWORD-1]} == -o ]]; then\n"
          "        COMPREPLY=($(compgen -W 'table json ndjson' -- \"$cur\")); return\n    fi\n"
          "    if [[ -z $noun ]]; then\n        words=\"",
        out);
    for (size_t t = 0; t < command_table_count; t++) {
        for (size_t n = 0; n < command_tables[t]->count; n++) {
            if (first_of_noun(t, n)) {
                fprintf(out, "%s ", command_tables[t]->rows[n].noun);
            }
        }
    }
    fputs("\"\n    elif [[ $cur == -* ]]; then\n        case \"$noun $verb\" in\n", out);
    for (size_t t = 0; t < command_table_count; t++) {
        for (size_t n = 0; n < command_tables[t]->count; n++) {
            const struct command *command = &command_tables[t]->rows[n];
            fprintf(out, "        \"%s %s\") words=\"", command->noun, command->verb);
            print_options(out, command->options);
            fputs("\" ;;\n", out);
        }
    }
    fputs("        esac\n        words+=\"", out);
    print_options(out, args_global);
    fputs("\"\n    elif [[ -z $verb ]]; then\n        case $noun in\n", out);
    for (size_t t = 0; t < command_table_count; t++) {
        for (size_t n = 0; n < command_tables[t]->count; n++) {
            if (first_of_noun(t, n)) {
                print_verbs(out, command_tables[t]->rows[n].noun);
            }
        }
    }
    fputs("        esac\n    fi\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "    [[ ${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- \"$cur\"))\n}\n"
          "complete -F _guanjia guanjia\n",
        out);
    return EXIT_OK;
}
