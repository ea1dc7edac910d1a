#ifndef GJ_STORE_RECORD_H
#define GJ_STORE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "common/arena.h"
#include "store/table.h"
#include "store/txn.h"

/* Rows that are protobuf-c messages (store/stored.proto), in protobuf's form or the lean one (store/pack.h); counters
 * and number series. */

/* Finds the row and unpacks it into arena, so that the message outlives the row and needs no free.
 * false: no such row, or the transaction has failed (GJ_ECORRUPT: the bytes are not such a message). *out is NULL then.
 * The caller casts: struct X *x; gj_record_load(txn, T, &key, &x__descriptor, arena, (void **)&x). */
bool gj_record_load(struct gj_txn *txn, enum gj_table table, const struct gj_key *key,
    const ProtobufCMessageDescriptor *descriptor, struct gj_arena *arena, void **out);

/* Unpacks a value that an iterator gave, in the same way. */
bool gj_record_unpack(struct gj_txn *txn, const struct gj_value *value, const ProtobufCMessageDescriptor *descriptor,
    struct gj_arena *arena, void **out);

/* Writes or replaces the row. */
void gj_record_save(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, const ProtobufCMessage *message);
/* The same for a key above all others of the table. */
void gj_record_append(
    struct gj_txn *txn, enum gj_table table, const struct gj_key *key, const ProtobufCMessage *message);

/* The next number of a counter, from 1. 0 after an error. */
uint64_t gj_counter_next(struct gj_txn *txn, enum gj_counter counter);
/* The last number given, 0 for none. */
uint64_t gj_counter_last(struct gj_txn *txn, enum gj_counter counter);
/* Takes count numbers at once; returns the first. */
uint64_t gj_counter_take(struct gj_txn *txn, enum gj_counter counter, uint64_t count);

/* The next human number of a series (编号), from 1, without gaps: a number exists only if its record was committed
 * with it. 0 after an error. */
uint64_t gj_series_next(struct gj_txn *txn, uint32_t office, uint16_t kind, uint16_t year);
uint64_t gj_series_last(struct gj_txn *txn, uint32_t office, uint16_t kind, uint16_t year);

#endif
