#ifndef GJ_STORE_TXN_H
#define GJ_STORE_TXN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "store/key.h"
#include "store/table.h"

/* A transaction keeps its first error: after it reads find nothing, writes do nothing, and commit returns it. So a
 * command reads as a straight line with one check at the end. Finding nothing is no error.
 *
 * One thread per transaction at a time. A write transaction is the only one; a second waits for it to end. */
struct gj_txn;
struct gj_store;

/* Borrowed bytes of a row: valid until the next write in the same transaction, or its end. */
struct gj_value {
    const uint8_t *data;
    size_t len;
};

/* A snapshot of the last commit. Gives *out. */
enum gj_err gj_txn_begin_read(struct gj_store *store, struct gj_txn **out);
/* Lets go of the snapshot and keeps the handle; gj_txn_renew takes the newest one. Both cost about a microsecond: a
 * handle per thread, renewed per request. Iterators must be closed before. Renewing clears the error. */
void gj_txn_reset(struct gj_txn *txn);
enum gj_err gj_txn_renew(struct gj_txn *txn);

/* Gives *out. GJ_ENOSPC: less than the disk reserve is left; GJ_EIO: a commit failed before, the store must be closed
 * and opened again. */
enum gj_err gj_txn_begin_write(struct gj_store *store, struct gj_txn **out);

/* Takes txn. GJ_OK: durable, vault and main, and seen by every snapshot taken from now on. For changes that are no
 * commands: each is a checkpoint. Commands are committed in groups (store/group.h).
 * GJ_EFULL (the map is full), GJ_ENOSPC (the disk is) and every other error: nothing was changed. Only after GJ_EIO it
 * is unknown what the file holds; no further write begins, the caller exits and opening finds out. */
enum gj_err gj_txn_commit(struct gj_txn *txn);
/* Takes txn; NULL is allowed. Ends a snapshot too. */
void gj_txn_abort(struct gj_txn *txn);

enum gj_err gj_txn_error(const struct gj_txn *txn);
/* Makes err the error of the transaction unless it has one. */
void gj_txn_fail(struct gj_txn *txn, enum gj_err err);

/* Which state of the store a snapshot shows: another number after every commit, so that what was read under the same
 * number holds still. 0 for a write transaction, whose state changes under way. */
uint64_t gj_txn_snapshot(const struct gj_txn *txn);
bool gj_txn_is_write(const struct gj_txn *txn);
struct gj_store *gj_txn_store(const struct gj_txn *txn);
/* Writes so far (put, append, reserve, del that found something): a refusing command shows that it wrote nothing. */
uint64_t gj_txn_writes(const struct gj_txn *txn);
/* Number of entries in the audit log, as this transaction sees it; the next entry's index. */
uint64_t gj_txn_events(struct gj_txn *txn);

/* false: no such row, or the transaction has failed; *out is then empty. */
bool gj_txn_get(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, struct gj_value *out);
bool gj_txn_exists(struct gj_txn *txn, enum gj_table table, const struct gj_key *key);
uint64_t gj_txn_count(struct gj_txn *txn, enum gj_table table);
/* First and last row of a table; false: empty. */
bool gj_txn_first(struct gj_txn *txn, enum gj_table table, struct gj_value *key, struct gj_value *value);
bool gj_txn_last(struct gj_txn *txn, enum gj_table table, struct gj_value *key, struct gj_value *value);

/* Writes or replaces. data must not borrow from a row of the same transaction: the write may move it. */
void gj_txn_put(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, const void *data, size_t len);
/* The key must be above all others of the table, else GJ_EEXIST; fills pages to the brim. */
void gj_txn_append(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, const void *data, size_t len);
/* As put (or append), but returns room for len bytes, to be filled before the next call; NULL after an error. */
void *gj_txn_reserve(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, size_t len);
void *gj_txn_reserve_append(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, size_t len);
/* true: the row was there and is gone. */
bool gj_txn_del(struct gj_txn *txn, enum gj_table table, const struct gj_key *key);

/* Numbers, kept as rows of eight bytes big-endian. A missing one reads as 0. */
uint64_t gj_txn_get_u64(struct gj_txn *txn, enum gj_table table, const struct gj_key *key);
void gj_txn_put_u64(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, uint64_t value);

/* Rows of a table in order. Open, next until false, close; then ask gj_txn_error when it matters.
 *
 *     struct gj_iter iter;
 *     gj_iter_prefix(&iter, txn, GJ_TABLE_WORK, &prefix, GJ_FORWARD);
 *     while (gj_iter_next(&iter)) … iter.key, iter.value …
 *     gj_iter_close(&iter);
 *
 * The table may be changed meanwhile by the same transaction, the row at hand deleted too: the walk goes on behind
 * the key it last gave. */
enum gj_direction { GJ_FORWARD, GJ_BACKWARD };

struct gj_iter {
    struct gj_value key;
    struct gj_value value;
    /* The rest belongs to txn.c. */
    struct gj_txn *txn;
    void *cursor;
    enum gj_table table;
    enum gj_direction direction;
    uint64_t writes;
    bool started;
    bool bounded;
    struct gj_key low;  /* first key that belongs to it; afterwards, in a write transaction, the last one given */
    struct gj_key high; /* first key above it, when bounded */
};

/* Rows whose key begins with prefix. */
void gj_iter_prefix(struct gj_iter *iter, struct gj_txn *txn, enum gj_table table, const struct gj_key *prefix,
    enum gj_direction direction);
/* Rows with low <= key < high; NULL: no bound on that side. A page goes on with gj_key_after of its last key as low,
 * or backwards with its last key as high. */
void gj_iter_range(struct gj_iter *iter, struct gj_txn *txn, enum gj_table table, const struct gj_key *low,
    const struct gj_key *high, enum gj_direction direction);
bool gj_iter_next(struct gj_iter *iter);
/* Allowed twice, and on an iterator whose opening failed. */
void gj_iter_close(struct gj_iter *iter);

#endif
