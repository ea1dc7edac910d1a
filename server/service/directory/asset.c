/* Common areas and equipment (公共部位、设施设备) with their codes. */
#include <string.h>

#include "common/limits.h"
#include "service/directory/directory.h"
#include "service/directory/directory_rules.h"
#include "service/door.h"
#include "service/keep.h"
#include "service/page.h"
#include "store/record.h"

static bool placed(struct gj_ctx *ctx, const Gj__V1__Asset *wanted)
{
    if (wanted == NULL || wanted->office == 0) {
        return gj_door_invalid(ctx, "field_missing", wanted == NULL ? "asset" : "office");
    }
    return gj_door_office(ctx, wanted->office, "office");
}

static bool checked(struct gj_ctx *ctx, const Gj__V1__Asset *wanted)
{
    if (!gj_directory_rules_code(wanted->code, 1, 24)) {
        return gj_door_invalid(ctx, wanted->code[0] == '\0' ? "field_missing" : "field_text", "code");
    }
    if (!gj_directory_rules_text(wanted->name, 1, GJ_TEXT_NAME_MAX)) {
        return gj_door_invalid(ctx, wanted->name[0] == '\0' ? "field_missing" : "field_length", "name");
    }
    return gj_directory_rules_text(wanted->kind, 0, GJ_TEXT_CODE_MAX) || gj_door_invalid(ctx, "field_length", "kind");
}

static bool building_known(struct gj_ctx *ctx, const Gj__V1__Asset *wanted)
{
    Gj__Stored__Building *building = NULL;
    struct gj_key key = gj_key_of_u64(wanted->building);
    if (wanted->building == 0 || (gj_record_load(ctx->txn, GJ_TABLE_BUILDING, &key, &gj__stored__building__descriptor,
                                      ctx->arena, (void **)&building) &&
                                     building->office == wanted->office)) {
        return true;
    }
    return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "building", NULL);
}

static Gj__V1__Asset *wire_asset(struct gj_ctx *ctx, uint64_t id)
{
    Gj__Stored__Asset *stored = NULL;
    Gj__V1__Asset *row = GJ_ARENA_NEW(ctx->arena, Gj__V1__Asset);
    struct gj_key key = gj_key_of_u64(id);
    if (row == NULL ||
        !gj_record_load(ctx->txn, GJ_TABLE_ASSET, &key, &gj__stored__asset__descriptor, ctx->arena, (void **)&stored)) {
        (void)gj_door_failed(ctx, row == NULL ? gj_arena_why(ctx->arena) : GJ_ECORRUPT);
        return NULL;
    }
    gj__v1__asset__init(row);
    row->id = stored->id;
    row->office = stored->office;
    row->building = stored->building;
    row->code = stored->code;
    row->name = stored->name;
    row->kind = stored->kind;
    row->revision = stored->revision;
    return row;
}

/* What the request does not say stays. */
static bool keep(struct gj_ctx *ctx, const Gj__V1__AssetPutRequest *request, const Gj__Stored__Asset *old)
{
    const Gj__V1__Asset *before = old == NULL ? NULL : wire_asset(ctx, old->id);
    return (old == NULL || before != NULL) &&
           gj_keep_absent(
               ctx, &request->asset->base, before == NULL ? NULL : &before->base, request->clear, request->n_clear);
}

/* The row before, NULL for a new asset. */
static bool decide(
    struct gj_ctx *ctx, const Gj__V1__AssetPutRequest *request, Gj__Stored__Asset **old, struct gj_access_answer *right)
{
    const Gj__V1__Asset *wanted = request->asset;
    struct gj_key key = gj_key_of_u64(wanted->id);
    *old = NULL;
    if (wanted->id != 0 &&
        (!gj_record_load(ctx->txn, GJ_TABLE_ASSET, &key, &gj__stored__asset__descriptor, ctx->arena, (void **)old) ||
            (*old)->office != wanted->office)) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id", NULL);
    }
    if (!gj_door_check(
            ctx, GJ_DOOR_ASSETS, *old == NULL ? GJ_ACCESS_CREATE : GJ_ACCESS_UPDATE, wanted->office, right) ||
        !keep(ctx, request, *old) || !checked(ctx, wanted) || !building_known(ctx, wanted)) {
        return false;
    }
    if (*old != NULL && (*old)->revision != request->revision) {
        return gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "conflict", "revision", NULL);
    }
    uint64_t taken = gj_directory_index_get(ctx->txn, GJ_INDEX_ASSET_CODE, wanted->office, wanted->code);
    return taken == 0 || taken == wanted->id || gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "already_exists", "code", NULL);
}

void gj_directory_asset_put(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__AssetPutRequest *request = (const Gj__V1__AssetPutRequest *)message;
    const Gj__V1__Asset *wanted = request->asset;
    Gj__Stored__Asset *old = NULL;
    struct gj_access_answer right;
    if (!placed(ctx, wanted) || !decide(ctx, request, &old, &right)) {
        return;
    }
    Gj__Stored__Asset row = GJ__STORED__ASSET__INIT;
    row.id = old != NULL ? old->id : gj_counter_next(ctx->txn, GJ_COUNTER_ASSET);
    row.office = wanted->office;
    row.building = wanted->building;
    row.code = wanted->code;
    row.name = wanted->name;
    row.kind = wanted->kind;
    row.revision = old != NULL ? old->revision + 1 : 1;
    struct gj_key key = gj_key_of_u64(row.id);
    gj_record_save(ctx->txn, GJ_TABLE_ASSET, &key, &row.base);
    if (old != NULL && strcmp(old->code, row.code) != 0) {
        struct gj_key before = gj_directory_index_key(GJ_INDEX_ASSET_CODE, row.office, old->code);
        (void)gj_txn_del(ctx->txn, GJ_TABLE_DIRECTORY, &before);
    }
    struct gj_key index = gj_directory_index_key(GJ_INDEX_ASSET_CODE, row.office, row.code);
    gj_txn_put_u64(ctx->txn, GJ_TABLE_DIRECTORY, &index, row.id);
    struct gj_entry entry = gj_door_entry(ctx, GJ_ENTRY_DIRECTORY, old == NULL ? "asset_create" : "asset_change",
        GJ_SUBJECT_ASSET, row.id, row.office, &right);
    entry.revision = row.revision;
    (void)gj_door_append(ctx, &entry, NULL);
}

void gj_directory_asset_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__AssetListRequest *request = (const Gj__V1__AssetListRequest *)message;
    Gj__V1__AssetList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__AssetList);
    struct gj_page page;
    if (!gj_page_read(ctx, request->page, &page) || !gj_door_office(ctx, request->office, "office") ||
        !gj_door_check(ctx, GJ_DOOR_ASSETS, GJ_ACCESS_LIST, request->office, NULL)) {
        return;
    }
    Gj__V1__Asset **assets = GJ_ARENA_ARRAY(ctx->arena, page.rows, Gj__V1__Asset *);
    if (list == NULL || assets == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__asset_list__init(list);
    list->assets = assets;
    struct gj_key prefix = gj_directory_index_key(GJ_INDEX_ASSET_CODE, request->office, "");
    struct gj_iter iter;
    bool waiting = page.after != 0;
    gj_iter_prefix(&iter, ctx->txn, GJ_TABLE_DIRECTORY, &prefix, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.value.data, iter.value.len);
        uint64_t id = gj_key_read_u64(&reader);
        if (waiting) {
            waiting = id != page.after;
            continue;
        }
        if (list->n_assets == page.rows) {
            (void)gj_page_cursor(ctx, assets[page.rows - 1]->id, &list->cursor);
            break;
        }
        Gj__V1__Asset *row = wire_asset(ctx, id);
        if (row == NULL) {
            break;
        }
        assets[list->n_assets++] = row;
    }
    gj_iter_close(&iter);
    gj_answer_ok(ctx, &list->base);
}
