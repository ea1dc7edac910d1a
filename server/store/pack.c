#include "store/pack.h"

#include <assert.h>
#include <string.h>

#include "common/cursor.h"
#include "store/internal.h"
#include "store/pack_internal.h"
#include "store/stored.pb-c.h"

struct packing {
    struct gj_txn *txn;
    struct gj_writer wr;
    int64_t last_time;
};

bool gj_pack_is_lean(const ProtobufCMessageDescriptor *type)
{
    return type == &gj__stored__record__descriptor || type == &gj__stored__notice__descriptor;
}

/* Texts that are vocabulary. What else is a word already (the code of a choice) is found, but not coined here. */
static bool coins(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
    static const struct {
        const ProtobufCMessageDescriptor *type;
        const char *field;
    } vocabulary[] = {
        {&gj__stored__record__descriptor, "state"},
        {&gj__stored__record__descriptor, "category"},
        {&gj__stored__record__descriptor, "pending_act"},
        {&gj__stored__record__descriptor, "profile"},
        {&gj__stored__record__descriptor, "city"},
        {&gj__v1__field__descriptor, "key"},
        {&gj__v1__cell__descriptor, "key"},
        {&gj__v1__timer__descriptor, "name"},
        {&gj__v1__timer__descriptor, "level"},
        {&gj__v1__related__descriptor, "relation"},
        {&gj__v1__link__descriptor, "kind"},
        {&gj__v1__link__descriptor, "link"},
        {&gj__stored__notice__descriptor, "code"},
        {&gj__stored__notice__descriptor, "timer"},
        {&gj__stored__notice__descriptor, "role"},
    };
    for (size_t i = 0; i < sizeof vocabulary / sizeof vocabulary[0]; i++) {
        if (vocabulary[i].type == type && strcmp(vocabulary[i].field, field->name) == 0) {
            return true;
        }
    }
    return false;
}

static uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static void put_signed(struct packing *packing, int64_t value)
{
    if (value >= GJ_PACK_TIME_MIN && value < GJ_PACK_TIME_MAX) {
        gj_writer_varint(&packing->wr, zigzag(value - packing->last_time) << 2 | GJ_PACK_TIME);
        packing->last_time = value;
    } else if (value > -GJ_PACK_TIME_MAX && value < GJ_PACK_TIME_MAX) {
        gj_writer_varint(&packing->wr, zigzag(value) << 2 | GJ_PACK_NUMBER);
    } else {
        gj_writer_varint(&packing->wr, GJ_PACK_RAW);
        gj_writer_i64(&packing->wr, value);
    }
}

static void put_text(struct packing *packing, const ProtobufCMessageDescriptor *type,
    const ProtobufCFieldDescriptor *field, const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);
    uint32_t number = 0;
    if (gj_words_number(packing->txn, text, len, false, &number) ||
        (coins(type, field) && gj_words_number(packing->txn, text, len, true, &number))) {
        gj_writer_varint(&packing->wr, (uint64_t)number + 1);
    } else {
        gj_writer_varint(&packing->wr, 0);
        gj_writer_blob(&packing->wr, text, len);
    }
}

static void put_message(struct packing *packing, const ProtobufCMessage *message, unsigned depth);

static void put_value(struct packing *packing, const ProtobufCMessageDescriptor *type,
    const ProtobufCFieldDescriptor *field, const void *member, unsigned depth)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        gj_writer_u8(&packing->wr, *(const protobuf_c_boolean *)member != 0);
        return;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM:
        gj_writer_varint(&packing->wr, *(const uint32_t *)member);
        return;
    case PROTOBUF_C_TYPE_UINT64:
        gj_writer_varint(&packing->wr, *(const uint64_t *)member);
        return;
    case PROTOBUF_C_TYPE_INT64:
        put_signed(packing, *(const int64_t *)member);
        return;
    case PROTOBUF_C_TYPE_STRING:
        put_text(packing, type, field, *(char *const *)member);
        return;
    case PROTOBUF_C_TYPE_BYTES: {
        const ProtobufCBinaryData *bytes = member;
        gj_writer_blob(&packing->wr, bytes->data, bytes->len);
        return;
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        put_message(packing, *(ProtobufCMessage *const *)member, depth + 1);
        return;
    default:
        gj_txn_fail(packing->txn, GJ_EINVAL); /* a type that no lean row has: seen by the first test of the message */
    }
}

/* Whether a single field that is no member of a choice differs from its default. */
static bool is_set(const ProtobufCFieldDescriptor *field, const void *member)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)member != 0;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM:
        return *(const uint32_t *)member != 0;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        return *(const uint64_t *)member != 0;
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)member;
        return text != NULL && text[0] != '\0';
    }
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)member)->len > 0;
    default:
        return *(ProtobufCMessage *const *)member != NULL;
    }
}

static void put_list(struct packing *packing, const ProtobufCMessageDescriptor *type,
    const ProtobufCFieldDescriptor *field, const uint8_t *list, size_t count, unsigned depth)
{
    size_t size = gj_pack_size(field->type);
    gj_writer_varint(&packing->wr, count);
    for (size_t i = 0; i < count; i++) {
        put_value(packing, type, field, list + i * size, depth);
    }
}

static void put_message(struct packing *packing, const ProtobufCMessage *message, unsigned depth)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    uint32_t before = 0;
    assert(depth < GJ_PACK_DEPTH_MAX);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const uint8_t *member = (const uint8_t *)message + field->offset;
        const void *quantifier = (const uint8_t *)message + field->quantifier_offset;
        bool choice = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        size_t count = field->label == PROTOBUF_C_LABEL_REPEATED ? *(const size_t *)quantifier : 0;
        bool set = field->label == PROTOBUF_C_LABEL_REPEATED ? count > 0
                   : choice                                  ? *(const uint32_t *)quantifier == field->id
                                                             : is_set(field, member);
        if (!set) {
            continue;
        }
        gj_writer_varint(&packing->wr, field->id - before);
        before = field->id;
        if (count > 0) {
            put_list(packing, type, field, *(uint8_t *const *)member, count, depth);
        } else if (choice || field->type != PROTOBUF_C_TYPE_BOOL) {
            put_value(packing, type, field, member, depth);
        }
    }
    gj_writer_varint(&packing->wr, 0);
}

bool gj_pack(struct gj_txn *txn, const ProtobufCMessage *message, struct gj_buf *out)
{
    struct packing packing = {.txn = txn};
    if (txn->err != GJ_OK) {
        return false;
    }
    gj_writer_init(&packing.wr, out);
    gj_writer_u8(&packing.wr, GJ_PACK_VERSION);
    put_message(&packing, message, 0);
    enum gj_err err = gj_writer_done(&packing.wr);
    if (err != GJ_OK) {
        gj_txn_fail(txn, err);
    }
    return txn->err == GJ_OK;
}
