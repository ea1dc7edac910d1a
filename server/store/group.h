#ifndef GJ_STORE_GROUP_H
#define GJ_STORE_GROUP_H

#include <stdint.h>

#include "common/buf.h"
#include "store/audit_tree.h"
#include "store/store.h"
#include "store/txn.h"

/* What the log of commands needs of the store: transactions that are durable because the journal has the commands they
 * came from, and those commands again when the store is opened. */

/* Begins the record of a group in bytes, whose content is forgotten; the caller appends the commands behind it. */
enum gj_err gj_group_begin(struct gj_buf *bytes);

/* gj_txn_commit of a transaction that is exactly what applying the commands in record did. One write to the journal
 * makes it durable; main follows with the next checkpoint. */
enum gj_err gj_txn_commit_group(struct gj_txn *txn, struct gj_buf *record, unsigned commands);

/* ---- after opening ---- */

/* Whether the journal holds records above the last checkpoint. Until gj_group_end no transaction may begin but those
 * that apply them (asserted). */
bool gj_group_waiting(const struct gj_store *store);

struct gj_group {
    uint64_t sequence;
    uint32_t commands;
    const uint8_t *bytes; /* as they were appended; valid until the next call */
    size_t len;
    uint64_t entries; /* of the audit log after it */
    struct gj_tree_hash root;
};

/* The next waiting group; false: none is left, or *err is set. */
bool gj_group_next(struct gj_store *store, struct gj_group *out, enum gj_err *err);
/* GJ_ECORRUPT: after its commands the audit log is not the one it was when they were acknowledged. */
enum gj_err gj_group_check(struct gj_txn *txn, const struct gj_group *group);
/* Commits what the groups up to sequence did. Durable with gj_group_end. */
enum gj_err gj_group_commit(struct gj_txn *txn, uint64_t sequence);
/* All groups are applied: makes that a checkpoint, and the store is as every other. */
enum gj_err gj_group_end(struct gj_store *store);

/* ---- in service ---- */

/* Checkpoints are finished by a thread from here on until the store is closed or gj_group_stop. */
enum gj_err gj_group_start(struct gj_store *store);
void gj_group_stop(struct gj_store *store);

#endif
