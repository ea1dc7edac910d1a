/* What the loop has seen and would otherwise look up, or compute, again for every record shown. Nothing personal is
 * kept. Loop thread; a core without a router has none: everything works with NULL, only slower. */
#ifndef GJ_CORE_RECALL_H
#define GJ_CORE_RECALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/err.h"
#include "store/txn.h"

struct gj_recall;

GJ_CHECKED enum gj_err gj_recall_new(struct gj_recall **out);
void gj_recall_free(struct gj_recall *recall);

/* The name of a member of staff, "" for nobody; in the arena. NULL: that is full, or the transaction has failed.
 * Whoever writes a user's row says so with gj_actor_rights_changed, and names are then read anew. */
const char *gj_recall_name(struct gj_recall *recall, struct gj_txn *txn, uint64_t user, struct gj_arena *arena);

/* Whether the sealed text beside this entry has been found to be the one the entry commits to. Its authenticity is
 * checked at every opening; that none of the same key has taken its place, by the commitment once and by the tag of the
 * sealed bytes from then on. */
bool gj_recall_text(const struct gj_recall *recall, uint64_t index, const uint8_t *sealed, size_t len);
void gj_recall_text_found(struct gj_recall *recall, uint64_t index, const uint8_t *sealed, size_t len);

#endif
