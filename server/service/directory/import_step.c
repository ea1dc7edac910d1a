/* After the end of an import its rows are put in order, a bounded number in each command: versions to come take their
 * rows' places; what an abandoned import wrote goes, its data keys with it. Until then readers see through the import's
 * own row. */
#include <string.h>

#include "common/limits.h"
#include "core/household.h"
#include "core/timer.h"
#include "service/directory/directory.h"
#include "service/directory/household.h"
#include "service/directory/import.h"
#include "service/door.h"
#include "store/record.h"

/* Data keys destroyed in one command; other commands of the batch may destroy some as well. */
#define ERASE_MAX (GJ_VAULT_ERASE_MAX / 2)

/* The first import that has ended and is not in order yet. */
static bool next_unsettled(struct gj_ctx *ctx, Gj__Stored__Import **out)
{
    struct gj_iter iter;
    bool found = false;
    gj_iter_range(&iter, ctx->txn, GJ_TABLE_IMPORT, NULL, NULL, GJ_BACKWARD);
    for (unsigned looked = 0; !found && looked < GJ_PAGE_ROWS_MAX && gj_iter_next(&iter); looked++) {
        found = gj_record_unpack(ctx->txn, &iter.value, &gj__stored__import__descriptor, ctx->arena, (void **)out) &&
                ((*out)->committed || (*out)->abandoned) && (*out)->cleaned < (*out)->chunks;
    }
    gj_iter_close(&iter);
    return found;
}

static void settle_change(struct gj_ctx *ctx, const Gj__Stored__Import *import, uint64_t id)
{
    Gj__Stored__Household *row = NULL, *next = NULL;
    if (!gj_household_row(ctx->txn, id, ctx->arena, &row) || row->next_import != import->id || row->erased) {
        return;
    }
    if (import->committed) {
        struct gj_value value = {.data = row->next.data, .len = row->next.len};
        if (!gj_record_unpack(ctx->txn, &value, &gj__stored__household__descriptor, ctx->arena, (void **)&next)) {
            return;
        }
        gj_household_drop_tokens(ctx, id, row->n_next_drop_tokens, row->next_drop_tokens);
        gj_household_save(ctx, next);
        return;
    }
    gj_household_drop_tokens(ctx, id, row->n_next_add_tokens, row->next_add_tokens);
    row->next_import = 0;
    row->next = (ProtobufCBinaryData){0};
    row->n_next_add_tokens = 0;
    row->n_next_drop_tokens = 0;
    gj_household_save(ctx, row);
}

static void remove_new(struct gj_ctx *ctx, uint64_t id)
{
    Gj__Stored__Household *row = NULL;
    if (!gj_household_row(ctx->txn, id, ctx->arena, &row)) {
        return;
    }
    struct gj_subject subject = {.kind = GJ_SUBJECT_HOUSEHOLD, .id = id};
    struct gj_key key = gj_key_of_u64(id);
    if (gj_household_by_room(ctx->txn, row->office, row->room) == id) {
        struct gj_key room = gj_household_room_key(row->office, row->room);
        (void)gj_txn_del(ctx->txn, GJ_TABLE_HOUSEHOLD_BY_ROOM, &room);
    }
    (void)gj_txn_del(ctx->txn, GJ_TABLE_HOUSEHOLD, &key);
    gj_vault_erase(ctx->txn, &subject);
}

/* One chunk, or a part of it. true: the chunk is in order. */
static bool settle_chunk(struct gj_ctx *ctx, const Gj__Stored__Import *import, Gj__Stored__Staged *staged)
{
    for (size_t i = 0; i < staged->n_changed; i++) {
        settle_change(ctx, import, staged->changed[i]);
    }
    staged->n_changed = 0;
    if (import->committed || staged->added == 0 || gj_import_rules_what(import->what) != GJ_IMPORT_HOUSEHOLDS) {
        return true;
    }
    uint32_t count = staged->added < ERASE_MAX ? staged->added : ERASE_MAX;
    for (uint32_t i = 0; i < count; i++) {
        remove_new(ctx, staged->first_household + i);
    }
    staged->first_household += count;
    staged->added -= count;
    return staged->added == 0;
}

void gj_import_ask_step(struct gj_ctx *ctx)
{
    Gj__Service__ImportStep step = GJ__SERVICE__IMPORT_STEP__INIT;
    gj_timer_ask(ctx, ctx->now_ms, GJ__V1__CALL__SYSTEM_IMPORT_STEP, &step.base);
}

void gj_directory_import_step(struct gj_ctx *ctx, const ProtobufCMessage *message)
{
    Gj__Stored__Import *import = NULL;
    Gj__Stored__Staged *staged = NULL;
    (void)gj_timer_take(ctx, GJ__V1__CALL__SYSTEM_IMPORT_STEP, &gj__service__import_step__descriptor, &message);
    if (!next_unsettled(ctx, &import)) {
        return;
    }
    gj_import_ask_step(ctx);
    struct gj_key key = gj_import_chunk_key(import->id, import->cleaned);
    bool there = gj_import_staged(ctx, import->id, import->cleaned, &staged);
    if (there && !settle_chunk(ctx, import, staged)) {
        gj_record_save(ctx->txn, GJ_TABLE_STAGE, &key, &staged->base);
        return;
    }
    (void)gj_txn_del(ctx->txn, GJ_TABLE_STAGE, &key);
    import->cleaned++;
    gj_import_save(ctx, import);
    if (import->cleaned == import->chunks) {
        struct gj_entry entry =
            gj_door_entry(ctx, GJ_ENTRY_IMPORT, "import_settled", GJ_SUBJECT_IMPORT, import->id, import->office, NULL);
        entry.value = (int64_t)import->chunks;
        entry.has_value = true;
        (void)gj_door_append(ctx, &entry, NULL);
    }
}
