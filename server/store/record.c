#include "store/record.h"

#include <string.h>

#include "common/pb.h"
#include "store/internal.h"
#include "store/pack.h"

bool gj_record_unpack(struct gj_txn *txn, const struct gj_value *value, const ProtobufCMessageDescriptor *descriptor,
    struct gj_arena *arena, void **out)
{
    *out = NULL;
    if (txn->err != GJ_OK) {
        return false;
    }
    ProtobufCMessage *message = NULL;
    enum gj_err err = gj_pack_is_lean(descriptor)
                          ? gj_unpack(txn, descriptor, arena, value->data, value->len, &message)
                          : gj_pb_unpack_own(descriptor, arena, value->data, value->len, &message);
    if (err != GJ_OK) {
        gj_txn_fail(txn, err);
        return false;
    }
    *out = message;
    return true;
}

bool gj_record_load(struct gj_txn *txn, enum gj_table table, const struct gj_key *key,
    const ProtobufCMessageDescriptor *descriptor, struct gj_arena *arena, void **out)
{
    struct gj_value value;
    *out = NULL;
    return gj_txn_get(txn, table, key, &value) && gj_record_unpack(txn, &value, descriptor, arena, out);
}

static void save(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, const ProtobufCMessage *message,
    void *(*reserve)(struct gj_txn *, enum gj_table, const struct gj_key *, size_t))
{
    struct gj_buf *packed = &txn->store->packed;
    if (!gj_pack_is_lean(message->descriptor)) {
        uint8_t *at = reserve(txn, table, key, protobuf_c_message_get_packed_size(message));
        if (at != NULL) {
            protobuf_c_message_pack(message, at);
        }
        return;
    }
    gj_buf_truncate(packed, 0);
    if (gj_pack(txn, message, packed)) {
        uint8_t *at = reserve(txn, table, key, packed->len);
        if (at != NULL) {
            memcpy(at, gj_buf_bytes(packed), packed->len);
        }
    }
}

void gj_record_save(struct gj_txn *txn, enum gj_table table, const struct gj_key *key, const ProtobufCMessage *message)
{
    save(txn, table, key, message, gj_txn_reserve);
}

void gj_record_append(
    struct gj_txn *txn, enum gj_table table, const struct gj_key *key, const ProtobufCMessage *message)
{
    save(txn, table, key, message, gj_txn_reserve_append);
}

static struct gj_key counter_key(enum gj_counter counter)
{
    struct gj_key key = gj_key_of_name("counter");
    gj_key_u16(&key, (uint16_t)counter);
    return key;
}

uint64_t gj_counter_last(struct gj_txn *txn, enum gj_counter counter)
{
    struct gj_key key = counter_key(counter);
    return gj_txn_get_u64(txn, GJ_TABLE_HOT, &key);
}

uint64_t gj_counter_take(struct gj_txn *txn, enum gj_counter counter, uint64_t count)
{
    struct gj_key key = counter_key(counter);
    uint64_t last = gj_txn_get_u64(txn, GJ_TABLE_HOT, &key);
    gj_txn_put_u64(txn, GJ_TABLE_HOT, &key, last + count);
    return txn->err == GJ_OK ? last + 1 : 0;
}

uint64_t gj_counter_next(struct gj_txn *txn, enum gj_counter counter)
{
    return gj_counter_take(txn, counter, 1);
}

static struct gj_key series_key(uint32_t office, uint16_t kind, uint16_t year)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u16(&key, year); /* first, so that a year's numbers share pages and old years are left alone */
    gj_key_u32(&key, office);
    gj_key_u16(&key, kind);
    return key;
}

uint64_t gj_series_last(struct gj_txn *txn, uint32_t office, uint16_t kind, uint16_t year)
{
    struct gj_key key = series_key(office, kind, year);
    return gj_txn_get_u64(txn, GJ_TABLE_SERIES, &key);
}

uint64_t gj_series_next(struct gj_txn *txn, uint32_t office, uint16_t kind, uint16_t year)
{
    struct gj_key key = series_key(office, kind, year);
    uint64_t next = gj_txn_get_u64(txn, GJ_TABLE_SERIES, &key) + 1;
    gj_txn_put_u64(txn, GJ_TABLE_SERIES, &key, next);
    return txn->err == GJ_OK ? next : 0;
}
