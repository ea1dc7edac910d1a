/* The list columns that a kind declares for itself. Those of the queue's covering rows are there already; the others
 * are read from the records of the page, as the actor may see them in a list. */
#include <string.h>

#include "core/core.h"
#include "core/work.h"
#include "core/work_view.h"
#include "proto/register.pb-c.h"
#include "service/register/register.h"

/* What a row shows in a field of its own. */
static bool in_row(enum gj_head head)
{
    return head == GJ_HEAD_CATEGORY || head == GJ_HEAD_PRIORITY || head == GJ_HEAD_ASSIGNEE || head == GJ_HEAD_PLACE ||
           head == GJ_HEAD_OFFICE || head == GJ_HEAD_RECEIVED_AT;
}

static uint64_t head_ref(const Gj__Stored__Record *row, enum gj_head head)
{
    switch (head) {
    case GJ_HEAD_HOUSEHOLD:
        return row->household;
    case GJ_HEAD_UNIT:
        return row->unit;
    case GJ_HEAD_ASSET:
        return row->asset;
    case GJ_HEAD_PARENT:
        return row->parent;
    default:
        return 0;
    }
}

static Gj__V1__Field *shown_field(const Gj__V1__Record *record, const char *key)
{
    for (size_t i = 0; i < record->n_fields; i++) {
        if (strcmp(record->fields[i]->key, key) == 0) {
            return record->fields[i];
        }
    }
    return NULL;
}

static Gj__V1__Field *column_of(
    struct gj_ctx *ctx, const struct gj_work *work, const Gj__V1__Record *record, const struct gj_field *declared)
{
    uint64_t ref = head_ref(work->row, declared->head);
    if (ref != 0) {
        return gj_work_field_ref(ctx->arena, declared->key, ref);
    }
    return in_row(declared->head) ? NULL : shown_field(record, declared->key);
}

static bool add_columns(struct gj_ctx *ctx, Gj__V1__Row *row)
{
    struct gj_work work;
    struct gj_access_answer access;
    struct gj_refusal refusal = {0};
    if (!gj_work_load(ctx, row->id, &work) || !gj_work_may(ctx, &work, GJ_ACCESS_LIST, &access, &refusal)) {
        return gj_txn_error(ctx->txn) == GJ_OK;
    }
    const struct gj_kind *kind = work.kind;
    const Gj__V1__Record *record = gj_work_wire(ctx, &work, &access, false);
    row->columns = GJ_ARENA_ARRAY(ctx->arena, kind->list_count + 1, Gj__V1__Field *);
    if (record == NULL || row->columns == NULL) {
        return false;
    }
    for (size_t i = 0; i < kind->list_count; i++) {
        Gj__V1__Field *column = column_of(ctx, &work, record, &kind->fields[kind->list[i]]);
        if (column != NULL) {
            row->columns[row->n_columns++] = column;
        }
    }
    return true;
}

void gj_register_add_columns(struct gj_ctx *ctx, Gj__V1__Row **rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!add_columns(ctx, rows[i])) {
            gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
            return;
        }
    }
}
