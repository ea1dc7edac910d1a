#include "service/keep.h"

#include <assert.h>
#include <string.h>

static void *at(const ProtobufCMessage *message, size_t offset)
{
    return (char *)(uintptr_t)message + offset;
}

static size_t size_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default: /* the messages of this product have numbers, enumerations and truth values besides */
        return sizeof(uint32_t);
    }
}

static bool absent(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    static const uint8_t zero[sizeof(uint64_t)];
    const void *value = at(message, field->offset);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return *(const size_t *)at(message, field->quantifier_offset) == 0;
    }
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)value;
        return text == NULL || text[0] == '\0';
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(ProtobufCMessage *const *)value == NULL;
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)value)->len == 0;
    default:
        return memcmp(value, zero, size_of(field)) == 0;
    }
}

static void copy(ProtobufCMessage *to, const ProtobufCMessage *from, const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        memcpy(at(to, field->quantifier_offset), at(from, field->quantifier_offset), sizeof(size_t));
        memcpy(at(to, field->offset), at(from, field->offset), sizeof(void *));
    } else {
        memcpy(at(to, field->offset), at(from, field->offset), size_of(field));
    }
}

static bool named(char *const *clear, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(clear[i], name) == 0) {
            return true;
        }
    }
    return false;
}

bool gj_keep_absent(
    struct gj_ctx *ctx, ProtobufCMessage *wanted, const ProtobufCMessage *old, char *const *clear, size_t clear_count)
{
    const ProtobufCMessageDescriptor *type = wanted->descriptor;
    assert(old == NULL || old->descriptor == type);
    for (size_t i = 0; i < clear_count; i++) {
        if (protobuf_c_message_descriptor_get_field_by_name(type, clear[i]) == NULL) {
            return gj_refuse(ctx, GJ__V1__STATUS__INVALID, "field_unknown", "clear", NULL);
        }
    }
    for (unsigned i = 0; old != NULL && i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        assert((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0);
        if (absent(wanted, field) && !named(clear, clear_count, field->name)) {
            copy(wanted, old, field);
        }
    }
    return true;
}
