#include "client/cli/show.h"

#include "client/cli/build.h"
#include "client/cli/cell.h"
#include "client/cli/grid.h"
#include "client/cli/json.h"
#include "client/cli/kind.h"
#include "client/cli/titles.h"
#include "common/text.h"

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
    size_t rows;
    const char *whole; /* the column that is not cut; NULL: none */
    struct grid *grid;
    json_t *array;
};

const char *show_title(const char *field_name)
{
    const char *title = title_of(field_name);
    return title == NULL ? field_name : CLI_TEXT(title);
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
    list->rows++;
    for (size_t n = 0; n < list->column_count && ok; n++) {
        const char *text = cell_text(list->cli, row, list->columns[n]);
        text = list->whole != NULL && strcmp(list->columns[n], list->whole) == 0 ? text : cut_cell(list->cli, text);
        ok = text != NULL && grid_cell(list->grid, text);
    }
    return ok;
}

void list_whole(struct list *list, const char *column)
{
    list->whole = column;
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
    if (list->grid != NULL && list->rows == 0) {
        show_nothing(list->cli);
    } else if (list->grid != NULL) {
        grid_print(list->grid, list->cli->out);
    }
    grid_free(list->grid);
    if (list->array != NULL) {
        code = show_json(list->cli, list->array);
    }
    free(list);
    return code;
}

void show_nothing(struct cli *cli)
{
    fprintf(cli->out, "%s\n", CLI_TEXT("nothing found"));
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
                fprintf(cli->out, "%*s%s\n", indent + 2, "", cell_one_line(cli, elements[n]));
            } else {
                show_lines(cli, elements[n], NULL, indent + 2);
            }
        }
        return;
    }
    const char *text = cell_text(cli, message, field->name);
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
        width = own > width && *cell_text(cli, message, field->name) != '\0' ? own : width;
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
