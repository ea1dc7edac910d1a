/* Households (业户) as everybody reads them: what an import has staged does not exist before the import is committed,
 * and from its commit on exists at once. Rows are sealed; who opens them asks the one door first. */
#ifndef GJ_CORE_HOUSEHOLD_H
#define GJ_CORE_HOUSEHOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arena.h"
#include "store/stored.pb-c.h"
#include "store/key.h"
#include "store/txn.h"

/* The household as it is now, in the arena. false: there is none (or only a staged one), or txn has failed. An erased
 * one is given with its mark: the caller says what that means for it. */
bool gj_household_load(struct gj_txn *txn, uint64_t id, struct gj_arena *arena, Gj__Stored__Household **out);

/* The row as it lies there, staged ones and versions to come included: for the directory's own writes. */
bool gj_household_row(struct gj_txn *txn, uint64_t id, struct gj_arena *arena, Gj__Stored__Household **out);

/* Whether the import has been committed. */
bool gj_household_import_done(struct gj_txn *txn, uint64_t import);

/* What is owed by the household is counted by these: how many households an office has, and how many of them are
 * vacant. In apply, by whoever makes a household visible or changes its occupancy. */
void gj_household_counted(
    struct gj_txn *txn, struct gj_arena *arena, uint64_t office, int64_t households, int64_t vacant);
/* 1 when it stands empty, else 0. */
int64_t gj_household_vacant(const Gj__Stored__Household *household);

/* Rooms (房号) are unique in an office, written as gj_directory_rules_room gives them. The household there, staged or
 * not; 0: none. */
struct gj_key gj_household_room_key(uint64_t office, const char *room);
uint64_t gj_household_by_room(struct gj_txn *txn, uint64_t office, const char *room);

#endif
