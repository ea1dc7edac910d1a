#include "client/cli/cell.h"

#include "client/cli/build.h"
#include "client/cli/cell_word.h"
#include "client/cli/json.h"
#include "client/cli/kind.h"
#include "client/cli/show.h"
#include "client/cli/value.h"
#include "client/cli/words.h"
#include "common/id.h"
#include "proto/record.pb-c.h"

#include <inttypes.h>
#include <string.h>

static const char *cell_id(struct cli *cli, uint64_t id)
{
    char text[GJ_ID_TEXT_SIZE];
    if (id == 0) {
        return "";
    }
    gj_id_format(id, 0, text);
    return gj_arena_strdup(&cli->arena, text);
}

/* What is known by the day: an hour would be one that nobody said. */
static bool is_day(const char *name)
{
    static const char *const days[] = {"delivered_at", "completed_at", "valid_until", "review_at"};
    for (size_t n = 0; n < sizeof days / sizeof days[0]; n++) {
        if (strcmp(name, days[n]) == 0) {
            return true;
        }
    }
    return false;
}

static const char *cell_integer(struct cli *cli, const ProtobufCFieldDescriptor *field, const void *at)
{
    char time[VALUE_TIME_SIZE];
    if (field->type == PROTOBUF_C_TYPE_INT64) {
        int64_t value = *(const int64_t *)at;
        if (json_is_time(field)) {
            value_format_local(value, time);
            if (is_day(field->name)) {
                time[sizeof "2026-11-22" - 1] = '\0';
            }
            return value <= 0 ? "" : gj_arena_strdup(&cli->arena, time);
        }
        if (strcmp(field->name, "money") == 0) {
            return gj_arena_printf(&cli->arena, "%s%" PRId64 ".%02d", value < 0 ? "-" : "",
                (value < 0 ? -value : value) / 100, (int)((value < 0 ? -value : value) % 100));
        }
        if (strcmp(field->name, "area_cm2") == 0) {
            return value == 0 ? "" : gj_arena_printf(&cli->arena, "%s m2", cell_scaled(cli, value, 4));
        }
        return gj_arena_printf(&cli->arena, "%" PRId64, value);
    }
    if (field->type == PROTOBUF_C_TYPE_UINT64) {
        uint64_t value = *(const uint64_t *)at;
        return json_is_id(field) ? cell_id(cli, value) : gj_arena_printf(&cli->arena, "%" PRIu64, value);
    }
    if (field->type == PROTOBUF_C_TYPE_INT32) {
        return gj_arena_printf(&cli->arena, "%" PRId32, *(const int32_t *)at);
    }
    uint32_t value = *(const uint32_t *)at;
    if (strcmp(field->name, "priority") == 0) {
        return value > 4 ? "" : gj_arena_printf(&cli->arena, "P%" PRIu32, value);
    }
    return gj_arena_printf(&cli->arena, "%" PRIu32, value);
}

static const char *cell_message(struct cli *cli, const ProtobufCMessage *message);

static const char *cell_value(struct cli *cli, const ProtobufCFieldDescriptor *field, const void *at)
{
    const ProtobufCBinaryData *bytes;
    const ProtobufCEnumValue *value;
    char *hex;
    switch (field->type) {
    case PROTOBUF_C_TYPE_BOOL:
        return *(const protobuf_c_boolean *)at ? CLI_TEXT(N_("yes")) : "";
    case PROTOBUF_C_TYPE_STRING:
        return *(char *const *)at == NULL ? "" : *(char *const *)at;
    case PROTOBUF_C_TYPE_ENUM:
        value = protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)at);
        return value == NULL ? "?" : value->name;
    case PROTOBUF_C_TYPE_BYTES:
        bytes = at;
        hex = gj_arena_alloc(&cli->arena, 2 * bytes->len + 1);
        if (hex != NULL) {
            gj_id_hex(bytes->data, bytes->len, hex);
        }
        return hex;
    case PROTOBUF_C_TYPE_MESSAGE:
        return *(ProtobufCMessage *const *)at == NULL ? "" : cell_message(cli, *(ProtobufCMessage *const *)at);
    default:
        return cell_integer(cli, field, at);
    }
}

static size_t step_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return 8;
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 4;
    }
}

static const char *cell_field(struct cli *cli, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
            *(const uint32_t *)(const void *)((const char *)message + field->quantifier_offset) != field->id) {
            return "";
        }
        const char *word = cell_word(cli, message, field);
        return word != NULL ? word : cell_value(cli, field, build_at(message, field));
    }
    const char *joined = "";
    const char *elements = *(const char *const *)build_at(message, field);
    for (size_t n = 0; n < build_count(message, field) && joined != NULL; n++) {
        const char *next = field->type == PROTOBUF_C_TYPE_STRING
                               ? cell_key_word(cli, field->name, *(char *const *)(const void *)(elements + n * 8))
                               : cell_value(cli, field, elements + n * step_of(field));
        const char *between = field->type != PROTOBUF_C_TYPE_MESSAGE           ? ", "
                              : field->descriptor == &gj__v1__cell__descriptor ? " "
                                                                               : "; ";
        joined = gj_arena_printf(&cli->arena, "%s%s%s", joined, n > 0 ? between : "", next);
    }
    return joined;
}

/* An inner message on one line: what is set, "name=value" separated by blanks; a form's field and a cell of a table by
 * what the kind calls them; a grant as role@office. */
static const char *cell_message(struct cli *cli, const ProtobufCMessage *message)
{
    if (message->descriptor == &gj__v1__field__descriptor) {
        const Gj__V1__Field *field = (const Gj__V1__Field *)message;
        const char *title = kind_title(cli->kind, field->key);
        return gj_arena_printf(
            &cli->arena, "%s=%s", title != NULL ? title : field->key, cell_of_field(cli, cli->kind, field));
    }
    const char *joined = cell_short(cli, message);
    if (joined != NULL) {
        return joined;
    }
    joined = "";
    for (unsigned n = 0; n < message->descriptor->n_fields && joined != NULL; n++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[n];
        const char *text = cell_field(cli, message, field);
        if (text == NULL || *text == '\0' || strcmp(text, "0") == 0) {
            continue;
        }
        joined = gj_arena_printf(
            &cli->arena, "%s%s%s=%s", joined, *joined != '\0' ? " " : "", show_title(field->name), text);
    }
    return joined == NULL ? "" : joined;
}

/* A list column that the kind declares for itself: the value of the Field alone. */
static const char *cell_column(struct cli *cli, const ProtobufCMessage *message, const char *key)
{
    const Gj__V1__Row *row = message->descriptor == &gj__v1__row__descriptor ? (const Gj__V1__Row *)message : NULL;
    for (size_t n = 0; row != NULL && n < row->n_columns; n++) {
        if (strcmp(row->columns[n]->key, key) == 0) {
            const Gj__V1__KindInfo *kind = cli->kind != NULL ? cli->kind : words_kind_numbered(cli, row->kind);
            return cell_of_field(cli, kind, row->columns[n]);
        }
    }
    return "";
}

const char *cell_text(struct cli *cli, const ProtobufCMessage *message, const char *path)
{
    char name[64];
    size_t len = strcspn(path, ".");
    if (len >= sizeof name) {
        return "";
    }
    memcpy(name, path, len);
    name[len] = '\0';
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (field == NULL) {
        return cell_column(cli, message, name);
    }
    if (path[len] == '.') {
        const ProtobufCMessage *inner = *(ProtobufCMessage *const *)build_at(message, field);
        return inner == NULL ? "" : cell_text(cli, inner, path + len + 1);
    }
    const char *text = cell_field(cli, message, field);
    return text == NULL ? "" : text;
}

const char *cell_one_line(struct cli *cli, const ProtobufCMessage *message)
{
    return cell_message(cli, message);
}
