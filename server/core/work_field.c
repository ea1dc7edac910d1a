/* Fields between the wire, the store and the rules. */
#include <assert.h>
#include <string.h>

#include "core/work.h"

static void cell_value(const Gj__V1__Cell *cell, struct gj_field_value *out)
{
    *out = (struct gj_field_value){.key = cell->key, .shape = GJ_SHAPE_NONE};
    switch (cell->value_case) {
    case GJ__V1__CELL__VALUE_TEXT:
        out->shape = GJ_SHAPE_TEXT;
        out->text = cell->text;
        out->text_len = strlen(cell->text);
        break;
    case GJ__V1__CELL__VALUE_NUMBER:
        out->shape = GJ_SHAPE_INT;
        out->number = cell->number;
        break;
    case GJ__V1__CELL__VALUE_MONEY:
        out->shape = GJ_SHAPE_MONEY;
        out->number = cell->money;
        break;
    case GJ__V1__CELL__VALUE_TICK:
        out->shape = GJ_SHAPE_INT;
        out->number = cell->tick;
        break;
    default:
        break;
    }
}

static void lines_value(const Gj__V1__Lines *lines, struct gj_arena *arena, struct gj_field_value *out)
{
    struct gj_line *rows = GJ_ARENA_ARRAY(arena, lines->n_rows, struct gj_line);
    if (rows == NULL) {
        return;
    }
    for (size_t i = 0; i < lines->n_rows; i++) {
        const Gj__V1__Line *line = lines->rows[i];
        struct gj_field_value *cells = GJ_ARENA_ARRAY(arena, line->n_cells, struct gj_field_value);
        if (cells == NULL) {
            return;
        }
        for (size_t j = 0; j < line->n_cells; j++) {
            cell_value(line->cells[j], &cells[j]);
        }
        rows[i] = (struct gj_line){.cells = cells, .cell_count = line->n_cells};
    }
    out->shape = GJ_SHAPE_LINES;
    out->lines = rows;
    out->line_count = lines->n_rows;
}

struct gj_field_value gj_work_value(const Gj__V1__Field *field, struct gj_arena *arena)
{
    struct gj_field_value value = {.key = field->key, .shape = GJ_SHAPE_NONE};
    switch (field->value_case) {
    case GJ__V1__FIELD__VALUE_TEXT:
        value.shape = GJ_SHAPE_TEXT;
        value.text = field->text;
        value.text_len = strlen(field->text);
        break;
    case GJ__V1__FIELD__VALUE_NUMBER:
        value.shape = GJ_SHAPE_INT;
        value.number = field->number;
        break;
    case GJ__V1__FIELD__VALUE_MONEY:
        value.shape = GJ_SHAPE_MONEY;
        value.number = field->money;
        break;
    case GJ__V1__FIELD__VALUE_TIME:
        value.shape = GJ_SHAPE_TIME;
        value.number = field->time;
        break;
    case GJ__V1__FIELD__VALUE_REF:
        value.shape = field->ref == 0 ? GJ_SHAPE_NONE : GJ_SHAPE_REF;
        value.number = (int64_t)field->ref;
        break;
    case GJ__V1__FIELD__VALUE_LINES:
        lines_value(field->lines, arena, &value);
        break;
    case GJ__V1__FIELD__VALUE_BLOB:
        value.shape = GJ_SHAPE_BLOB;
        value.number = 1 + (int64_t)field->n_blobs;
        break;
    case GJ__V1__FIELD__VALUE_SEALED:
        value.shape = GJ_SHAPE_SEALED;
        break;
    default:
        if (field->n_blobs > 0) {
            value.shape = GJ_SHAPE_BLOB;
            value.number = (int64_t)field->n_blobs;
        }
        break;
    }
    return value;
}

static bool has_value(const Gj__V1__Field *field)
{
    if (field->value_case == GJ__V1__FIELD__VALUE_REF) {
        return field->ref != 0;
    }
    if (field->value_case == GJ__V1__FIELD__VALUE_TEXT) {
        return field->text[0] != '\0';
    }
    return field->value_case != GJ__V1__FIELD__VALUE__NOT_SET || field->n_blobs > 0;
}

static size_t find(const Gj__Stored__Record *row, const char *key)
{
    for (size_t i = 0; i < row->n_fields; i++) {
        if (strcmp(row->fields[i]->key, key) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

Gj__V1__Field *gj_work_field(const struct gj_work *work, const char *key)
{
    size_t at = find(work->row, key);
    return at == SIZE_MAX ? NULL : work->row->fields[at];
}

static void put_in_list(struct gj_ctx *ctx, Gj__Stored__Record *row, const Gj__V1__Field *value)
{
    size_t at = find(row, value->key);
    if (!has_value(value)) {
        if (at != SIZE_MAX) {
            row->n_fields--;
            memmove(&row->fields[at], &row->fields[at + 1], (row->n_fields - at) * sizeof(row->fields[0]));
        }
        return;
    }
    if (at != SIZE_MAX) {
        row->fields[at] = (Gj__V1__Field *)value;
        return;
    }
    Gj__V1__Field **fields = GJ_ARENA_ARRAY(ctx->arena, row->n_fields + 1, Gj__V1__Field *);
    if (fields == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return;
    }
    if (row->n_fields > 0) {
        memcpy(fields, row->fields, row->n_fields * sizeof(fields[0]));
    }
    fields[row->n_fields] = (Gj__V1__Field *)value;
    row->fields = fields;
    row->n_fields++;
}

static uint64_t ref_of(const Gj__V1__Field *value)
{
    return value->value_case == GJ__V1__FIELD__VALUE_REF ? value->ref : 0;
}

static char *text_of(const Gj__V1__Field *value)
{
    return value->value_case == GJ__V1__FIELD__VALUE_TEXT ? value->text : (char *)protobuf_c_empty_string;
}

static void set_priority(struct gj_work *work, const Gj__V1__Field *value)
{
    const struct gj_priority *priority = gj_policy_priority(work->policy, text_of(value));
    work->row->priority = priority == NULL ? GJ_NO_PRIORITY : priority->number;
}

static void set_head(struct gj_work *work, enum gj_head head, const Gj__V1__Field *value)
{
    Gj__Stored__Record *row = work->row;
    switch (head) {
    case GJ_HEAD_CATEGORY:
        row->category = text_of(value);
        break;
    case GJ_HEAD_PRIORITY:
        set_priority(work, value);
        break;
    case GJ_HEAD_ASSIGNEE:
        row->assignee = ref_of(value);
        break;
    case GJ_HEAD_OFFICE:
        if (ref_of(value) != 0) {
            row->office = ref_of(value);
        }
        break;
    case GJ_HEAD_HOUSEHOLD:
        row->household = ref_of(value);
        break;
    case GJ_HEAD_UNIT:
        row->unit = ref_of(value);
        break;
    case GJ_HEAD_ASSET:
        row->asset = ref_of(value);
        break;
    case GJ_HEAD_CALLER:
        row->caller = ref_of(value);
        break;
    case GJ_HEAD_PLACE:
        row->place = text_of(value);
        break;
    case GJ_HEAD_PARENT:
        row->parent = ref_of(value);
        break;
    case GJ_HEAD_RECEIVED_AT:
        if (value->value_case == GJ__V1__FIELD__VALUE_TIME && value->time != 0) {
            row->received_at = value->time;
        }
        break;
    case GJ_HEAD_NONE:
        assert(false);
        break;
    }
}

void gj_work_set(struct gj_ctx *ctx, struct gj_work *work, const Gj__V1__Field *value)
{
    uint16_t at = gj_kind_field(work->kind, value->key);
    if (at != GJ_NO_INDEX && work->kind->fields[at].head != GJ_HEAD_NONE) {
        set_head(work, work->kind->fields[at].head, value);
        return;
    }
    put_in_list(ctx, work->row, value);
}

static Gj__V1__Field *new_field(struct gj_arena *arena, const char *key, Gj__V1__Field__ValueCase value_case)
{
    Gj__V1__Field *field = GJ_ARENA_NEW(arena, Gj__V1__Field);
    if (field != NULL) {
        gj__v1__field__init(field);
        field->key = (char *)key;
        field->value_case = value_case;
    }
    return field;
}

Gj__V1__Field *gj_work_field_text(struct gj_arena *arena, const char *key, const char *text)
{
    Gj__V1__Field *field = new_field(arena, key, GJ__V1__FIELD__VALUE_TEXT);
    if (field != NULL) {
        field->text = (char *)text;
    }
    return field;
}

Gj__V1__Field *gj_work_field_ref(struct gj_arena *arena, const char *key, uint64_t ref)
{
    Gj__V1__Field *field = new_field(arena, key, GJ__V1__FIELD__VALUE_REF);
    if (field != NULL) {
        field->ref = ref;
    }
    return field;
}

Gj__V1__Field *gj_work_field_time(struct gj_arena *arena, const char *key, int64_t at_ms)
{
    Gj__V1__Field *field = new_field(arena, key, GJ__V1__FIELD__VALUE_TIME);
    if (field != NULL) {
        field->time = at_ms;
    }
    return field;
}

Gj__V1__Field *gj_work_field_number(struct gj_arena *arena, const char *key, int64_t number)
{
    Gj__V1__Field *field = new_field(arena, key, GJ__V1__FIELD__VALUE_NUMBER);
    if (field != NULL) {
        field->number = number;
    }
    return field;
}
