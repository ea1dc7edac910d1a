/* Service 3, the directory: who and where. One function a call; the table is in directory.c. */
#ifndef GJ_SERVICE_DIRECTORY_DIRECTORY_H
#define GJ_SERVICE_DIRECTORY_DIRECTORY_H

#include "core/call.h"
#include "proto/directory.pb-c.h"
#include "store/stored.pb-c.h"

extern const struct gj_service gj_directory_service;
/* What imports leave to the daemon itself. */
extern const struct gj_service gj_directory_system_service;

/* Lookups kept in table DIRECTORY: kind of index, then words -> id. Numbers are on disk. */
enum gj_directory_index {
    GJ_INDEX_REGION_CODE = 1,   /* code */
    GJ_INDEX_OFFICE_CODE = 2,   /* code */
    GJ_INDEX_BUILDING_CODE = 3, /* office, code */
    GJ_INDEX_ASSET_CODE = 4,    /* office, code */
    GJ_INDEX_STAFF_OFFICE = 5,  /* office, user */
};
/* Key of one code; office 0 where the index has none. An empty code gives the prefix of the office. */
struct gj_key gj_directory_index_key(enum gj_directory_index index, uint64_t office, const char *code);
uint64_t gj_directory_index_get(struct gj_txn *txn, enum gj_directory_index index, uint64_t office, const char *code);

struct gj_key gj_directory_staff_key(uint64_t office, uint64_t user);

/* office.c */
gj_apply_fn gj_directory_region_create, gj_directory_office_create, gj_directory_office_change,
    gj_directory_building_create;
gj_prepare_fn gj_directory_office_prepare;
gj_read_fn gj_directory_region_list, gj_directory_office_list, gj_directory_building_list;

/* household.c */
gj_prepare_fn gj_directory_household_create, gj_directory_household_change, gj_directory_person_put,
    gj_directory_vehicle_put;
gj_apply_fn gj_directory_household_apply;

/* household_read.c */
gj_prepare_fn gj_directory_show_prepare, gj_directory_find_prepare;
gj_apply_fn gj_directory_read_apply;
gj_read_fn gj_directory_show, gj_directory_find;

/* people.c, contractor.c */
gj_prepare_fn gj_directory_caller_prepare, gj_directory_staff_prepare;
gj_apply_fn gj_directory_caller_apply, gj_directory_staff_apply, gj_directory_contractor_apply;
gj_read_fn gj_directory_staff_list, gj_directory_contractor_list;
/* Writes a staff row whose decision has been made; used by the import too. Returns the new revision. */
uint32_t gj_directory_staff_save(
    struct gj_ctx *ctx, const Gj__Stored__Staff *staff, const ProtobufCBinaryData *wrapped);

/* asset.c */
gj_apply_fn gj_directory_asset_put;
gj_read_fn gj_directory_asset_list;

/* import.c, import_chunk.c, import_commit.c */
gj_apply_fn gj_directory_import_begin, gj_directory_import_chunk, gj_directory_import_commit,
    gj_directory_import_abandon, gj_directory_import_step;
gj_prepare_fn gj_directory_import_begin_prepare, gj_directory_import_chunk_prepare;
gj_read_fn gj_directory_import_report;

/* A row that a hand changes while an import has a version of it to come: that import can no longer be committed. */
void gj_directory_import_touched(struct gj_ctx *ctx, uint64_t import);

#endif
