/* Contractors (供应商): firms, not persons; their number is a business number. */
#include <string.h>

#include "common/limits.h"
#include "service/directory/directory.h"
#include "service/directory/directory_rules.h"
#include "service/directory/people_form.h"
#include "service/door.h"
#include "service/keep.h"
#include "service/page.h"
#include "store/record.h"

static Gj__V1__Contractor *wire(struct gj_ctx *ctx, const struct gj_value *value)
{
    Gj__Stored__Contractor *stored = NULL;
    Gj__V1__Contractor *row = GJ_ARENA_NEW(ctx->arena, Gj__V1__Contractor);
    if (row == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    if (!gj_record_unpack(ctx->txn, value, &gj__stored__contractor__descriptor, ctx->arena, (void **)&stored)) {
        return NULL;
    }
    gj__v1__contractor__init(row);
    row->id = stored->id;
    row->name = stored->name;
    row->trades = stored->trades;
    row->n_trades = stored->n_trades;
    row->phone = stored->phone;
    row->revision = stored->revision;
    row->certificates = gj_people_form_wire_certificates(ctx, stored->certificates, stored->n_certificates);
    row->n_certificates = stored->n_certificates;
    return row->certificates != NULL ? row : NULL;
}

/* What the request does not say stays. */
static bool keep(struct gj_ctx *ctx, const Gj__V1__ContractorPutRequest *request, const struct gj_key *key)
{
    struct gj_value value;
    Gj__V1__Contractor *before = NULL;
    if (request->contractor->id != 0) {
        if (!gj_txn_get(ctx->txn, GJ_TABLE_CONTRACTOR, key, &value)) {
            return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id", NULL);
        }
        before = wire(ctx, &value);
    }
    return (request->contractor->id == 0 || before != NULL) &&
           gj_keep_absent(ctx, &request->contractor->base, before == NULL ? NULL : &before->base, request->clear,
               request->n_clear);
}

void gj_directory_contractor_apply(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ContractorPutRequest *request = (const Gj__V1__ContractorPutRequest *)message;
    const Gj__V1__Contractor *wanted = request->contractor;
    struct gj_access_answer right;
    Gj__Stored__Contractor *old = NULL;
    if (wanted == NULL) {
        (void)gj_door_invalid(ctx, "field_missing", "contractor");
        return;
    }
    struct gj_key key = gj_key_of_u64(wanted->id);
    if (!keep(ctx, request, &key)) {
        return;
    }
    struct gj_fault_at fault = gj_directory_rules_contractor(wanted);
    if (fault.code != NULL) {
        (void)gj_door_invalid(ctx, fault.code, fault.field);
        return;
    }
    if (wanted->id != 0 && !gj_record_load(ctx->txn, GJ_TABLE_CONTRACTOR, &key, &gj__stored__contractor__descriptor,
                               ctx->arena, (void **)&old)) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id", NULL);
        return;
    }
    /* The list is the company's; every office may add to it for all. */
    if (!gj_door_check_anywhere(ctx, GJ_DOOR_CONTRACTORS, old == NULL ? GJ_ACCESS_CREATE : GJ_ACCESS_UPDATE, &right)) {
        return;
    }
    if (old != NULL && old->revision != request->revision) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "conflict", "revision", NULL);
        return;
    }
    Gj__Stored__Contractor row = GJ__STORED__CONTRACTOR__INIT;
    row.id = old != NULL ? old->id : gj_counter_next(ctx->txn, GJ_COUNTER_CONTRACTOR);
    row.name = wanted->name;
    row.trades = wanted->trades;
    row.n_trades = wanted->n_trades;
    row.phone = wanted->phone;
    row.revision = old != NULL ? old->revision + 1 : 1;
    row.certificates = gj_people_form_stored_certificates(ctx, wanted->certificates, wanted->n_certificates);
    row.n_certificates = wanted->n_certificates;
    if (row.certificates == NULL) {
        return;
    }
    key = gj_key_of_u64(row.id);
    gj_record_save(ctx->txn, GJ_TABLE_CONTRACTOR, &key, &row.base);
    struct gj_entry entry = gj_door_entry(ctx, GJ_ENTRY_DIRECTORY,
        old == NULL ? "contractor_create" : "contractor_change", GJ_SUBJECT_CONTRACTOR, row.id, 0, &right);
    entry.revision = row.revision;
    (void)gj_door_append(ctx, &entry, NULL);
}

void gj_directory_contractor_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__ContractorListRequest *request = (const Gj__V1__ContractorListRequest *)message;
    Gj__V1__ContractorList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__ContractorList);
    struct gj_page page;
    if (!gj_page_read(ctx, request->page, &page) ||
        !gj_door_check_anywhere(ctx, GJ_DOOR_CONTRACTORS, GJ_ACCESS_LIST, NULL)) {
        return;
    }
    Gj__V1__Contractor **contractors = GJ_ARENA_ARRAY(ctx->arena, page.rows, Gj__V1__Contractor *);
    if (list == NULL || contractors == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__contractor_list__init(list);
    list->contractors = contractors;
    struct gj_key low = gj_key_of_u64(page.after + 1);
    struct gj_iter iter;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_CONTRACTOR, &low, NULL, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        if (list->n_contractors == page.rows) {
            (void)gj_page_cursor(ctx, contractors[page.rows - 1]->id, &list->cursor);
            break;
        }
        Gj__V1__Contractor *row = wire(ctx, &iter.value);
        if (row == NULL) {
            break;
        }
        contractors[list->n_contractors++] = row;
    }
    gj_iter_close(&iter);
    gj_answer_ok(ctx, &list->base);
}
