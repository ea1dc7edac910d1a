#include "client/cli/show.h"

#include "client/cli/build.h"
#include "client/cli/grid.h"
#include "client/cli/json.h"
#include "client/cli/kind.h"
#include "client/cli/titles.h"
#include "client/cli/value.h"
#include "common/id.h"
#include "common/text.h"
#include "proto/record.pb-c.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 24
/* A cell that would push the other columns off the screen is cut; JSON has the whole. */
#define CELL_WIDTH_MAX 48

struct list {
    struct cli *cli;
    const ProtobufCMessageDescriptor *type;
    const char *columns[COLUMNS_MAX];
    size_t column_count;
    struct grid *grid;
    json_t *array;
};

const char *show_title(const char *field_name)
{
    const char *title = title_of(field_name);
    return title == NULL ? field_name : CLI_TEXT(title);
}

/* ---- cells ------------------------------------------------------------------------------------------------------- */

static const char *cell_id(struct cli *cli, uint64_t id)
{
    char text[GJ_ID_TEXT_SIZE];
    if (id == 0) {
        return "";
    }
    gj_id_format(id, 0, text);
    return gj_arena_strdup(&cli->arena, text);
}

/* Numbers in tables have three decimals; those that are zero are not shown. */
static const char *cell_thousandths(struct cli *cli, int64_t value)
{
    uint64_t plain = value < 0 ? UINT64_C(0) - (uint64_t)value : (uint64_t)value;
    char *text =
        gj_arena_printf(&cli->arena, "%s%" PRIu64 ".%03" PRIu64, value < 0 ? "-" : "", plain / 1000, plain % 1000);
    for (size_t len = text == NULL ? 0 : strlen(text); len > 0 && strchr("0.", text[len - 1]) != NULL; len--) {
        bool point = text[len - 1] == '.';
        text[len - 1] = '\0';
        if (point) {
            break;
        }
    }
    return text;
}

static const char *cell_integer(struct cli *cli, const ProtobufCFieldDescriptor *field, const void *at)
{
    char time[VALUE_TIME_SIZE];
    if (field->type == PROTOBUF_C_TYPE_INT64) {
        int64_t value = *(const int64_t *)at;
        if (json_is_time(field)) {
            value_format_local(value, time);
            return value <= 0 ? "" : gj_arena_strdup(&cli->arena, time);
        }
        if (field == protobuf_c_message_descriptor_get_field_by_name(&gj__v1__cell__descriptor, "number")) {
            return cell_thousandths(cli, value);
        }
        if (strcmp(field->name, "money") == 0) {
            return gj_arena_printf(&cli->arena, "%s%" PRId64 ".%02d", value < 0 ? "-" : "",
                (value < 0 ? -value : value) / 100, (int)((value < 0 ? -value : value) % 100));
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
        return cell_value(cli, field, build_at(message, field));
    }
    const char *joined = "";
    const char *elements = *(const char *const *)build_at(message, field);
    for (size_t n = 0; n < build_count(message, field) && joined != NULL; n++) {
        const char *next = cell_value(cli, field, elements + n * step_of(field));
        const char *between = field->type != PROTOBUF_C_TYPE_MESSAGE           ? ", "
                              : field->descriptor == &gj__v1__cell__descriptor ? " "
                                                                               : "; ";
        joined = gj_arena_printf(&cli->arena, "%s%s%s", joined, n > 0 ? between : "", next);
    }
    return joined;
}

/* An inner message on one line: what is set, "name=value" separated by blanks; a form's field as "key=value". */
static const char *cell_message(struct cli *cli, const ProtobufCMessage *message)
{
    bool bare = message->descriptor == &gj__v1__field__descriptor || message->descriptor == &gj__v1__cell__descriptor;
    const char *joined = bare ? ((const Gj__V1__Field *)message)->key : "";
    for (unsigned n = bare ? 1 : 0; n < message->descriptor->n_fields && joined != NULL; n++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[n];
        const char *text = cell_field(cli, message, field);
        if (text == NULL || *text == '\0' || strcmp(text, "0") == 0) {
            continue;
        }
        if (message->descriptor == &gj__v1__lines__descriptor || message->descriptor == &gj__v1__line__descriptor) {
            return text; /* a table is its rows, a row its cells */
        }
        joined = bare
                     ? gj_arena_printf(&cli->arena, "%s=%s", joined, text)
                     : gj_arena_printf(&cli->arena, "%s%s%s=%s", joined, *joined != '\0' ? " " : "", field->name, text);
    }
    return joined == NULL ? "" : joined;
}

/* A list column that the kind declares for itself: the value of the Field alone. */
static const char *cell_column(struct cli *cli, const ProtobufCMessage *message, const char *key)
{
    const Gj__V1__Row *row = message->descriptor == &gj__v1__row__descriptor ? (const Gj__V1__Row *)message : NULL;
    for (size_t n = 0; row != NULL && n < row->n_columns; n++) {
        if (strcmp(row->columns[n]->key, key) == 0) {
            const char *text = cell_message(cli, &row->columns[n]->base);
            size_t skip = strlen(key) + 1;
            return strlen(text) > skip ? text + skip : "";
        }
    }
    return "";
}

const char *show_cell(struct cli *cli, const ProtobufCMessage *message, const char *path)
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
        return inner == NULL ? "" : show_cell(cli, inner, path + len + 1);
    }
    const char *text = cell_field(cli, message, field);
    return text == NULL ? "" : text;
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

static bool is_right(const ProtobufCMessageDescriptor *type, const char *column)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, column);
    if (field == NULL || field->label == PROTOBUF_C_LABEL_REPEATED || json_is_time(field)) {
        return false;
    }
    return field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_UINT32 ||
           field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_INT32;
}

static void split_columns(struct list *list, const char *columns)
{
    char *copy = gj_arena_strdup(&list->cli->arena, columns);
    char *rest = NULL;
    for (char *name = copy == NULL ? NULL : strtok_r(copy, " ", &rest);
         name != NULL && list->column_count < COLUMNS_MAX; name = strtok_r(NULL, " ", &rest)) {
        list->columns[list->column_count++] = name;
    }
}

static bool heading(struct list *list)
{
    bool ok = true;
    for (size_t n = 0; n < list->column_count && ok; n++) {
        const char *point = strrchr(list->columns[n], '.');
        const char *declared = kind_title(list->cli->kind, list->columns[n]);
        ok = grid_cell(
            list->grid, declared != NULL ? declared : show_title(point == NULL ? list->columns[n] : point + 1));
        if (is_right(list->type, list->columns[n])) {
            grid_right(list->grid, n);
        }
    }
    return ok;
}

struct list *list_begin(struct cli *cli, const char *columns, const ProtobufCMessageDescriptor *type)
{
    struct list *list = calloc(1, sizeof *list);
    if (list == NULL) {
        return NULL;
    }
    list->cli = cli;
    list->type = type;
    split_columns(list, columns);
    if (cli->format == FORMAT_TABLE) {
        list->grid = list->column_count == 0 ? NULL : grid_new(list->column_count);
    } else if (cli->format == FORMAT_JSON) {
        list->array = json_array();
    }
    bool ok = cli->format == FORMAT_TABLE ? list->grid != NULL && heading(list)
                                          : cli->format == FORMAT_NDJSON || list->array != NULL;
    if (!ok) {
        grid_free(list->grid);
        free(list);
        return NULL;
    }
    return list;
}

static const char *cut_cell(struct cli *cli, const char *text)
{
    size_t used = 0;
    size_t len = strlen(text);
    size_t fits = gj_text_fit(text, len, CELL_WIDTH_MAX, &used);
    if (fits == len) {
        return text;
    }
    fits = gj_text_fit(text, len, CELL_WIDTH_MAX - 1, &used);
    return gj_arena_printf(&cli->arena, "%.*s…", (int)fits, text);
}

bool list_row(struct list *list, const ProtobufCMessage *row)
{
    if (list->cli->format == FORMAT_NDJSON) {
        return show_json(list->cli, json_of_message(row)) == EXIT_OK;
    }
    if (list->cli->format == FORMAT_JSON) {
        return json_array_append_new(list->array, json_of_message(row)) == 0;
    }
    bool ok = true;
    for (size_t n = 0; n < list->column_count && ok; n++) {
        const char *text = cut_cell(list->cli, show_cell(list->cli, row, list->columns[n]));
        ok = text != NULL && grid_cell(list->grid, text);
    }
    return ok;
}

void list_abandon(struct list *list)
{
    grid_free(list->grid);
    json_decref(list->array);
    free(list);
}

int list_end(struct list *list)
{
    int code = EXIT_OK;
    if (list->grid != NULL) {
        grid_print(list->grid, list->cli->out);
        grid_free(list->grid);
    }
    if (list->array != NULL) {
        code = show_json(list->cli, list->array);
    }
    free(list);
    return code;
}

/* ---- single things ----------------------------------------------------------------------------------------------- */

int show_json(struct cli *cli, json_t *value)
{
    if (value == NULL) {
        return cli_fail(cli, EXIT_LOCAL, "%s", CLI_TEXT("out of memory"));
    }
    int failed =
        json_dumpf(value, cli->out, JSON_ENCODE_ANY | (cli->format == FORMAT_JSON ? JSON_INDENT(2) : JSON_COMPACT));
    json_decref(value);
    fputc('\n', cli->out);
    return failed == 0 ? EXIT_OK : EXIT_LOCAL;
}

static void show_lines(struct cli *cli, const ProtobufCMessage *message, const char *columns, int indent);

/* Repeated messages one below the other, everything else behind its title. */
static void show_line(
    struct cli *cli, const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t width, int indent)
{
    const char *title = show_title(field->name);
    size_t blanks = width - gj_text_width(title, strlen(title)) + 2;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        bool many = field->label == PROTOBUF_C_LABEL_REPEATED;
        ProtobufCMessage *const *elements =
            many ? *(ProtobufCMessage *const *const *)build_at(message, field) : build_at(message, field);
        size_t count = many ? build_count(message, field) : *elements != NULL;
        if (count > 0) {
            fprintf(cli->out, "%*s%s\n", indent, "", title);
        }
        for (size_t n = 0; n < count; n++) {
            if (many) {
                fprintf(cli->out, "%*s%s\n", indent + 2, "", cell_message(cli, elements[n]));
            } else {
                show_lines(cli, elements[n], NULL, indent + 2);
            }
        }
        return;
    }
    const char *text = show_cell(cli, message, field->name);
    if (*text != '\0') {
        fprintf(cli->out, "%*s%s%*s%s\n", indent, "", title, (int)blanks, "", text);
    }
}

static bool wanted(const char *columns, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = columns; at != NULL && (at = strstr(at, name)) != NULL; at += len) {
        if ((at == columns || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0')) {
            return true;
        }
    }
    return columns == NULL;
}

static void show_lines(struct cli *cli, const ProtobufCMessage *message, const char *columns, int indent)
{
    size_t width = 0;
    for (unsigned n = 0; n < message->descriptor->n_fields; n++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[n];
        if (field->type == PROTOBUF_C_TYPE_MESSAGE || !wanted(columns, field->name)) {
            continue;
        }
        const char *title = show_title(field->name);
        size_t own = gj_text_width(title, strlen(title));
        width = own > width && *show_cell(cli, message, field->name) != '\0' ? own : width;
    }
    for (unsigned n = 0; n < message->descriptor->n_fields; n++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[n];
        if (wanted(columns, field->name)) {
            show_line(cli, message, field, width, indent);
        }
    }
}

int show_message(struct cli *cli, const ProtobufCMessage *message, const char *columns)
{
    if (cli->format != FORMAT_TABLE) {
        return show_json(cli, json_of_message(message));
    }
    show_lines(cli, message, columns, 0);
    return EXIT_OK;
}
