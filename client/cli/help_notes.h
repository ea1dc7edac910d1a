#ifndef GJ_CLI_HELP_NOTES_H
#define GJ_CLI_HELP_NOTES_H

#include "client/cli/command.h"

/* Examples and remarks that a command's options cannot say, as data. */
struct help_note {
    const char *noun;
    const char *verb;
    const char *examples; /* lines, the first without its indent */
    const char *text;     /* N_, or NULL */
    const char *list;     /* below the text, as it is; or NULL */
};

/* NULL: there is none. */
const struct help_note *help_note(const char *noun, const char *verb);

/* What each noun is, in the order in which help shows them; NULL behind the last. */
const char *help_of_noun(size_t at, const char **noun);

#endif
