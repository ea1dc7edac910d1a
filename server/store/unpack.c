/* The way back from the lean form. The bytes are our own, but a damaged file must not become a wild pointer. */
#include "store/pack.h"

#include <string.h>

#include "common/cursor.h"
#include "store/internal.h"
#include "store/pack_internal.h"

struct unpacking {
    const struct gj_txn *txn;
    struct gj_arena *arena;
    struct gj_cursor cur;
    int64_t last_time;
};

static int64_t get_signed(struct unpacking *unpacking)
{
    uint64_t coded = gj_cursor_varint(&unpacking->cur);
    uint64_t rest = coded >> 2;
    uint64_t value = (rest >> 1) ^ ((rest & 1) != 0 ? UINT64_MAX : 0);
    switch (coded & 3) {
    case GJ_PACK_NUMBER:
        return (int64_t)value;
    case GJ_PACK_TIME:
        unpacking->last_time = (int64_t)(value + (uint64_t)unpacking->last_time);
        return unpacking->last_time;
    case GJ_PACK_RAW:
        return gj_cursor_i64(&unpacking->cur);
    default:
        gj_cursor_fail(&unpacking->cur);
        return 0;
    }
}

static char *get_text(struct unpacking *unpacking)
{
    uint64_t word = gj_cursor_varint(&unpacking->cur);
    size_t len = 0;
    const char *text = NULL;
    if (word > 0) {
        text = word > GJ_WORDS_MAX ? NULL : gj_words_text(unpacking->txn, (uint32_t)(word - 1), &len);
    } else {
        const uint8_t *bytes = gj_cursor_blob(&unpacking->cur, GJ_STORE_ROW_MAX, &len);
        text = bytes == NULL ? NULL : gj_arena_strndup(unpacking->arena, (const char *)bytes, len);
    }
    if (text == NULL) {
        gj_cursor_fail(&unpacking->cur);
    }
    return (char *)text;
}

static void get_bytes(struct unpacking *unpacking, ProtobufCBinaryData *out)
{
    size_t len = 0;
    const uint8_t *bytes = gj_cursor_blob(&unpacking->cur, GJ_STORE_ROW_MAX, &len);
    uint8_t *copy = bytes == NULL ? NULL : gj_arena_dup(unpacking->arena, bytes, len);
    if (copy == NULL) {
        gj_cursor_fail(&unpacking->cur);
        return;
    }
    out->data = copy;
    out->len = len;
}

static ProtobufCMessage *get_message(
    struct unpacking *unpacking, const ProtobufCMessageDescriptor *type, unsigned depth);

static void get_value(struct unpacking *unpacking, const ProtobufCFieldDescriptor *field, void *member, unsigned depth)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)member = gj_cursor_u8(&unpacking->cur) != 0;
        return;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_ENUM:
        *(uint32_t *)member = (uint32_t)gj_cursor_varint(&unpacking->cur);
        return;
    case PROTOBUF_C_TYPE_UINT64:
        *(uint64_t *)member = gj_cursor_varint(&unpacking->cur);
        return;
    case PROTOBUF_C_TYPE_INT64:
        *(int64_t *)member = get_signed(unpacking);
        return;
    case PROTOBUF_C_TYPE_STRING:
        *(char **)member = get_text(unpacking);
        return;
    case PROTOBUF_C_TYPE_BYTES:
        get_bytes(unpacking, member);
        return;
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)member = get_message(unpacking, field->descriptor, depth + 1);
        return;
    default:
        gj_cursor_fail(&unpacking->cur);
    }
}

/* Every value takes a byte at least, so the count is bounded by what is left. */
static void get_list(
    struct unpacking *unpacking, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message, unsigned depth)
{
    uint64_t count = gj_cursor_varint(&unpacking->cur);
    size_t size = gj_pack_size(field->type);
    uint8_t *list = count == 0 || count > gj_cursor_left(&unpacking->cur)
                        ? NULL
                        : gj_arena_calloc(unpacking->arena, (size_t)count, size);
    if (list == NULL) {
        gj_cursor_fail(&unpacking->cur);
        return;
    }
    for (size_t i = 0; i < count && gj_cursor_ok(&unpacking->cur) == GJ_OK; i++) {
        get_value(unpacking, field, list + i * size, depth);
    }
    *(void **)((uint8_t *)message + field->offset) = list;
    *(size_t *)((uint8_t *)message + field->quantifier_offset) = (size_t)count;
}

static void get_field(
    struct unpacking *unpacking, const ProtobufCFieldDescriptor *field, ProtobufCMessage *message, unsigned depth)
{
    void *member = (uint8_t *)message + field->offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        get_list(unpacking, field, message, depth);
        return;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        *(uint32_t *)(void *)((uint8_t *)message + field->quantifier_offset) = field->id;
    } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
        *(protobuf_c_boolean *)member = true;
        return;
    }
    get_value(unpacking, field, member, depth);
}

static ProtobufCMessage *get_message(
    struct unpacking *unpacking, const ProtobufCMessageDescriptor *type, unsigned depth)
{
    ProtobufCMessage *message =
        depth >= GJ_PACK_DEPTH_MAX ? NULL : gj_arena_calloc(unpacking->arena, 1, type->sizeof_message);
    if (message == NULL) {
        gj_cursor_fail(&unpacking->cur);
        return NULL;
    }
    type->message_init(message);
    uint64_t id = 0;
    unsigned at = 0;
    for (uint64_t step; (step = gj_cursor_varint(&unpacking->cur)) != 0;) {
        id += step;
        while (at < type->n_fields && type->fields[at].id < id) {
            at++;
        }
        if (at == type->n_fields || type->fields[at].id != id) {
            gj_cursor_fail(&unpacking->cur);
            break;
        }
        get_field(unpacking, &type->fields[at++], message, depth);
    }
    return message;
}

enum gj_err gj_unpack(const struct gj_txn *txn, const ProtobufCMessageDescriptor *type, struct gj_arena *arena,
    const uint8_t *bytes, size_t len, ProtobufCMessage **out)
{
    struct unpacking unpacking = {.txn = txn, .arena = arena};
    arena->why = GJ_OK;
    gj_cursor_init(&unpacking.cur, bytes, len);
    if (gj_cursor_u8(&unpacking.cur) != GJ_PACK_VERSION) {
        return GJ_ECORRUPT;
    }
    ProtobufCMessage *message = get_message(&unpacking, type, 0);
    if (gj_cursor_done(&unpacking.cur) != GJ_OK) {
        return arena->why != GJ_OK ? arena->why : GJ_ECORRUPT;
    }
    *out = message;
    return GJ_OK;
}
