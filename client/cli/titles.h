#ifndef GJ_CLI_TITLES_H
#define GJ_CLI_TITLES_H

/* What a field of a message is called in a table's heading, in English (translated where it is shown). NULL: its own
 * name is good enough. */
const char *title_of(const char *field_name);

#endif
