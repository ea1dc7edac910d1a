#include "core/household.h"

#include <string.h>

#include "proto/directory.pb-c.h"
#include "store/record.h"

struct gj_key gj_household_room_key(uint64_t office, const char *room)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u32(&key, (uint32_t)office);
    gj_key_text(&key, room, strlen(room));
    return key;
}

uint64_t gj_household_by_room(struct gj_txn *txn, uint64_t office, const char *room)
{
    struct gj_key key = gj_household_room_key(office, room);
    return gj_txn_get_u64(txn, GJ_TABLE_HOUSEHOLD_BY_ROOM, &key);
}

bool gj_household_import_done(struct gj_txn *txn, uint64_t import)
{
    /* One byte of the row is all that is asked for, but the row is small and read seldom: only while an import's rows
     * have not been put in order do readers come here. */
    uint8_t block[1024];
    struct gj_arena arena;
    Gj__Stored__Import *row = NULL;
    struct gj_key key = gj_key_of_u64(import);
    gj_arena_init_with(&arena, 64 * 1024, block, sizeof block);
    bool done = gj_record_load(txn, GJ_TABLE_IMPORT, &key, &gj__stored__import__descriptor, &arena, (void **)&row) &&
                row->committed;
    gj_arena_fini(&arena);
    return done;
}

int64_t gj_household_vacant(const Gj__Stored__Household *household)
{
    return household->occupancy == GJ__V1__OCCUPANCY__VACANT && !household->erased ? 1 : 0;
}

static uint64_t moved(uint64_t count, int64_t by)
{
    return by < 0 && (uint64_t)-by > count ? 0 : count + (uint64_t)by;
}

void gj_household_counted(
    struct gj_txn *txn, struct gj_arena *arena, uint64_t office, int64_t households, int64_t vacant)
{
    Gj__Stored__Office *row = NULL;
    struct gj_key key = gj_key_of_u64(office);
    if ((households == 0 && vacant == 0) ||
        !gj_record_load(txn, GJ_TABLE_OFFICE, &key, &gj__stored__office__descriptor, arena, (void **)&row)) {
        return;
    }
    row->households = moved(row->households, households);
    row->vacant = moved(row->vacant, vacant);
    gj_record_save(txn, GJ_TABLE_OFFICE, &key, &row->base);
}

bool gj_household_row(struct gj_txn *txn, uint64_t id, struct gj_arena *arena, Gj__Stored__Household **out)
{
    struct gj_key key = gj_key_of_u64(id);
    *out = NULL;
    return gj_record_load(txn, GJ_TABLE_HOUSEHOLD, &key, &gj__stored__household__descriptor, arena, (void **)out);
}

bool gj_household_load(struct gj_txn *txn, uint64_t id, struct gj_arena *arena, Gj__Stored__Household **out)
{
    Gj__Stored__Household *row = NULL;
    *out = NULL;
    if (!gj_household_row(txn, id, arena, &row)) {
        return false;
    }
    if (row->import != 0 && !gj_household_import_done(txn, row->import)) {
        return false;
    }
    if (row->next_import != 0 && !row->erased && gj_household_import_done(txn, row->next_import)) {
        Gj__Stored__Household *next = NULL;
        struct gj_value value = {.data = row->next.data, .len = row->next.len};
        if (!gj_record_unpack(txn, &value, &gj__stored__household__descriptor, arena, (void **)&next)) {
            return false;
        }
        row = next;
    }
    *out = row;
    return true;
}
