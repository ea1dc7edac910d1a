#include "common/pb.h"

#include <string.h>

#include "common/limits.h"
#include "common/pb_out.h"
#include "common/secret.h"
#include "common/text.h"

/* Of a tag or a length: 32 bits. Longer forms of small numbers are refused by protobuf-c as well. */
#define LENGTH_BYTES_MAX 5

/* Wire types of the protobuf encoding. */
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_LENGTH = 2, WIRE_32 = 5 };

const struct gj_pb_limits gj_pb_default_limits = {
    .depth = GJ_PB_DEPTH_MAX,
    .fields = GJ_PB_FIELDS_MAX,
    .packed = GJ_PB_PACKED_MAX,
    .unknown = GJ_PB_UNKNOWN_MAX,
};

struct scan {
    const struct gj_pb_limits *limits;
    uint32_t fields;
    uint32_t packed;
    uint32_t unknown;
};

static enum gj_err scan_message(
    struct scan *scan, const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len, uint32_t depth);

/* A varint read by hand, not through a cursor: this loop sees every byte of every request.
 * Gives the bytes it took; 0 when it does not end within `len` or passes 64 bits. */
static size_t read_varint(const uint8_t *at, size_t len, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len && i < 10; i++) {
        value |= (uint64_t)(at[i] & 0x7f) << (7 * i);
        if ((at[i] & 0x80) == 0) {
            *out = value;
            return i == 9 && at[i] > 1 ? 0 : i + 1;
        }
    }
    return 0;
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
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_LENGTH;
    default:
        return WIRE_VARINT;
    }
}

/* Numbers of one packed array: whole, and few enough. */
static enum gj_err scan_packed(struct scan *scan, ProtobufCType type, const uint8_t *bytes, size_t len)
{
    size_t count = 0;
    unsigned wire = wire_of(type);
    if (wire == WIRE_VARINT) {
        for (size_t at = 0; at < len; count++) {
            uint64_t value;
            size_t used = read_varint(bytes + at, len - at, &value);
            if (used == 0) {
                return GJ_EINVAL;
            }
            at += used;
        }
    } else {
        size_t size = wire == WIRE_32 ? 4 : 8;
        if (len % size != 0) {
            return GJ_EINVAL;
        }
        count = len / size;
    }
    if (count > scan->limits->packed - scan->packed) {
        return GJ_ETOOBIG;
    }
    scan->packed += (uint32_t)count;
    return GJ_OK;
}

/* A length-delimited value of a field we know. */
static enum gj_err scan_length(
    struct scan *scan, const ProtobufCFieldDescriptor *field, const uint8_t *bytes, size_t len, uint32_t depth)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        if (depth == scan->limits->depth) {
            return GJ_ETOOBIG;
        }
        return scan_message(scan, field->descriptor, bytes, len, depth + 1);
    case PROTOBUF_C_TYPE_STRING:
        return gj_text_valid(bytes, len) ? GJ_OK : GJ_EINVAL;
    case PROTOBUF_C_TYPE_BYTES:
        return GJ_OK;
    default:
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            return GJ_EINVAL;
        }
        return scan_packed(scan, field->type, bytes, len);
    }
}

/* The value's extent by its wire type: *head bytes of varint or length, then *body bytes. */
static enum gj_err measure(unsigned wire, const uint8_t *at, size_t left, size_t *head, size_t *body)
{
    uint64_t value = 0;
    *head = 0;
    *body = 0;
    switch (wire) {
    case WIRE_VARINT:
        *head = read_varint(at, left, &value);
        return *head == 0 ? GJ_EINVAL : GJ_OK;
    case WIRE_LENGTH:
        *head = read_varint(at, left, &value);
        if (*head == 0 || *head > LENGTH_BYTES_MAX || value > left - *head) {
            return GJ_EINVAL;
        }
        *body = (size_t)value;
        return GJ_OK;
    case WIRE_32:
    case WIRE_64:
        *body = wire == WIRE_32 ? 4 : 8;
        return left < *body ? GJ_EINVAL : GJ_OK;
    default:
        return GJ_EINVAL; /* groups are not used, other types do not exist */
    }
}

static enum gj_err scan_message(
    struct scan *scan, const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len, uint32_t depth)
{
    const uint8_t *at = bytes;
    const uint8_t *end = bytes + len;
    while (at < end) {
        uint64_t tag;
        size_t used = read_varint(at, (size_t)(end - at), &tag);
        if (used == 0 || used > LENGTH_BYTES_MAX || tag >> 3 == 0 || tag >> 3 > 0x1fffffff) {
            return GJ_EINVAL;
        }
        at += used;
        if (scan->fields == scan->limits->fields) {
            return GJ_ETOOBIG;
        }
        scan->fields++;

        size_t head;
        size_t body;
        unsigned wire = (unsigned)(tag & 7);
        enum gj_err err = measure(wire, at, (size_t)(end - at), &head, &body);
        if (err != GJ_OK) {
            return err;
        }
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3));
        if (field == NULL) {
            if (scan->unknown == scan->limits->unknown) {
                return GJ_ETOOBIG;
            }
            scan->unknown++;
        } else if (wire == WIRE_LENGTH) {
            err = scan_length(scan, field, at + head, body, depth);
        } else if (wire != wire_of(field->type)) {
            err = GJ_EINVAL;
        }
        if (err != GJ_OK) {
            return err;
        }
        at += head + body;
    }
    return GJ_OK;
}

enum gj_err gj_pb_scan(
    const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t len, const struct gj_pb_limits *limits)
{
    struct scan scan = {.limits = limits == NULL ? &gj_pb_default_limits : limits};
    return len == 0 ? GJ_OK : scan_message(&scan, type, bytes, len, 0);
}

/* Unpacks; what the arena refused is told apart from what the parser refused. */
static enum gj_err unpack(const ProtobufCMessageDescriptor *type, struct gj_arena *arena, const uint8_t *bytes,
    size_t len, enum gj_err malformed, ProtobufCMessage **out)
{
    static const uint8_t nothing[1];
    ProtobufCAllocator allocator = gj_arena_pb(arena);
    arena->why = GJ_OK;
    ProtobufCMessage *msg = protobuf_c_message_unpack(type, &allocator, len, len == 0 ? nothing : bytes);
    if (msg == NULL) {
        return gj_arena_why(arena) == GJ_OK ? malformed : gj_arena_why(arena);
    }
    *out = msg;
    return GJ_OK;
}

enum gj_err gj_pb_unpack(const ProtobufCMessageDescriptor *type, struct gj_arena *arena, const uint8_t *bytes,
    size_t len, ProtobufCMessage **out)
{
    enum gj_err err = gj_pb_scan(type, bytes, len, NULL);
    return err == GJ_OK ? unpack(type, arena, bytes, len, GJ_EINVAL, out) : err;
}

enum gj_err gj_pb_unpack_own(const ProtobufCMessageDescriptor *type, struct gj_arena *arena, const uint8_t *bytes,
    size_t len, ProtobufCMessage **out)
{
    return unpack(type, arena, bytes, len, GJ_ECORRUPT, out);
}

enum gj_err gj_pb_pack(const ProtobufCMessage *msg, struct gj_buf *out)
{
    uint8_t *room = NULL;
    size_t len = protobuf_c_message_get_packed_size(msg);
    enum gj_err err = gj_buf_reserve(out, len, &room);
    if (err != GJ_OK || len == 0) {
        return err;
    }
    protobuf_c_message_pack(msg, room);
    gj_buf_commit(out, len);
    return GJ_OK;
}

/* Most messages fit here, and are then encoded without having been measured. */
#define SMALL_BYTES 1024

enum gj_err gj_pb_pack_arena(const ProtobufCMessage *msg, struct gj_arena *arena, uint8_t **bytes, size_t *len)
{
    uint8_t small[SMALL_BYTES];
    struct gj_pb_out out;
    gj_pb_out_init(&out, small, sizeof small);
    gj_pb_out_message(&out, msg);
    size_t size = out.full ? protobuf_c_message_get_packed_size(msg) : gj_pb_out_len(&out);
    uint8_t *room = gj_arena_alloc(arena, size);
    if (room != NULL && out.full) {
        protobuf_c_message_pack(msg, room);
    } else if (room != NULL && size > 0) {
        memcpy(room, out.at, size);
    }
    /* What is packed is often about to be sealed. */
    gj_secret_wipe(out.full ? small : out.at, out.full ? sizeof small : size);
    if (room == NULL) {
        return gj_arena_why(arena);
    }
    *bytes = room;
    *len = size;
    return GJ_OK;
}
