/* Households of an import: a line against what is known of its room, and the rows that nobody sees before the commit.
 */
#include <string.h>

#include "common/limits.h"
#include "common/pb.h"
#include "core/household.h"
#include "service/directory/directory.h"
#include "service/directory/directory_rules.h"
#include "service/directory/household.h"
#include "service/directory/household_form.h"
#include "service/directory/import.h"
#include "service/door.h"
#include "service/sealing.h"
#include "store/record.h"

/* ---- prepare ---- */

/* The household of the room as everybody sees it, NULL for none. false: the line names a room that the file has named
 * before, or failed. */
static bool find_known(struct gj_import_work *work, uint64_t office, const char *room, Gj__Stored__Household **known)
{
    struct gj_ctx *ctx = work->ctx;
    Gj__Stored__Household *row = NULL;
    *known = NULL;
    for (size_t i = 0; i < work->body->n_households; i++) {
        const Gj__Stored__Household *earlier = work->body->households[i]->household;
        if (earlier->office == office && strcmp(earlier->room, room) == 0) {
            gj_import_rules_fault(&work->faults, GJ_COLUMN_ROOM, "field_twice");
            return false;
        }
    }
    uint64_t id = gj_household_by_room(ctx->txn, office, room);
    if (id == 0 || !gj_household_row(ctx->txn, id, ctx->arena, &row)) {
        return gj_txn_error(ctx->txn) == GJ_OK;
    }
    if (row->import == work->import->id || row->next_import == work->import->id) {
        gj_import_rules_fault(&work->faults, GJ_COLUMN_ROOM, "field_twice");
        return false;
    }
    if (gj_household_load(ctx->txn, id, ctx->arena, known) && (*known)->erased) {
        *known = NULL;
    }
    return gj_txn_error(ctx->txn) == GJ_OK;
}

static void set_building(struct gj_import_work *work, Gj__V1__Household *plain, uint32_t *changed)
{
    const char *code = gj_import_rules_cell(&work->map, &work->row, GJ_COLUMN_BUILDING);
    if (code == NULL) {
        return;
    }
    uint64_t building = strcmp(code, "-") == 0
                            ? 0
                            : gj_directory_index_get(work->ctx->txn, GJ_INDEX_BUILDING_CODE, plain->office, code);
    if (building == 0 && strcmp(code, "-") != 0) {
        gj_import_rules_fault(&work->faults, GJ_COLUMN_BUILDING, "reference_unknown");
    } else if (building != plain->building) {
        plain->building = building;
        *changed |= UINT32_C(1) << GJ_COLUMN_BUILDING;
    }
}

/* Seals the household as it will be and adds it to the chunk. had: the indexes of what is there now. */
static bool add_put(struct gj_import_work *work, struct gj_sealing *sealing, const Gj__V1__Household *plain,
    const struct gj_token_set *had)
{
    struct gj_ctx *ctx = work->ctx;
    struct gj_token_set has = {0};
    Gj__Service__HouseholdPut *put = GJ_ARENA_NEW(ctx->arena, Gj__Service__HouseholdPut);
    if (put == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    gj__service__household_put__init(put);
    put->revision = plain->revision;
    put->data_key = gj_sealing_wrapped(sealing);
    if (!gj_household_form_seal(sealing, plain, &put->household) ||
        !gj_household_form_tokens(ctx, plain->office, plain, &has) ||
        !gj_household_form_without(ctx, &has, had, &put->n_add_tokens, &put->add_tokens) ||
        !gj_household_form_without(ctx, had, &has, &put->n_drop_tokens, &put->drop_tokens)) {
        return false;
    }
    work->body->households[work->body->n_households++] = put;
    return true;
}

/* Lays the line over plain; false with faults, or failed. */
static bool lay_over(struct gj_import_work *work, Gj__V1__Household *plain, uint32_t *changed)
{
    struct gj_ctx *ctx = work->ctx;
    if (!gj_import_rules_household(ctx->arena, &work->map, &work->row, ctx->now_ms, plain, changed, &work->faults)) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    set_building(work, plain, changed);
    return work->faults.count == 0;
}

static bool change_known(struct gj_import_work *work, const Gj__Stored__Household *known)
{
    struct gj_ctx *ctx = work->ctx;
    struct gj_sealing sealing = {0};
    struct gj_token_set had = {0};
    Gj__V1__Household *before = NULL, *plain = NULL;
    uint32_t changed = 0;
    bool good = gj_sealing_begin(&sealing, ctx, GJ_SUBJECT_HOUSEHOLD, known->id) &&
                gj_household_form_open(&sealing, known, &plain);
    if (good && lay_over(work, plain, &changed)) {
        if (changed == 0) {
            work->body->unchanged++;
        } else {
            good = gj_household_form_open(&sealing, known, &before) &&
                   gj_household_form_tokens(ctx, before->office, before, &had) &&
                   add_put(work, &sealing, plain, &had) && gj_import_add_change(work, plain->room, changed);
        }
    }
    gj_sealing_end(&sealing);
    return good && gj_txn_error(ctx->txn) == GJ_OK;
}

static bool add_new(struct gj_import_work *work, uint64_t office, const char *room)
{
    static const struct gj_token_set none;
    struct gj_ctx *ctx = work->ctx;
    struct gj_sealing sealing = {0};
    Gj__V1__Household plain = GJ__V1__HOUSEHOLD__INIT;
    uint32_t changed = 0;
    plain.office = office;
    plain.room = gj_arena_strdup(ctx->arena, room);
    if (plain.room == NULL) {
        return gj_door_failed(ctx, gj_arena_why(ctx->arena));
    }
    if (!lay_over(work, &plain, &changed)) {
        return gj_txn_error(ctx->txn) == GJ_OK;
    }
    bool good = gj_sealing_new(&sealing, ctx, office) && add_put(work, &sealing, &plain, &none);
    gj_sealing_end(&sealing);
    return good;
}

bool gj_import_household_line(struct gj_import_work *work)
{
    char room[GJ_ROOM_SIZE];
    Gj__Stored__Household *known = NULL;
    const char *cell = gj_import_rules_cell(&work->map, &work->row, GJ_COLUMN_ROOM);
    uint64_t office = gj_import_office_of(work);
    if (cell == NULL) {
        gj_import_rules_fault(&work->faults, GJ_COLUMN_ROOM, "field_missing");
    } else if (!gj_directory_rules_room(cell, strlen(cell), room)) {
        gj_import_rules_fault(&work->faults, GJ_COLUMN_ROOM, "field_text");
    } else if (office != 0 && find_known(work, office, room, &known)) {
        return known != NULL ? change_known(work, known) : add_new(work, office, room);
    }
    return gj_txn_error(work->ctx->txn) == GJ_OK;
}

/* ---- apply ---- */

/* The row is as the preparation saw it: of the same revision and without another import's version to come; the room
 * still nobody's. */
static bool row_fits(struct gj_ctx *ctx, const Gj__Service__HouseholdPut *put)
{
    const Gj__Stored__Household *wanted = put->household;
    Gj__Stored__Household *now = NULL;
    uint64_t id = gj_household_by_room(ctx->txn, wanted->office, wanted->room);
    bool visible = id != 0 && gj_household_load(ctx->txn, id, ctx->arena, &now) && !now->erased;
    bool fits = wanted->id == 0 ? !visible : visible && id == wanted->id && now->revision == put->revision;
    return fits || gj_refuse(ctx, GJ__V1__STATUS__CONFLICT, "import_moved", "room", wanted->room, NULL);
}

bool gj_import_households_fit(struct gj_ctx *ctx, const Gj__Service__ImportChunk *body)
{
    for (size_t i = 0; i < body->n_households; i++) {
        if (!gj_household_body_ok(ctx, body->households[i]) || !row_fits(ctx, body->households[i])) {
            return false;
        }
    }
    return true;
}

/* Both say by how many the row would change the number of vacant households. */
static int64_t stage_new(
    struct gj_ctx *ctx, uint64_t import, const Gj__Service__HouseholdPut *put, Gj__Stored__Staged *staged)
{
    put->household->import = import;
    put->household->revision = 1;
    gj_household_insert(ctx, put);
    gj_household_save(ctx, put->household);
    staged->first_household = staged->added == 0 ? put->household->id : staged->first_household;
    staged->added++;
    return gj_household_vacant(put->household);
}

static int64_t stage_change(struct gj_ctx *ctx, uint64_t import, const Gj__Service__HouseholdPut *put)
{
    Gj__Stored__Household *row = NULL, *now = NULL;
    Gj__Stored__Household *wanted = put->household;
    if (!gj_household_row(ctx->txn, wanted->id, ctx->arena, &row) ||
        !gj_household_load(ctx->txn, wanted->id, ctx->arena, &now)) {
        gj_txn_fail(ctx->txn, GJ_ECORRUPT);
        return 0;
    }
    int64_t vacant = gj_household_vacant(wanted) - gj_household_vacant(now);
    if (now->revision != row->revision) {
        /* An earlier import's version holds already; it takes the row's place. */
        gj_household_drop_tokens(ctx, row->id, row->n_next_drop_tokens, row->next_drop_tokens);
        now->import = row->import;
    }
    gj_household_number_people(ctx, wanted);
    wanted->revision = now->revision + 1;
    wanted->import = now->import;
    wanted->last_entry = now->last_entry;
    gj_household_put_tokens(ctx, wanted->id, put->n_add_tokens, put->add_tokens);
    now->next_import = import;
    now->next_add_tokens = put->add_tokens;
    now->n_next_add_tokens = put->n_add_tokens;
    now->next_drop_tokens = put->drop_tokens;
    now->n_next_drop_tokens = put->n_drop_tokens;
    enum gj_err err = gj_pb_pack_arena(&wanted->base, ctx->arena, &now->next.data, &now->next.len);
    if (err != GJ_OK) {
        gj_txn_fail(ctx->txn, err);
        return 0;
    }
    gj_household_save(ctx, now);
    return vacant;
}

int64_t gj_import_households_stage(struct gj_ctx *ctx, const Gj__Service__ImportChunk *body, Gj__Stored__Staged *staged)
{
    int64_t vacant = 0;
    uint64_t *changed = GJ_ARENA_ARRAY(ctx->arena, body->n_households + 1, uint64_t);
    if (changed == NULL) {
        gj_txn_fail(ctx->txn, gj_arena_why(ctx->arena));
        return 0;
    }
    staged->changed = changed;
    for (size_t i = 0; i < body->n_households; i++) {
        const Gj__Service__HouseholdPut *put = body->households[i];
        if (put->household->id == 0) {
            vacant += stage_new(ctx, body->import, put, staged);
        } else {
            vacant += stage_change(ctx, body->import, put);
            changed[staged->n_changed++] = put->household->id;
        }
    }
    return vacant;
}
