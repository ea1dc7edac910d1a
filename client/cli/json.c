#include "client/cli/json.h"

#include "client/cli/build.h"
#include "client/cli/value.h"
#include "common/id.h"
#include "proto/record.pb-c.h"

#include <stdlib.h>
#include <string.h>

static bool listed(const char *const *names, const char *name)
{
    while (*names != NULL && strcmp(*names, name) != 0) {
        names++;
    }
    return *names != NULL;
}

bool json_is_time(const ProtobufCFieldDescriptor *field)
{
    static const char *const names[] = {
        "at", "from", "until", "time", "server_time", "valid_until", "wished_from", "wished_until", NULL};
    size_t len = strlen(field->name);
    return field->type == PROTOBUF_C_TYPE_INT64 &&
           (listed(names, field->name) || (len > 3 && strcmp(field->name + len - 3, "_at") == 0));
}

bool json_is_id(const ProtobufCFieldDescriptor *field)
{
    static const char *const names[] = {"event", "events", "size", "after", "rows", "added", "changed", "unchanged",
        "bad", "line", "from", "to", "pages", "records", "open_records", "sessions", "channels", "subscriptions",
        "store_bytes", "store_limit_bytes", "disk_free_bytes", "batches", "batch_commands", "index", "area_cm2",
        "requests_slowed", "pages_actions", "journal_bytes", "checkpoint_age_s", "journal_replayed", NULL};
    return field->type == PROTOBUF_C_TYPE_UINT64 && !listed(names, field->name);
}

static json_t *of_bytes(const ProtobufCBinaryData *bytes)
{
    char *hex = malloc(2 * bytes->len + 1);
    if (hex == NULL) {
        return NULL;
    }
    gj_id_hex(bytes->data, bytes->len, hex);
    json_t *made = json_string(hex);
    free(hex);
    return made;
}

static json_t *of_time(int64_t at_ms)
{
    char text[VALUE_TIME_SIZE];
    if (at_ms <= 0) {
        return json_null();
    }
    value_format_time(at_ms, text);
    return json_string(text);
}

static json_t *of_enum(const ProtobufCFieldDescriptor *field, int number)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(field->descriptor, number);
    return value == NULL ? json_integer(number) : json_string(value->name);
}

static json_t *of_value(const ProtobufCFieldDescriptor *field, const void *at)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
        return json_is_time(field) ? of_time(*(const int64_t *)at) : json_integer(*(const int64_t *)at);
    case PROTOBUF_C_TYPE_UINT64:
        return json_integer((json_int_t) * (const uint64_t *)at);
    case PROTOBUF_C_TYPE_UINT32:
        return json_integer(*(const uint32_t *)at);
    case PROTOBUF_C_TYPE_INT32:
        return json_integer(*(const int32_t *)at);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)at);
    case PROTOBUF_C_TYPE_ENUM:
        return of_enum(field, *(const int *)at);
    case PROTOBUF_C_TYPE_STRING:
        return *(char *const *)at == NULL ? json_string("") : json_string(*(char *const *)at);
    case PROTOBUF_C_TYPE_BYTES:
        return of_bytes(at);
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(ProtobufCMessage *const *)at == NULL ? json_null() : json_of_message(*(ProtobufCMessage *const *)at);
    default:
        return json_null();
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

static json_t *of_repeated(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    json_t *array = json_array();
    const char *elements = *(const char *const *)build_at(message, field);
    for (size_t n = 0; n < build_count(message, field) && array != NULL; n++) {
        json_array_append_new(array, of_value(field, elements + n * size_of(field)));
    }
    return array;
}

static bool is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
        return true;
    }
    return *(const uint32_t *)(const void *)((const char *)message + field->quantifier_offset) == field->id;
}

/* {key, value}: whoever reads it need not know which member of the oneof holds what. */
static json_t *of_form_field(const ProtobufCMessage *message)
{
    const Gj__V1__Field *field = (const Gj__V1__Field *)message;
    json_t *object = json_object();
    json_object_set_new(object, "key", json_string(field->key));
    for (unsigned n = 0; n < message->descriptor->n_fields; n++) {
        const ProtobufCFieldDescriptor *member = &message->descriptor->fields[n];
        if ((member->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 || !is_set(message, member)) {
            continue;
        }
        json_object_set_new(object, "value", of_value(member, build_at(message, member)));
        json_object_set_new(object, "type", json_string(member->name));
    }
    if (field->n_blobs > 0) {
        const ProtobufCFieldDescriptor *blobs =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "blobs");
        json_object_set_new(object, "blobs", of_repeated(message, blobs));
    }
    return object;
}

json_t *json_of_message(const ProtobufCMessage *message)
{
    if (message->descriptor == &gj__v1__field__descriptor) {
        return of_form_field(message);
    }
    json_t *object = json_object();
    for (unsigned n = 0; n < message->descriptor->n_fields && object != NULL; n++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[n];
        if (!is_set(message, field)) {
            continue;
        }
        json_t *value = field->label == PROTOBUF_C_LABEL_REPEATED ? of_repeated(message, field)
                                                                  : of_value(field, build_at(message, field));
        json_object_set_new(object, field->name, value);
    }
    return object;
}
