#ifndef GJ_STORE_PACK_H
#define GJ_STORE_PACK_H

#include <stdbool.h>

#include <protobuf-c/protobuf-c.h>

#include "common/arena.h"
#include "common/buf.h"
#include "store/txn.h"

/* The lean form of the rows of which there are most: records, and notices of the inbox. The message is the same as in
 * stored.proto and fields may be added to it as ever; the bytes differ from protobuf's in what they leave out:
 *
 *     row      u8 version 1, message
 *     message  for each field that is set, in ascending order of numbers: varint distance from the number before,
 *              value; at the end varint 0
 *     value    bool: nothing (it is set), in a choice of one: u8; unsigned, enum: varint
 *              signed: varint; its lowest two bits say what the rest is: 0 the number, zigzag; 1 zigzag distance from
 *              the last time of the row, for numbers that look like a time in ms; 2 nothing, and 8 bytes follow
 *              text: varint n; n > 0: word n - 1 (store/words.h); 0: varint length, bytes
 *              bytes: varint length, bytes; message: as above
 *              repeated: varint count, values (a bool among them is u8) */

/* Whether rows of this message have the lean form. */
bool gj_pack_is_lean(const ProtobufCMessageDescriptor *type);

/* Appends the row to out and coins the words it needs. Errors stick in txn. */
bool gj_pack(struct gj_txn *txn, const ProtobufCMessage *message, struct gj_buf *out);

/* GJ_ECORRUPT: not such a row. Words are borrowed from the store, everything else is in the arena. */
enum gj_err gj_unpack(const struct gj_txn *txn, const ProtobufCMessageDescriptor *type, struct gj_arena *arena,
    const uint8_t *bytes, size_t len, ProtobufCMessage **out);

#endif
