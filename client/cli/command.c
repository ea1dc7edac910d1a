#include "client/cli/command.h"

#include "client/cli/nouns.h"

#include <stdbool.h>
#include <string.h>

const struct command_table *const command_tables[] = {&commands_session, &commands_record, &commands_directory,
    &commands_people, &commands_policy, &commands_desk, &commands_local};
const size_t command_table_count = sizeof command_tables / sizeof command_tables[0];

const struct command *command_find(const char *noun, const char *verb)
{
    const struct command *alone = NULL;
    for (size_t t = 0; t < command_table_count; t++) {
        for (size_t n = 0; n < command_tables[t]->count; n++) {
            const struct command *command = &command_tables[t]->rows[n];
            if (strcmp(command->noun, noun) != 0) {
                continue;
            }
            if (verb != NULL && strcmp(command->verb, verb) == 0) {
                return command;
            }
            alone = *command->verb == '\0' ? command : alone;
        }
    }
    return alone;
}

bool command_noun(const char *noun)
{
    for (size_t t = 0; t < command_table_count; t++) {
        for (size_t n = 0; n < command_tables[t]->count; n++) {
            if (strcmp(command_tables[t]->rows[n].noun, noun) == 0) {
                return true;
            }
        }
    }
    return false;
}
