/* Values of declared fields (字段值), as plain data: what a form is handed and what a rule sees. */
#ifndef GJ_POLICY_VALUE_H
#define GJ_POLICY_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The shape a value has on the wire and in the store; several field types share one shape. */
enum gj_shape {
    GJ_SHAPE_NONE,
    GJ_SHAPE_INT,    /* number, scaled by its decimals; bool is 0 or 1 */
    GJ_SHAPE_MONEY,  /* fen */
    GJ_SHAPE_TIME,   /* ms UTC; a date is its midnight in +08:00 */
    GJ_SHAPE_REF,    /* id of a user, household, unit, record … ; not 0 */
    GJ_SHAPE_TEXT,   /* UTF-8, also the code of a choice */
    GJ_SHAPE_BLOB,   /* photos, signatures, recordings: number says how many attachments */
    GJ_SHAPE_LINES,  /* rows of a line table or answers of a check list */
    GJ_SHAPE_SEALED, /* there, but encrypted: rules may see only that it is present */
};

struct gj_line;

/* All pointers are borrowed. The key is the field's; in a line it is the column's. */
struct gj_field_value {
    const char *key;
    enum gj_shape shape;
    int64_t number;
    const char *text; /* not NUL-terminated */
    size_t text_len;
    const struct gj_line *lines;
    size_t line_count;
};

struct gj_line {
    const struct gj_field_value *cells;
    size_t cell_count;
};

/* Finds by key; NULL when absent or of GJ_SHAPE_NONE. Linear: records have some dozens of fields. */
const struct gj_field_value *gj_value_find(const struct gj_field_value *values, size_t count, const char *key);
/* True when the value is text equal to the NUL-terminated string. */
bool gj_value_is(const struct gj_field_value *value, const char *text);

#endif
