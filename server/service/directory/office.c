/* Regions, management offices (管理处) and buildings: company structure, no personal data. */
#include <string.h>
#include <strings.h>

#include "common/limits.h"
#include "core/actor.h"
#include "core/core.h"
#include "core/stand_in.h"
#include "service/directory/directory.h"
#include "service/directory/directory_rules.h"
#include "service/door.h"
#include "service/keep.h"
#include "service/page.h"
#include "store/record.h"
#include "store/vault.h"

static void put_index(struct gj_ctx *ctx, enum gj_directory_index index, uint64_t office, const char *code, uint64_t id)
{
    struct gj_key key = gj_directory_index_key(index, office, code);
    gj_txn_put_u64(ctx->txn, GJ_TABLE_DIRECTORY, &key, id);
}

static bool code_is_free(struct gj_ctx *ctx, enum gj_directory_index index, uint64_t office, const char *code)
{
    return gj_directory_index_get(ctx->txn, index, office, code) == 0 ||
           gj_refuse(ctx, GJ__V1__STATUS__REFUSED, "already_exists", "code", NULL);
}

/* ---- regions ---- */

void gj_directory_region_create(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__Region *wanted = ((const Gj__V1__RegionCreateRequest *)message)->region;
    struct gj_access_answer right;
    if (wanted == NULL || !gj_directory_rules_code(wanted->code, 1, 12)) {
        (void)gj_door_invalid(ctx, wanted == NULL ? "field_missing" : "field_text", "code");
        return;
    }
    if (!gj_directory_rules_text(wanted->name, 1, GJ_TEXT_NAME_MAX) ||
        !gj_directory_rules_text(wanted->city, 0, GJ_TEXT_CODE_MAX)) {
        (void)gj_door_invalid(ctx, "field_length", wanted->name[0] == '\0' ? "name" : "city");
        return;
    }
    if (!gj_door_check(ctx, GJ_DOOR_COMPANY, GJ_ACCESS_CREATE, 0, &right) ||
        !code_is_free(ctx, GJ_INDEX_REGION_CODE, 0, wanted->code)) {
        return;
    }
    Gj__Stored__Region row = GJ__STORED__REGION__INIT;
    row.id = gj_counter_next(ctx->txn, GJ_COUNTER_REGION);
    row.code = wanted->code;
    row.name = wanted->name;
    row.city = wanted->city;
    struct gj_key key = gj_key_of_u64(row.id);
    gj_record_save(ctx->txn, GJ_TABLE_REGION, &key, &row.base);
    put_index(ctx, GJ_INDEX_REGION_CODE, 0, row.code, row.id);
    struct gj_entry entry =
        gj_door_entry(ctx, GJ_ENTRY_DIRECTORY, "region_create", GJ_SUBJECT_REGION, row.id, 0, &right);
    entry.revision = 1;
    (void)gj_door_append(ctx, &entry, NULL);
}

void gj_directory_region_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    (void)message;
    Gj__V1__RegionList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__RegionList);
    uint64_t count = gj_txn_count(ctx->txn, GJ_TABLE_REGION);
    Gj__V1__Region **rows = GJ_ARENA_ARRAY(ctx->arena, count + 1, Gj__V1__Region *);
    if (list == NULL || rows == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    if (!gj_door_check_anywhere(ctx, GJ_DOOR_COMPANY, GJ_ACCESS_LIST, NULL)) {
        return;
    }
    gj__v1__region_list__init(list);
    list->regions = rows;
    struct gj_iter iter;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_REGION, NULL, NULL, GJ_FORWARD);
    while (list->n_regions < count && gj_iter_next(&iter)) {
        Gj__Stored__Region *stored = NULL;
        Gj__V1__Region *row = GJ_ARENA_NEW(ctx->arena, Gj__V1__Region);
        if (row == NULL ||
            !gj_record_unpack(ctx->txn, &iter.value, &gj__stored__region__descriptor, ctx->arena, (void **)&stored)) {
            (void)gj_door_failed(ctx, GJ_ENOMEM);
            break;
        }
        gj__v1__region__init(row);
        row->id = stored->id;
        row->code = stored->code;
        row->name = stored->name;
        row->city = stored->city;
        rows[list->n_regions++] = row;
    }
    gj_iter_close(&iter);
    gj_answer_ok(ctx, &list->base);
}

/* ---- offices ---- */

/* Region, profile and city must be known: limits are looked up through them. */
static bool office_references(struct gj_ctx *ctx, const Gj__V1__Office *office)
{
    struct gj_key region = gj_key_of_u64(office->region);
    if (office->region != 0 && !gj_txn_exists(ctx->txn, GJ_TABLE_REGION, &region)) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "region", NULL);
    }
    if (office->profile[0] != '\0' && gj_policy_profile(ctx->policy, office->profile) == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "profile", NULL);
    }
    if (office->city[0] != '\0' && gj_policy_city(ctx->policy, office->city) == NULL) {
        return gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "city", NULL);
    }
    return true;
}

static bool office_checked(struct gj_ctx *ctx, const Gj__V1__Office *office)
{
    if (office == NULL) {
        return gj_door_invalid(ctx, "field_missing", "office");
    }
    struct gj_fault_at fault = gj_directory_rules_office(office);
    return fault.code == NULL ? office_references(ctx, office) : gj_door_invalid(ctx, fault.code, fault.field);
}

const ProtobufCMessage *gj_directory_office_prepare(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    Gj__V1__Office *office = ((const Gj__V1__OfficeCreateRequest *)message)->office;
    if (!office_checked(ctx, office) || !gj_door_check(ctx, GJ_DOOR_COMPANY, GJ_ACCESS_CREATE, 0, NULL)) {
        return NULL;
    }
    Gj__Service__OfficeCreate *body = GJ_ARENA_NEW(ctx->arena, Gj__Service__OfficeCreate);
    struct gj_vault_wrapped *keys = GJ_ARENA_ARRAY(ctx->arena, 2, struct gj_vault_wrapped);
    if (body == NULL || keys == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return NULL;
    }
    gj__service__office_create__init(body);
    body->office = office;
    body->expected_id = gj_counter_last(ctx->txn, GJ_COUNTER_OFFICE) + 1;
    uint8_t plain[GJ_VAULT_KEY_SIZE];
    struct gj_vault *vault = ctx->core->vault;
    uint32_t id = (uint32_t)body->expected_id;
    enum gj_err err = gj_vault_new_office(vault, id, &keys[0]);
    if (err == GJ_OK) {
        err = gj_vault_new_first_key(vault, id, &keys[0], plain, &keys[1]);
        gj_secret_wipe(plain, sizeof plain);
    }
    if (err != GJ_OK) {
        (void)gj_door_failed(ctx, err);
        return NULL;
    }
    body->office_key = (ProtobufCBinaryData){.data = keys[0].bytes, .len = sizeof keys[0].bytes};
    body->data_key = (ProtobufCBinaryData){.data = keys[1].bytes, .len = sizeof keys[1].bytes};
    return &body->base;
}

static void save_office(struct gj_ctx *ctx, const Gj__Stored__Office *row)
{
    struct gj_key key = gj_key_of_u64(row->id);
    gj_record_save(ctx->txn, GJ_TABLE_OFFICE, &key, &row->base);
}

void gj_directory_office_create(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__Service__OfficeCreate *body = (const Gj__Service__OfficeCreate *)message;
    struct gj_access_answer right;
    struct gj_vault_wrapped office_key, data_key;
    if (!office_checked(ctx, body->office) || !gj_door_check(ctx, GJ_DOOR_COMPANY, GJ_ACCESS_CREATE, 0, &right) ||
        !code_is_free(ctx, GJ_INDEX_OFFICE_CODE, 0, body->office->code)) {
        return;
    }
    if (body->office_key.len != sizeof office_key.bytes || body->data_key.len != sizeof data_key.bytes) {
        (void)gj_door_invalid(ctx, "command_malformed", NULL);
        return;
    }
    if (gj_counter_last(ctx->txn, GJ_COUNTER_OFFICE) + 1 != body->expected_id) {
        /* Somebody made another office in the same moment: its number is in the keys. */
        (void)gj_answer_busy(ctx, "try_again", 100);
        return;
    }
    Gj__Stored__Office row = GJ__STORED__OFFICE__INIT;
    row.id = gj_counter_next(ctx->txn, GJ_COUNTER_OFFICE);
    row.region = body->office->region;
    row.code = body->office->code;
    row.name = body->office->name;
    row.profile = body->office->profile;
    row.city = body->office->city;
    row.revision = 1;
    save_office(ctx, &row);
    put_index(ctx, GJ_INDEX_OFFICE_CODE, 0, row.code, row.id);
    memcpy(office_key.bytes, body->office_key.data, sizeof office_key.bytes);
    memcpy(data_key.bytes, body->data_key.data, sizeof data_key.bytes);
    struct gj_subject subject = {.kind = GJ_SUBJECT_OFFICE, .id = row.id};
    gj_vault_put_office(ctx->txn, (uint32_t)row.id, &office_key);
    gj_vault_put_key(ctx->txn, &subject, (uint32_t)row.id, &data_key);
    struct gj_entry entry =
        gj_door_entry(ctx, GJ_ENTRY_DIRECTORY, "office_create", GJ_SUBJECT_OFFICE, row.id, row.id, &right);
    entry.revision = row.revision;
    (void)gj_door_append(ctx, &entry, NULL);
}

static void wire_office(const Gj__Stored__Office *stored, Gj__V1__Office *row)
{
    gj__v1__office__init(row);
    row->id = stored->id;
    row->region = stored->region;
    row->code = stored->code;
    row->name = stored->name;
    row->profile = stored->profile;
    row->city = stored->city;
    row->weather_mode = stored->weather_mode;
    row->revision = stored->revision;
}

/* What the request does not say stays. */
static bool keep(struct gj_ctx *ctx, const Gj__V1__OfficeChangeRequest *request, const Gj__Stored__Office *stored)
{
    Gj__V1__Office before;
    wire_office(stored, &before);
    return gj_keep_absent(ctx, &request->office->base, &before.base, request->clear, request->n_clear);
}

void gj_directory_office_change(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__OfficeChangeRequest *request = (const Gj__V1__OfficeChangeRequest *)message;
    const Gj__V1__Office *wanted = request->office;
    struct gj_access_answer right;
    Gj__Stored__Office *row = NULL;
    if (wanted == NULL) {
        (void)gj_door_invalid(ctx, "field_missing", "office");
        return;
    }
    struct gj_key key = gj_key_of_u64(wanted->id);
    if (!gj_record_load(ctx->txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, ctx->arena, (void **)&row)) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__NOT_FOUND, "reference_unknown", "id", NULL);
        return;
    }
    if (!gj_door_check(ctx, GJ_DOOR_COMPANY, GJ_ACCESS_UPDATE, 0, &right) || !keep(ctx, request, row) ||
        !office_checked(ctx, wanted)) {
        return;
    }
    if (row->revision != request->revision) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "conflict", "revision", NULL);
        return;
    }
    /* The code is in every number that was ever given out. */
    if (strcmp(row->code, wanted->code) != 0) {
        (void)gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_read_only", "code", NULL);
        return;
    }
    bool moved = row->region != wanted->region;
    row->region = wanted->region;
    row->name = wanted->name;
    row->profile = wanted->profile;
    row->city = wanted->city;
    row->revision++;
    save_office(ctx, row);
    if (moved) {
        gj_stand_in_office(ctx, row->id, ctx->now_ms);
        gj_actor_rights_changed(ctx->txn); /* grants over a region reach other offices now */
    }
    struct gj_entry entry =
        gj_door_entry(ctx, GJ_ENTRY_DIRECTORY, "office_change", GJ_SUBJECT_OFFICE, row->id, row->id, &right);
    entry.revision = row->revision;
    (void)gj_door_append(ctx, &entry, NULL);
}

/* Whoever hands a record over to another office must be able to name it. */
static bool may_name(struct gj_ctx *ctx, const Gj__Stored__Office *office, const char *code)
{
    bool may = gj_door_may(ctx, GJ_DOOR_COMPANY, GJ_ACCESS_LIST, office->id);
    for (size_t i = 0; !may && code[0] != '\0' && i < ctx->actor->grant_count; i++) {
        may = gj_door_may(ctx, GJ_DOOR_COMPANY, GJ_ACCESS_LIST, ctx->actor->grants[i].office);
    }
    return may;
}

static bool add_office(struct gj_ctx *ctx, const struct gj_value *value, const Gj__V1__OfficeListRequest *request,
    Gj__V1__OfficeList *list)
{
    Gj__Stored__Office *stored = NULL;
    if (!gj_record_unpack(ctx->txn, value, &gj__stored__office__descriptor, ctx->arena, (void **)&stored)) {
        return false;
    }
    if ((request->region != 0 && stored->region != request->region) ||
        (request->code[0] != '\0' && strcasecmp(stored->code, request->code) != 0) ||
        !may_name(ctx, stored, request->code)) {
        return true;
    }
    Gj__V1__Office *row = GJ_ARENA_NEW(ctx->arena, Gj__V1__Office);
    if (row == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    wire_office(stored, row);
    list->offices[list->n_offices++] = row;
    return true;
}

void gj_directory_office_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__OfficeListRequest *request = (const Gj__V1__OfficeListRequest *)message;
    Gj__V1__OfficeList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__OfficeList);
    struct gj_page page;
    uint64_t last = 0;
    if (!gj_page_read(ctx, request->page, &page)) {
        return;
    }
    Gj__V1__Office **offices = GJ_ARENA_ARRAY(ctx->arena, page.rows, Gj__V1__Office *);
    if (list == NULL || offices == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__office_list__init(list);
    list->offices = offices;
    struct gj_key low = gj_key_of_u64(page.after + 1);
    struct gj_iter iter;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_OFFICE, &low, NULL, GJ_FORWARD);
    while (gj_iter_next(&iter)) {
        if (list->n_offices == page.rows) {
            (void)gj_page_cursor(ctx, last, &list->cursor);
            break;
        }
        struct gj_key_reader reader = gj_key_read(iter.key.data, iter.key.len);
        last = gj_key_read_u64(&reader);
        if (!add_office(ctx, &iter.value, request, list)) {
            break;
        }
    }
    gj_iter_close(&iter);
    gj_answer_ok(ctx, &list->base);
}

/* ---- buildings ---- */

void gj_directory_building_create(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__Building *wanted = ((const Gj__V1__BuildingCreateRequest *)message)->building;
    struct gj_access_answer right;
    if (wanted == NULL || wanted->office == 0) {
        (void)gj_door_invalid(ctx, "field_missing", wanted == NULL ? "building" : "office");
        return;
    }
    if (!gj_directory_rules_code(wanted->code, 1, 12)) {
        (void)gj_door_invalid(ctx, wanted->code[0] == '\0' ? "field_missing" : "field_text", "code");
        return;
    }
    if (!gj_directory_rules_text(wanted->name, 0, GJ_TEXT_NAME_MAX)) {
        (void)gj_door_invalid(ctx, "field_length", "name");
        return;
    }
    if (wanted->completed_at < 0 || wanted->completed_at > ctx->now_ms) {
        (void)gj_door_invalid(ctx, "field_range", "completed_at");
        return;
    }
    if (!gj_door_office(ctx, wanted->office, "office") ||
        !gj_door_check(ctx, GJ_DOOR_COMPANY, GJ_ACCESS_CREATE, wanted->office, &right) ||
        !code_is_free(ctx, GJ_INDEX_BUILDING_CODE, wanted->office, wanted->code)) {
        return;
    }
    Gj__Stored__Building row = GJ__STORED__BUILDING__INIT;
    row.id = gj_counter_next(ctx->txn, GJ_COUNTER_BUILDING);
    row.office = wanted->office;
    row.code = wanted->code;
    row.name = wanted->name;
    row.completed_at = wanted->completed_at;
    struct gj_key key = gj_key_of_u64(row.id);
    gj_record_save(ctx->txn, GJ_TABLE_BUILDING, &key, &row.base);
    put_index(ctx, GJ_INDEX_BUILDING_CODE, row.office, row.code, row.id);
    struct gj_entry entry =
        gj_door_entry(ctx, GJ_ENTRY_DIRECTORY, "building_create", GJ_SUBJECT_BUILDING, row.id, row.office, &right);
    entry.revision = 1;
    (void)gj_door_append(ctx, &entry, NULL);
}

void gj_directory_building_list(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    const Gj__V1__BuildingListRequest *request = (const Gj__V1__BuildingListRequest *)message;
    Gj__V1__BuildingList *list = GJ_ARENA_NEW(ctx->arena, Gj__V1__BuildingList);
    struct gj_page page;
    uint64_t last = 0;
    if (!gj_page_read(ctx, request->page, &page) || !gj_door_office(ctx, request->office, "office") ||
        !gj_door_check(ctx, GJ_DOOR_COMPANY, GJ_ACCESS_LIST, request->office, NULL)) {
        return;
    }
    Gj__V1__Building **buildings = GJ_ARENA_ARRAY(ctx->arena, page.rows, Gj__V1__Building *);
    if (list == NULL || buildings == NULL) {
        (void)gj_door_failed(ctx, gj_arena_why(ctx->arena));
        return;
    }
    gj__v1__building_list__init(list);
    list->buildings = buildings;
    struct gj_key prefix = gj_directory_index_key(GJ_INDEX_BUILDING_CODE, request->office, "");
    struct gj_iter iter;
    gj_iter_prefix(&iter, ctx->txn, GJ_TABLE_DIRECTORY, &prefix, GJ_FORWARD);
    /* In order of their codes; the cursor names the building behind which the next page goes on. */
    bool waiting = page.after != 0;
    while (gj_iter_next(&iter)) {
        struct gj_key_reader reader = gj_key_read(iter.value.data, iter.value.len);
        uint64_t id = gj_key_read_u64(&reader);
        if (waiting) {
            waiting = id != page.after;
            continue;
        }
        if (list->n_buildings == page.rows) {
            (void)gj_page_cursor(ctx, last, &list->cursor);
            break;
        }
        Gj__Stored__Building *stored = NULL;
        Gj__V1__Building *row = GJ_ARENA_NEW(ctx->arena, Gj__V1__Building);
        struct gj_key key = gj_key_of_u64(id);
        if (row == NULL || !gj_record_load(ctx->txn, GJ_TABLE_BUILDING, &key, &gj__stored__building__descriptor,
                               ctx->arena, (void **)&stored)) {
            (void)gj_door_failed(ctx, row == NULL ? GJ_ENOMEM : GJ_ECORRUPT);
            break;
        }
        gj__v1__building__init(row);
        row->id = last = stored->id;
        row->office = stored->office;
        row->code = stored->code;
        row->name = stored->name;
        row->completed_at = stored->completed_at;
        buildings[list->n_buildings++] = row;
    }
    gj_iter_close(&iter);
    gj_answer_ok(ctx, &list->base);
}
