#ifndef GJ_CLI_COMMAND_H
#define GJ_CLI_COMMAND_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Commands as data: a noun, a verb, the call they make, how their options fill the request and which columns of the
 * answer are shown. Most commands are nothing but a row; the others name a function. Help, completion and the tests
 * read the same rows. */

struct cli;

/* Marks a text for translation where it is data; CLI_TEXT (cli.h) translates it where it is shown. */
#define N_(text) text

enum option_type {
    OPTION_TEXT,
    OPTION_FLAG,     /* takes no value */
    OPTION_NUMBER,   /* decimal */
    OPTION_MONEY,    /* yuan with up to two decimals, stored in fen */
    OPTION_TIME,     /* RFC 3339, or YYYY-MM-DD (its midnight, +08:00), YYYY-MM-DDTHH:MM (+08:00), now */
    OPTION_AREA,     /* m2 with up to four decimals, stored in cm2 */
    OPTION_ID,       /* a number, or with its check digit: 10452-7 */
    OPTION_RECORD,   /* as OPTION_ID, or the record's own number */
    OPTION_OFFICE,   /* as OPTION_ID, or the office's code; - is headquarters */
    OPTION_USER,     /* as OPTION_ID, or a login name; me */
    OPTION_PRIORITY, /* P0 … P4 */
    OPTION_HEX,      /* bytes */
    OPTION_FILE,     /* a file's bytes; - is standard input */
    OPTION_FIELD,    /* KEY=VALUE of a declared form, see fields.h */
    OPTION_LINE,     /* KEY:COLUMN=VALUE,… one row of a line table */
    OPTION_SECRET,   /* a password from the terminal, or from the file given with this option */
    OPTION_GRANT,    /* ROLE[@OFFICE] */
    OPTION_CERT      /* NAME:NUMBER:VALID-UNTIL */
};

enum option_flag {
    OPT_ARG = 1, /* positional: given without its name */
    OPT_REQUIRED = 2,
    OPT_MANY = 4,       /* may be repeated; a positional one takes all that are left */
    OPT_OWN_OFFICE = 8, /* the profile's office when it is not given */
    OPT_LOCAL = 16      /* read by the command's function, not put into the request */
};

struct option_row {
    const char *name; /* long name without dashes; for OPT_ARG what help calls it */
    const char *path; /* of the request's field: "household.room"; NULL with OPT_LOCAL */
    enum option_type type;
    unsigned flags;
    const char *help;
};

/* Returns an exit code. */
typedef int command_fn(struct cli *cli);

enum command_flag {
    COMMAND_OFFLINE = 1, /* needs neither daemon nor profile */
    COMMAND_HIDDEN = 2   /* another spelling of one that is listed */
};

struct command {
    const char *noun;
    const char *verb; /* "" when the noun alone is the command */
    const char *help; /* one sentence */
    uint32_t call;    /* 0 with run */
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *reply;
    const struct option_row *options; /* ends with a NULL name; may be NULL */
    const char *rows;                 /* repeated field of the reply that is the list, NULL for a single thing */
    const char *columns;              /* of a row, or of the single thing (NULL: all): "id number state" */
    command_fn *run;                  /* NULL: the generic way through call, request and reply */
    unsigned flags;
    const char *preset; /* "path=value path=value" put into the request first, e.g. "kind=repair" */
};

/* One table per file of nouns. */
struct command_table {
    const struct command *rows;
    size_t count;
};
extern const struct command_table *const command_tables[];
extern const size_t command_table_count;

#define COMMAND_TABLE(name, array) const struct command_table name = {array, sizeof(array) / sizeof((array)[0])}

/* NULL when there is none. verb may be NULL. */
const struct command *command_find(const char *noun, const char *verb);
/* True when some command has this noun. */
bool command_noun(const char *noun);

#endif
