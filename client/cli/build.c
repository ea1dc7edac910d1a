#include "client/cli/build.h"

#include <assert.h>
#include <string.h>

ProtobufCMessage *build_new(struct gj_arena *arena, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = gj_arena_calloc(arena, 1, type->sizeof_message);
    if (message != NULL) {
        type->message_init(message);
    }
    return message;
}

void *build_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (char *)(uintptr_t)message + field->offset;
}

static size_t *counter(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return (size_t *)(void *)((char *)(uintptr_t)message + field->quantifier_offset);
}

size_t build_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return *counter(message, field);
}

struct build_place build_place(struct gj_arena *arena, ProtobufCMessage *message, const char *path)
{
    char name[64];
    for (;;) {
        size_t len = strcspn(path, ".");
        assert(len < sizeof name); /* names of fields are short */
        memcpy(name, path, len);
        name[len] = '\0';
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
        assert(field != NULL); /* the command's row names a field that the message has */
        struct build_place place = {message, field};
        if (path[len] == '\0') {
            return place;
        }
        assert(field->type == PROTOBUF_C_TYPE_MESSAGE); /* only messages have fields */
        ProtobufCMessage *inner = build_message(arena, place);
        if (inner == NULL) {
            return (struct build_place){NULL, NULL};
        }
        message = inner;
        path += len + 1;
    }
}

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}

/* Where the next value goes: the field itself, or a new last element. NULL: out of memory. */
static void *slot(struct gj_arena *arena, struct build_place place)
{
    if (place.message == NULL) {
        return NULL;
    }
    void *at = build_at(place.message, place.field);
    if (place.field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t *count = counter(place.message, place.field);
        size_t size = size_of(place.field);
        /* Room doubles at powers of two, so that thousands of elements do not cost a copy each. */
        if ((*count & (*count - 1)) == 0) {
            void *grown = gj_arena_calloc(arena, *count == 0 ? 1 : 2 * *count, size);
            if (grown == NULL) {
                return NULL;
            }
            if (*count > 0) {
                memcpy(grown, *(void **)at, *count * size);
            }
            *(void **)at = grown;
        }
        return (char *)*(void **)at + (*count)++ * size;
    }
    if ((place.field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        *(uint32_t *)(void *)((char *)place.message + place.field->quantifier_offset) = place.field->id;
    }
    return at;
}

bool build_number(struct gj_arena *arena, struct build_place place, int64_t value)
{
    if (place.message == NULL) {
        return false;
    }
    bool is_unsigned = place.field->type == PROTOBUF_C_TYPE_UINT32 || place.field->type == PROTOBUF_C_TYPE_UINT64;
    bool is_short = size_of(place.field) == 4;
    if ((is_unsigned && value < 0) ||
        (is_short && (value < INT32_MIN || value > (is_unsigned ? (int64_t)UINT32_MAX : INT32_MAX)))) {
        return false;
    }
    void *at = slot(arena, place);
    if (at == NULL) {
        return false;
    }
    if (is_short) {
        *(uint32_t *)at = (uint32_t)value;
    } else {
        *(uint64_t *)at = (uint64_t)value;
    }
    return true;
}

bool build_u64(struct gj_arena *arena, struct build_place place, uint64_t value)
{
    if (place.message == NULL || place.field->type != PROTOBUF_C_TYPE_UINT64) {
        return value <= INT64_MAX && build_number(arena, place, (int64_t)value);
    }
    uint64_t *at = slot(arena, place);
    if (at != NULL) {
        *at = value;
    }
    return at != NULL;
}

bool build_text(struct gj_arena *arena, struct build_place place, const char *value)
{
    char *copy = gj_arena_strdup(arena, value);
    assert(place.message == NULL || place.field->type == PROTOBUF_C_TYPE_STRING); /* the row's type fits */
    char **at = copy == NULL ? NULL : slot(arena, place);
    if (at != NULL) {
        *at = copy;
    }
    return at != NULL;
}

bool build_bytes(struct gj_arena *arena, struct build_place place, const void *bytes, size_t len)
{
    uint8_t *copy = gj_arena_dup(arena, bytes, len);
    assert(place.message == NULL || place.field->type == PROTOBUF_C_TYPE_BYTES); /* the row's type fits */
    ProtobufCBinaryData *at = copy == NULL ? NULL : slot(arena, place);
    if (at != NULL) {
        at->data = copy;
        at->len = len;
    }
    return at != NULL;
}

ProtobufCMessage *build_message(struct gj_arena *arena, struct build_place place)
{
    if (place.message == NULL) {
        return NULL;
    }
    if (place.field->label != PROTOBUF_C_LABEL_REPEATED) {
        ProtobufCMessage *there = *(ProtobufCMessage **)build_at(place.message, place.field);
        if (there != NULL) {
            return there;
        }
    }
    ProtobufCMessage *made = build_new(arena, place.field->descriptor);
    ProtobufCMessage **at = made == NULL ? NULL : slot(arena, place);
    if (at != NULL) {
        *at = made;
    }
    return at == NULL ? NULL : made;
}
