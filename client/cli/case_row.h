#ifndef GJ_CLI_CASE_ROW_H
#define GJ_CLI_CASE_ROW_H

#include "client/cli/cli.h"
#include "proto/register.pb-c.h"

/* The rows of an import of open cases: which column is what, and a line as the case that it describes. Columns are
 * named by their key or by what the kind calls them in Chinese or English. */

#define CASE_COLUMNS_MAX 96

struct case_columns {
    const Gj__V1__KindInfo *kind;
    const char *kind_code;
    const char *titles[CASE_COLUMNS_MAX]; /* as the file writes them */
    const char *keys[CASE_COLUMNS_MAX];   /* as the server knows them */
    size_t count;
};

struct case_problem {
    uint64_t line;
    size_t column; /* from 1, 0: the line as a whole */
    const char *name;
    const char *code;
    const char *text;
};

struct case_row {
    uint64_t line;
    Gj__V1__CreateRequest *made;
    bool bad;
    ProtobufCBinaryData key; /* by which the server recognises it */
    uint64_t known;          /* the record it is already, 0: none */
    const char *number;      /* that record's */
};

/* The first line. columns->kind is set. False: out of memory. *bad: what is wrong with it, in the arena. */
bool case_columns_read(struct cli *cli, char *row, size_t len, struct case_columns *columns,
    const struct case_problem **bad, size_t *bad_count);
/* Where a field stands, from 1; 0: the file has no such column. */
size_t case_columns_of_field(const struct case_columns *columns, const char *field);
/* A problem's column as the file calls it. */
const char *case_columns_name(const struct case_columns *columns, const struct case_problem *problem);

/* One line; made->line is set. Rooms are looked up in the office. False: out of memory. */
bool case_row_read(struct cli *cli, const struct case_columns *columns, uint64_t office, char *row, size_t len,
    struct case_row *made, const struct case_problem **bad, size_t *bad_count);

/* Why the server does not want a case. In the arena; NULL: out of memory. */
const char *case_refusal_text(struct cli *cli, const Gj__V1__CaseChecked *said);

#endif
