#include "common/pb_out.h"

#include <assert.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LENGTH = 2, WIRE_32 = 5 };

const ProtobufCMessageDescriptor gj_pb_ready_descriptor = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "ready",
    .sizeof_message = sizeof(struct gj_pb_ready),
};

void gj_pb_out_init(struct gj_pb_out *out, uint8_t *room, size_t size)
{
    *out = (struct gj_pb_out){.begin = room, .at = room + size, .end = room + size};
}

/* ---- pieces ---- */

static bool take(struct gj_pb_out *out, size_t len)
{
    if ((size_t)(out->at - out->begin) < len) {
        out->full = true;
        out->at = out->begin = out->end; /* nothing more is written */
        return false;
    }
    out->at -= len;
    return true;
}

static size_t varint_size(uint64_t value)
{
    return value == 0 ? 1 : ((size_t)(63 - __builtin_clzll(value)) / 7) + 1;
}

static inline void put_varint(struct gj_pb_out *out, uint64_t value)
{
    if (value < 0x80 && out->at > out->begin) {
        *--out->at = (uint8_t)value;
        return;
    }
    if (!take(out, varint_size(value))) {
        return;
    }
    uint8_t *at = out->at;
    for (; value >= 0x80; value >>= 7) {
        *at++ = (uint8_t)(value | 0x80);
    }
    *at = (uint8_t)value;
}

static void put_raw(struct gj_pb_out *out, const void *bytes, size_t len)
{
    if (len > 0 && take(out, len)) {
        memcpy(out->at, bytes, len);
    }
}

static void put_fixed(struct gj_pb_out *out, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
    put_raw(out, bytes, size);
}

static void put_tag(struct gj_pb_out *out, uint32_t field, unsigned wire)
{
    put_varint(out, (uint64_t)field << 3 | wire);
}

void gj_pb_out_wrap(struct gj_pb_out *out, uint32_t field, const uint8_t *mark)
{
    put_varint(out, out->full ? 0 : (uint64_t)(mark - out->at));
    put_tag(out, field, WIRE_LENGTH);
}

void gj_pb_out_number(struct gj_pb_out *out, uint32_t field, uint64_t value)
{
    if (value != 0) {
        put_varint(out, value);
        put_tag(out, field, WIRE_VARINT);
    }
}

void gj_pb_out_bytes(struct gj_pb_out *out, uint32_t field, const void *bytes, size_t len)
{
    put_raw(out, bytes, len);
    put_varint(out, len);
    put_tag(out, field, WIRE_LENGTH);
}

void gj_pb_out_text(struct gj_pb_out *out, uint32_t field, const char *text)
{
    if (text[0] != '\0') {
        gj_pb_out_bytes(out, field, text, strlen(text));
    }
}

/* ---- fields of a message ---- */

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

/* Bytes of a member that is a number, and of one in a list. */
static size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_BOOL: /* protobuf_c_boolean is an int */
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_ENUM:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return 4;
    default:
        return 8;
    }
}

static_assert(sizeof(protobuf_c_boolean) == 4 && sizeof(void *) == 8 && sizeof(size_t) == 8, "sizes of members");

/* What is written of a number. */
static uint64_t number_at(ProtobufCType type, const uint8_t *member)
{
    int32_t half;
    int64_t whole;
    switch (type) {
    case PROTOBUF_C_TYPE_BOOL:
        memcpy(&half, member, sizeof half);
        return half != 0;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        memcpy(&half, member, sizeof half);
        return (uint64_t)(int64_t)half;
    case PROTOBUF_C_TYPE_SINT32:
        memcpy(&half, member, sizeof half);
        return zigzag(half) & UINT32_MAX;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        memcpy(&half, member, sizeof half);
        return (uint32_t)half;
    default:
        memcpy(&whole, member, sizeof whole);
        return type == PROTOBUF_C_TYPE_SINT64 ? zigzag(whole) : (uint64_t)whole;
    }
}

static unsigned wire_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_64;
    default:
        return WIRE_VARINT;
    }
}

static void put_number(struct gj_pb_out *out, ProtobufCType type, uint64_t value)
{
    unsigned wire = wire_of(type);
    if (wire == WIRE_VARINT) {
        put_varint(out, value);
    } else {
        put_fixed(out, value, wire == WIRE_32 ? 4 : 8);
    }
}

/* How a member is left out: proto3 does not write what has its zero value, but for members of lists, and of a oneof
 * that says so. */
enum when { UNLESS_ZERO, ALWAYS };

static void put_value(
    struct gj_pb_out *out, const ProtobufCFieldDescriptor *field, const uint8_t *member, enum when when)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text;
        memcpy(&text, member, sizeof text);
        if (text != NULL && (text[0] != '\0' || when == ALWAYS)) {
            gj_pb_out_bytes(out, field->id, text, strlen(text));
        }
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *msg;
        memcpy(&msg, member, sizeof msg);
        if (msg != NULL) {
            const uint8_t *mark = out->at;
            gj_pb_out_message(out, msg);
            gj_pb_out_wrap(out, field->id, mark);
        }
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData bytes;
        memcpy(&bytes, member, sizeof bytes);
        if (bytes.len != 0 || when == ALWAYS) {
            gj_pb_out_bytes(out, field->id, bytes.data, bytes.len);
        }
    } else {
        uint64_t value = number_at(field->type, member);
        if (value != 0 || when == ALWAYS) {
            put_number(out, field->type, value);
            put_tag(out, field->id, wire_of(field->type));
        }
    }
}

static void put_repeated(
    struct gj_pb_out *out, const ProtobufCFieldDescriptor *field, size_t count, const uint8_t *items)
{
    size_t size = size_of(field->type);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) == 0) {
        while (count-- > 0) {
            put_value(out, field, items + count * size, ALWAYS);
        }
        return;
    }
    const uint8_t *mark = out->at;
    while (count-- > 0) {
        put_number(out, field->type, number_at(field->type, items + count * size));
    }
    gj_pb_out_wrap(out, field->id, mark);
}

/* A member of a oneof is there when the case says so; as in protobuf-c, not a text that still is the default. */
static void put_chosen(
    struct gj_pb_out *out, const ProtobufCFieldDescriptor *field, uint32_t chosen, const uint8_t *member)
{
    const char *text = NULL;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        memcpy(&text, member, sizeof text);
    }
    if (chosen == field->id && (text == NULL || text != field->default_value)) {
        put_value(out, field, member, ALWAYS);
    }
}

static void put_field(struct gj_pb_out *out, const ProtobufCFieldDescriptor *field, const uint8_t *base)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count;
        const uint8_t *items;
        memcpy(&count, base + field->quantifier_offset, sizeof count);
        memcpy(&items, base + field->offset, sizeof items);
        if (count > 0) {
            put_repeated(out, field, count, items);
        }
    } else if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        uint32_t chosen;
        memcpy(&chosen, base + field->quantifier_offset, sizeof chosen);
        put_chosen(out, field, chosen, base + field->offset);
    } else {
        put_value(out, field, base + field->offset, UNLESS_ZERO);
    }
}

/* Most fields of most messages are not set: that is seen here in a few steps. A pointer that is NULL, bytes whose
 * length (their first member) is 0 and a number that is 0 look alike. */
static inline bool is_left_out(const ProtobufCFieldDescriptor *field, const uint8_t *base)
{
    static const uint32_t four_bytes = 1u << PROTOBUF_C_TYPE_INT32 | 1u << PROTOBUF_C_TYPE_SINT32 |
                                       1u << PROTOBUF_C_TYPE_SFIXED32 | 1u << PROTOBUF_C_TYPE_UINT32 |
                                       1u << PROTOBUF_C_TYPE_FIXED32 | 1u << PROTOBUF_C_TYPE_FLOAT |
                                       1u << PROTOBUF_C_TYPE_BOOL | 1u << PROTOBUF_C_TYPE_ENUM;
    uint64_t whole;
    uint32_t half;
    if (field->label == PROTOBUF_C_LABEL_REPEATED || (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        return false;
    }
    if ((four_bytes >> field->type & 1) != 0) {
        memcpy(&half, base + field->offset, sizeof half);
        return half == 0;
    }
    memcpy(&whole, base + field->offset, sizeof whole);
    return whole == 0 || (field->type == PROTOBUF_C_TYPE_STRING && *(const char *)(uintptr_t)whole == '\0');
}

void gj_pb_out_message(struct gj_pb_out *out, const ProtobufCMessage *msg)
{
    const ProtobufCMessageDescriptor *type = msg->descriptor;
    if (type == &gj_pb_ready_descriptor) {
        const struct gj_pb_ready *ready = (const struct gj_pb_ready *)msg;
        put_raw(out, ready->bytes, ready->len);
        return;
    }
    for (unsigned i = msg->n_unknown_fields; i-- > 0;) {
        const ProtobufCMessageUnknownField *unknown = &msg->unknown_fields[i];
        put_raw(out, unknown->data, unknown->len);
        put_tag(out, unknown->tag, unknown->wire_type);
    }
    for (unsigned i = type->n_fields; i-- > 0;) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        assert(field->label == PROTOBUF_C_LABEL_NONE || field->label == PROTOBUF_C_LABEL_REPEATED); /* proto3 */
        if (!is_left_out(field, (const uint8_t *)msg)) {
            put_field(out, field, (const uint8_t *)msg);
        }
    }
}
