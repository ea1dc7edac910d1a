#include "service/directory/directory.h"

#include <string.h>

#include "common/limits.h"
#include "proto/directory.pb-c.h"
#include "service/body.pb-c.h"
#include "service/door.h"

struct gj_key gj_directory_index_key(enum gj_directory_index index, uint64_t office, const char *code)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u8(&key, (uint8_t)index);
    gj_key_u32(&key, (uint32_t)office);
    if (code[0] != '\0') {
        gj_key_text(&key, code, strlen(code));
    }
    return key;
}

uint64_t gj_directory_index_get(struct gj_txn *txn, enum gj_directory_index index, uint64_t office, const char *code)
{
    struct gj_key key = gj_directory_index_key(index, office, code);
    return gj_txn_get_u64(txn, GJ_TABLE_DIRECTORY, &key);
}

struct gj_key gj_directory_staff_key(uint64_t office, uint64_t user)
{
    struct gj_key key = gj_directory_index_key(GJ_INDEX_STAFF_OFFICE, office, "");
    gj_key_u64(&key, user);
    return key;
}

#define REQUEST(name) .request = &gj__v1__##name##__descriptor
#define BODY(name) .body = &gj__service__##name##__descriptor

static const struct gj_call calls[] = {
    {GJ__V1__CALL__DIR_OFFICE_CREATE, 0, "office_create", REQUEST(office_create_request), BODY(office_create),
        .prepare = gj_directory_office_prepare, .apply = gj_directory_office_create},
    {GJ__V1__CALL__DIR_OFFICE_LIST, 0, "office_list", REQUEST(office_list_request), .read = gj_directory_office_list},
    {GJ__V1__CALL__DIR_OFFICE_CHANGE, 0, "office_change", REQUEST(office_change_request),
        .apply = gj_directory_office_change},
    {GJ__V1__CALL__DIR_REGION_CREATE, 0, "region_create", REQUEST(region_create_request),
        .apply = gj_directory_region_create},
    {GJ__V1__CALL__DIR_REGION_LIST, 0, "region_list", REQUEST(empty), .read = gj_directory_region_list},
    {GJ__V1__CALL__DIR_BUILDING_CREATE, 0, "building_create", REQUEST(building_create_request),
        .apply = gj_directory_building_create},
    {GJ__V1__CALL__DIR_BUILDING_LIST, 0, "building_list", REQUEST(building_list_request),
        .read = gj_directory_building_list},
    {GJ__V1__CALL__DIR_HOUSEHOLD_CREATE, 0, "household_create", REQUEST(household_put_request), BODY(household_put),
        .prepare = gj_directory_household_create, .apply = gj_directory_household_apply},
    {GJ__V1__CALL__DIR_HOUSEHOLD_CHANGE, 0, "household_change", REQUEST(household_put_request), BODY(household_put),
        .prepare = gj_directory_household_change, .apply = gj_directory_household_apply},
    {GJ__V1__CALL__DIR_PERSON_PUT, 0, "person_put", REQUEST(person_put_request), BODY(household_put),
        .prepare = gj_directory_person_put, .apply = gj_directory_household_apply},
    {GJ__V1__CALL__DIR_VEHICLE_PUT, 0, "vehicle_put", REQUEST(vehicle_put_request), BODY(household_put),
        .prepare = gj_directory_vehicle_put, .apply = gj_directory_household_apply},
    {GJ__V1__CALL__DIR_HOUSEHOLD_SHOW, 0, "household_show", REQUEST(household_show_request), BODY(household_read),
        .prepare = gj_directory_show_prepare, .apply = gj_directory_read_apply, .read = gj_directory_show},
    {GJ__V1__CALL__DIR_HOUSEHOLD_FIND, 0, "household_find", REQUEST(household_find_request), BODY(household_read),
        .prepare = gj_directory_find_prepare, .apply = gj_directory_read_apply, .read = gj_directory_find},
    {GJ__V1__CALL__DIR_CALLER_PUT, 0, "caller_put", REQUEST(caller_put_request), BODY(caller_put),
        .prepare = gj_directory_caller_prepare, .apply = gj_directory_caller_apply},
    {GJ__V1__CALL__DIR_ASSET_PUT, 0, "asset_put", REQUEST(asset_put_request), .apply = gj_directory_asset_put},
    {GJ__V1__CALL__DIR_ASSET_LIST, 0, "asset_list", REQUEST(asset_list_request), .read = gj_directory_asset_list},
    {GJ__V1__CALL__DIR_STAFF_PUT, 0, "staff_put", REQUEST(staff_put_request), BODY(staff_put),
        .prepare = gj_directory_staff_prepare, .apply = gj_directory_staff_apply},
    {GJ__V1__CALL__DIR_STAFF_LIST, 0, "staff_list", REQUEST(staff_list_request), .read = gj_directory_staff_list},
    {GJ__V1__CALL__DIR_CONTRACTOR_PUT, 0, "contractor_put", REQUEST(contractor_put_request),
        .apply = gj_directory_contractor_apply},
    {GJ__V1__CALL__DIR_CONTRACTOR_LIST, 0, "contractor_list", REQUEST(contractor_list_request),
        .read = gj_directory_contractor_list},
    {GJ__V1__CALL__DIR_IMPORT_BEGIN, 0, "import_begin", REQUEST(import_begin_request),
        .prepare = gj_directory_import_begin_prepare, .apply = gj_directory_import_begin},
    {GJ__V1__CALL__DIR_IMPORT_CHUNK, 0, "import_chunk", REQUEST(import_chunk_request), BODY(import_chunk),
        .prepare = gj_directory_import_chunk_prepare, .apply = gj_directory_import_chunk},
    {GJ__V1__CALL__DIR_IMPORT_REPORT, 0, "import_report", REQUEST(import_report_request),
        .read = gj_directory_import_report},
    {GJ__V1__CALL__DIR_IMPORT_COMMIT, 0, "import_commit", REQUEST(import_commit_request),
        .apply = gj_directory_import_commit},
    {GJ__V1__CALL__DIR_IMPORT_ABANDON, 0, "import_abandon", REQUEST(import_commit_request),
        .apply = gj_directory_import_abandon},
};

const struct gj_service gj_directory_service = {
    .number = GJ__V1__CALL__DIR_OFFICE_CREATE >> 8,
    .name = "directory",
    .calls = calls,
    .n_calls = sizeof calls / sizeof calls[0],
};

static const struct gj_call system_calls[] = {
    {GJ__V1__CALL__SYSTEM_IMPORT_STEP, GJ_CALL_SYSTEM, "import_step", .body = &gj__service__import_step__descriptor,
        .apply = gj_directory_import_step},
};

const struct gj_service gj_directory_system_service = {
    .number = GJ__V1__CALL__SYSTEM_IMPORT_STEP >> 8,
    .name = "directory_system",
    .calls = system_calls,
    .n_calls = sizeof system_calls / sizeof system_calls[0],
};
