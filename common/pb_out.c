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
        out->at = out->end; /* room again for what is still written in vain */
    }
    if (out->full) {
        return false;
    }
    out->at -= len;
    return true;
}

static size_t varint_size(uint64_t value)
{
    return value == 0 ? 1 : ((size_t)(63 - __builtin_clzll(value)) / 7) + 1;
}

static void put_varint(struct gj_pb_out *out, uint64_t value)
{
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
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_LENGTH;
    default:
        return WIRE_VARINT;
    }
}

static size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    default:
        return 4;
    }
}

/* A number as its varint, or as the bits of its fixed form. */
static uint64_t number_at(ProtobufCType type, const void *member)
{
    uint32_t half;
    uint64_t whole;
    switch (type) {
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)member != 0;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        return (uint64_t)(int64_t) * (const int32_t *)member;
    case PROTOBUF_C_TYPE_SINT32:
        half = *(const uint32_t *)member;
        return half << 1 ^ (0u - (half >> 31));
    case PROTOBUF_C_TYPE_SINT64:
        whole = *(const uint64_t *)member;
        return whole << 1 ^ (UINT64_C(0) - (whole >> 63));
    default:
        if (size_of(type) == 4) {
            memcpy(&half, member, sizeof half);
            return half;
        }
        memcpy(&whole, member, sizeof whole);
        return whole;
    }
}

static void put_number(struct gj_pb_out *out, ProtobufCType type, const void *member)
{
    unsigned wire = wire_of(type);
    uint64_t value = number_at(type, member);
    if (wire == WIRE_VARINT) {
        put_varint(out, value);
    } else {
        put_fixed(out, value, wire == WIRE_32 ? 4 : 8);
    }
}

/* One value with its tag, whatever it is. */
static void put_value(struct gj_pb_out *out, const ProtobufCFieldDescriptor *field, const void *member)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const uint8_t *mark = out->at;
        gj_pb_out_message(out, *(const ProtobufCMessage *const *)member);
        gj_pb_out_wrap(out, field->id, mark);
    } else if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)member;
        gj_pb_out_bytes(out, field->id, text, text == NULL ? 0 : strlen(text));
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *bytes = member;
        gj_pb_out_bytes(out, field->id, bytes->data, bytes->len);
    } else {
        put_number(out, field->type, member);
        put_tag(out, field->id, wire_of(field->type));
    }
}

static void put_repeated(struct gj_pb_out *out, const ProtobufCFieldDescriptor *field, size_t count, const void *member)
{
    size_t size = size_of(field->type);
    const uint8_t *items = *(const uint8_t *const *)member;
    if (count == 0) {
        return;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) == 0) {
        while (count-- > 0) {
            put_value(out, field, items + count * size);
        }
        return;
    }
    const uint8_t *mark = out->at;
    while (count-- > 0) {
        put_number(out, field->type, items + count * size);
    }
    gj_pb_out_wrap(out, field->id, mark);
}

/* proto3 leaves out what has its zero value. */
static bool is_zero(ProtobufCType type, const void *member)
{
    if (type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)member;
        return text == NULL || text[0] == '\0';
    }
    if (type == PROTOBUF_C_TYPE_MESSAGE) {
        return *(const void *const *)member == NULL;
    }
    if (type == PROTOBUF_C_TYPE_BYTES) {
        return ((const ProtobufCBinaryData *)member)->len == 0;
    }
    return number_at(type, member) == 0;
}

/* A member of a oneof is there when the case says so; a text or message of it may still be missing. */
static bool is_chosen(const ProtobufCFieldDescriptor *field, const uint8_t *base, const void *member)
{
    uint32_t chosen;
    memcpy(&chosen, base + field->quantifier_offset, sizeof chosen);
    if (chosen != field->id) {
        return false;
    }
    bool pointer = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;
    const void *at = pointer ? *(const void *const *)member : member;
    return at != NULL && (!pointer || at != field->default_value);
}

static void put_field(struct gj_pb_out *out, const ProtobufCFieldDescriptor *field, const uint8_t *base)
{
    const uint8_t *member = base + field->offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count;
        memcpy(&count, base + field->quantifier_offset, sizeof count);
        put_repeated(out, field, count, member);
    } else if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 ? is_chosen(field, base, member)
                                                                 : !is_zero(field->type, member)) {
        put_value(out, field, member);
    }
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
        put_field(out, field, (const uint8_t *)msg);
    }
}
