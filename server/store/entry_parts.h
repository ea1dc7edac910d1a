#ifndef GJ_STORE_ENTRY_PARTS_H
#define GJ_STORE_ENTRY_PARTS_H

/* What the canonical form of an entry (entry.c) and its row (entry_row.c) share. */

#include "store/entry.h"

/* Bits of the optional parts, which follow in this order. */
#define GJ_ENTRY_PARTS_ALL ((1u << 10) - 1)
uint32_t gj_entry_parts(const struct gj_entry *entry);
/* Sets the has_… of an entry; further bits are not looked at. */
void gj_entry_set_parts(struct gj_entry *entry, uint32_t parts);

/* A row has up to 70 bytes of varints and the optional parts. */
#define GJ_ENTRY_ROW_MAX GJ_ENTRY_MAX

/* Writes the row without its text, and coins the words it needs. 0: failed, sticky in txn. */
size_t gj_entry_row_encode(struct gj_txn *txn, const struct gj_entry *entry, uint8_t out[GJ_ENTRY_ROW_MAX]);
/* GJ_ECORRUPT: not the row of an entry. *size: bytes in front of the text. */
enum gj_err gj_entry_row_decode(
    const struct gj_txn *txn, uint64_t index, const struct gj_value *row, struct gj_entry *out, size_t *size);

#endif
