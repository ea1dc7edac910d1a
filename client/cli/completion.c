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

/* Options whose value this device knows: the script asks `guanjia complete`, which asks nobody. */
static const struct {
    const char *options; /* patterns of bash */
    const char *words;
} values[] = {
    {"--output|-o", "table json ndjson"},
    {"--lang", "zh en"},
    {"--priority", "P0 P1 P2 P3 P4"},
    {"--sort", "id due priority"},
    {"--class", "desk phone gateway headquarters"},
    {"--owner-means", "signature code call paper app"},
    {"--office", "$(_guanjia_ask offices) -"},
    {"--category", "$(_guanjia_ask category)"},
    {"--channel", "$(_guanjia_ask channel)"},
    {"--area", "$(_guanjia_ask area)"},
    {"--trade", "$(_guanjia_ask trade)"},
    {"--state|--if-state|--in-state", "$(_guanjia_ask states)"},
    {"--role", "$(_guanjia_ask roles)"},
    {"--kind", "$(_guanjia_ask kinds)"},
    {"--field", "$(_guanjia_ask fields)"},
    {"--assignee", "me"},
};

/* The same for what stands without an option: noun, verb and which word of theirs. */
static const struct {
    const char *place;
    const char *words;
} places[] = {
    {"'record create 0'|'record list 0'|'kind show 0'|'limit propose 0'", "$(_guanjia_ask kinds)"},
    {"'ticket act 1'|'record act 1'", "$(_guanjia_ask acts)"},
    {"'role '*' 1'", "$(_guanjia_ask roles)"},
    {"'office change 0'", "$(_guanjia_ask offices)"},
};

static void print_values(FILE *out)
{
    fputs("    case ${COMP_WORDS[COMP_CWORD-1]} in\n", out);
    for (size_t n = 0; n < sizeof values / sizeof values[0]; n++) {
        /* behind KEY= the value follows at once */
        bool open_end = strcmp(values[n].options, "--field") == 0;
        fprintf(out, "    %s) COMPREPLY=($(compgen -W \"%s\" -- \"$cur\")); %sreturn ;;\n", values[n].options,
            values[n].words, open_end ? "compopt -o nospace 2>/dev/null; " : "");
    }
    fputs("    esac\n", out);
}

static void print_places(FILE *out)
{
    fputs("    else\n        case \"$noun $verb $place\" in\n", out);
    for (size_t n = 0; n < sizeof places / sizeof places[0]; n++) {
        fprintf(out, "        %s) words=\"%s\" ;;\n", places[n].place, places[n].words);
    }
    fputs("        esac\n", out);
}

int completion_bash(struct cli *cli)
{
    FILE *out = cli->out;
    fputs("# bash completion for guanjia: put it into /etc/bash_completion.d or source it.\n"
          "_guanjia_ask() { \"${COMP_WORDS[0]}\" --profile \"$profile\" complete \"$1\" 2>/dev/null; }\n"
          "_guanjia()\n{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} noun= verb= word words= n place=0 "
          "profile=${GUANJIA_PROFILE:-default}\n"
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
    fputs(
        ") [[ $word == -p || $word == --profile ]] && profile=${COMP_WORDS[n+1]}; ((n++)); continue ;;\n        esac\n"
        "        [[ $word == -* ]] && continue\n"
        "        if [[ -z $noun ]]; then noun=$word; elif [[ -z $verb ]]; then verb=$word; else ((place++)); fi\n"
        "    done\n",
        out);
    print_values(out);
    fputs("    if [[ -z $noun ]]; then\n        words=\"", out);
    for (size_t t = 0; t < command_table_count; t++) {
        for (size_t n = 0; n < command_tables[t]->count; n++) {
            if (first_of_noun(t, n) && (command_tables[t]->rows[n].flags & COMMAND_HIDDEN) == 0) {
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
    fputs("        esac\n", out);
    print_places(out);
    fputs("    fi\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "    [[ ${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- \"$cur\"))\n}\n"
          "complete -F _guanjia guanjia\n",
        out);
    return EXIT_OK;
}
