#ifndef GJ_STORE_STORE_META_H
#define GJ_STORE_STORE_META_H

/* The rows of the meta table: who the store is and in which form it is written. For store.c and backup. */

#include "store/internal.h"

/* Before any table is touched. GJ_EVERSION: newer than this program, or too old; GJ_ECORRUPT: never finished, or
 * (with_journal) the journal is gone without which nobody knows whether main is whole. */
enum gj_err gj_meta_check_schema(struct gj_store *store, bool with_journal, struct gj_fault *fault);
/* Upgrades where needed, then reads identity, mode and epoch into the store. */
enum gj_err gj_meta_load(struct gj_store *store, struct gj_fault *fault);
enum gj_err gj_meta_create(struct gj_store *store, const struct gj_store_options *options, struct gj_fault *fault);
/* Starts another epoch; only after a restore. */
enum gj_err gj_meta_set_epoch(struct gj_store *store, uint32_t epoch);

/* gj_store_open; without recover the vault may be of another moment than main, and is compared in full afterwards. */
enum gj_err gj_store_open_as(
    const struct gj_store_options *options, bool recover, struct gj_store **out, struct gj_fault *fault);

/* Free bytes of the file system of dir, for others than root. */
enum gj_err gj_store_disk_free(const char *dir, uint64_t *out);
/* gj_store_check_space, answered from memory while the last look is fresh. */
enum gj_err gj_store_space(struct gj_store *store);

#endif
