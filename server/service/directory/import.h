/* Imports of households and staff, all or nothing.
 *
 *   begin --> chunk, chunk … --> commit   (or abandon)
 *
 * Households: a chunk writes its rows at once as they will be, new ones with the number of the import, changes as the
 * version to come beside the row that holds. Nobody sees either before the import's own row says "committed"
 * (core/household.h): so the commit is one small write, whatever the size of the file, and a crash leaves nothing half
 * done. Afterwards, or after an abandoned import, SYSTEM_IMPORT_STEP puts the rows in order, a bounded number in each
 * command.
 *
 * Staff: a chunk keeps its rows aside; the commit writes them, GJ_IMPORT_STAFF_ROWS_MAX at most. */
#ifndef GJ_SERVICE_DIRECTORY_IMPORT_H
#define GJ_SERVICE_DIRECTORY_IMPORT_H

#include "core/call.h"
#include "service/body.pb-c.h"
#include "service/directory/import_rules.h"
#include "store/stored.pb-c.h"

/* The import, still open to its chunks. false: refused. */
bool gj_import_load(struct gj_ctx *ctx, uint64_t id, bool must_be_open, Gj__Stored__Import **out);
void gj_import_save(struct gj_ctx *ctx, const Gj__Stored__Import *import);
struct gj_key gj_import_chunk_key(uint64_t import, uint32_t chunk);
bool gj_import_staged(struct gj_ctx *ctx, uint64_t import, uint32_t chunk, Gj__Stored__Staged **out);
bool gj_import_map_of(const Gj__Stored__Import *import, struct gj_import_map *map);

/* What a chunk's preparation gathers. */
struct gj_import_work {
    struct gj_ctx *ctx;
    const Gj__Stored__Import *import;
    struct gj_import_map map;
    Gj__Service__ImportChunk *body;
    struct gj_csv_row row; /* at hand */
    struct gj_import_faults faults;
};
/* After the end of an import: the daemon puts its rows in order, step by step, after a restart too. */
void gj_import_ask_step(struct gj_ctx *ctx);

/* One line each (import_household.c, import_staff.c): adds to body, or to faults. false: the machinery failed. */
bool gj_import_household_line(struct gj_import_work *work);
bool gj_import_staff_line(struct gj_import_work *work);
/* A row of the preview: what of a thing that exists will change. */
bool gj_import_add_change(struct gj_import_work *work, const char *key, uint32_t changed);
/* The office that the line is about; 0 with a fault. */
uint64_t gj_import_office_of(struct gj_import_work *work);

/* Commit thread. Decides for all rows of a chunk, then writes them. */
bool gj_import_households_fit(struct gj_ctx *ctx, const Gj__Service__ImportChunk *body);
/* Returns by how many the rows would change the office's vacant households. */
int64_t gj_import_households_stage(
    struct gj_ctx *ctx, const Gj__Service__ImportChunk *body, Gj__Stored__Staged *staged);
/* Decides for all the staff rows kept by the chunks, then writes them. false: refused or failed. */
bool gj_import_staff_commit(struct gj_ctx *ctx, const Gj__Stored__Import *import);
/* Whether the login stands in an earlier chunk already. */
bool gj_import_staff_seen(struct gj_import_work *work, const char *login);

#endif
