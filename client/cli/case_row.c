#include "client/cli/case_row.h"

#include "client/cli/build.h"
#include "client/cli/csv.h"
#include "client/cli/fields.h"
#include "client/cli/kind.h"
#include "client/cli/texts.h"
#include "client/cli/value.h"
#include "client/cli/words.h"
#include "common/pb.h"
#include "proto/directory.pb-c.h"
#include "proto/envelope.pb-c.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

/* Columns that every kind has. */
static const struct {
    const char *key;
    const char *names; /* separated by bars */
} heads[] = {
    {"paper_number", "原单号|纸质单号|单号|编号"},
    {"received_at", "报修时间|受理时间|登记时间"},
    {"household", "业户|业户编号|房号"},
    {"place", "房号或位置|位置|地点"},
    {"category", "报修类别|类别"},
    {"priority", "优先级"},
    {"late_reason", "迟录原因|补录原因"},
    {"asset", "设施设备"},
};

static bool is_named(const char *names, const char *text)
{
    size_t len = strlen(text);
    while (*names != '\0') {
        size_t name = strcspn(names, "|");
        if (name == len && strncmp(names, text, len) == 0) {
            return true;
        }
        names += name + (names[name] == '|' ? 1 : 0);
    }
    return false;
}

static const char *key_of(const struct case_columns *columns, const char *title)
{
    for (size_t n = 0; n < sizeof heads / sizeof heads[0]; n++) {
        if (strcasecmp(heads[n].key, title) == 0 || is_named(heads[n].names, title)) {
            return heads[n].key;
        }
    }
    for (size_t n = 0; n < columns->kind->n_fields; n++) {
        const Gj__V1__KindField *field = columns->kind->fields[n];
        if (strcmp(field->key, title) == 0 || strcmp(field->title_zh, title) == 0 ||
            strcasecmp(field->title_en, title) == 0) {
            return field->key;
        }
    }
    return NULL;
}

/* A list of problems that grows in the arena; its memory's failure is seen in `items`. */
struct problems {
    struct cli *cli;
    uint64_t line;
    struct case_problem *items;
    size_t count;
    size_t room;
};

static void problem(struct problems *problems, size_t column, const char *name, const char *code, const char *text)
{
    if (problems->items == NULL || problems->count == problems->room || text == NULL) {
        return;
    }
    problems->items[problems->count++] =
        (struct case_problem){.line = problems->line, .column = column, .name = name, .code = code, .text = text};
}

static struct problems problems_for(struct cli *cli, uint64_t line, size_t room)
{
    return (struct problems){.cli = cli,
        .line = line,
        .items = gj_arena_calloc(&cli->arena, room, sizeof(struct case_problem)),
        .room = room};
}

static void judge_column(struct problems *problems, struct case_columns *columns, size_t at)
{
    struct cli *cli = problems->cli;
    const char *title = columns->titles[at];
    const char *key = key_of(columns, title);
    columns->keys[at] = key == NULL ? "" : key;
    if (key == NULL) {
        problem(problems, at + 1, title, "column_unknown",
            gj_arena_printf(&cli->arena,
                CLI_TEXT("“%s” is no column of this import; its columns: guanjia %s %s --help"), title,
                cli->command->noun, cli->command->verb));
    }
    for (size_t n = 0; n < at && key != NULL; n++) {
        if (strcmp(columns->keys[n], key) == 0) {
            problem(problems, at + 1, title, "column_twice",
                gj_arena_printf(
                    &cli->arena, CLI_TEXT("“%s” says the same as column %zu, “%s”"), title, n + 1, columns->titles[n]));
        }
    }
}

bool case_columns_read(struct cli *cli, char *row, size_t len, struct case_columns *columns,
    const struct case_problem **bad, size_t *bad_count)
{
    char *cells[CASE_COLUMNS_MAX];
    size_t count = 0;
    struct problems problems = problems_for(cli, 1, 2 * CASE_COLUMNS_MAX);
    if (!csv_split(row, len, cells, CASE_COLUMNS_MAX, &count)) {
        problem(&problems, 0, "", "csv_quote", CLI_TEXT("the first line does not name the columns"));
        count = 0;
    }
    for (size_t n = 0; n < count; n++) {
        columns->titles[n] = cells[n];
        columns->count = n + 1;
        judge_column(&problems, columns, n);
    }
    *bad = problems.items;
    *bad_count = problems.count;
    return problems.items != NULL;
}

size_t case_columns_of_field(const struct case_columns *columns, const char *field)
{
    for (size_t n = 0; n < columns->count && *field != '\0'; n++) {
        if (strcmp(columns->keys[n], field) == 0) {
            return n + 1;
        }
    }
    return 0;
}

const char *case_columns_name(const struct case_columns *columns, const struct case_problem *problem)
{
    return problem->column > 0 && problem->column <= columns->count ? columns->titles[problem->column - 1]
                                                                    : problem->name;
}

/* ---- a line ------------------------------------------------------------------------------------------------------ */

/* People know the room, not the id. The looking is recorded, as every other one. */
static bool find_room(struct cli *cli, uint64_t office, const char *room, uint64_t *household)
{
    const struct guanjia_answer *answer = NULL;
    ProtobufCMessage *reply = NULL;
    Gj__V1__HouseholdFindRequest request = GJ__V1__HOUSEHOLD_FIND_REQUEST__INIT;
    request.office = office;
    request.room = (char *)(uintptr_t)room;
    request.purpose = (char *)(uintptr_t) "import";
    if (cli_call_quietly(cli, GJ__V1__CALL__DIR_HOUSEHOLD_FIND, &request.base, &answer) != GUANJIA_OK ||
        answer->status != GUANJIA_S_OK ||
        gj_pb_unpack(&gj__v1__household_list__descriptor, &cli->arena, answer->body, answer->body_len, &reply) !=
            GJ_OK) {
        return false;
    }
    const Gj__V1__HouseholdList *list = (const Gj__V1__HouseholdList *)reply;
    *household = list->n_households == 1 ? list->households[0]->id : 0;
    return *household != 0;
}

/* Words for what a column wants, when a cell does not have it. */
static const char *wants(struct cli *cli, const struct case_columns *columns, const char *key, const char *value)
{
    const Gj__V1__KindField *field = kind_field(columns->kind, key);
    const char *type = field == NULL ? "" : field->type;
    const char *text = CLI_TEXT(N_("“%s” cannot be read here"));
    if (strcmp(key, "priority") == 0) {
        text = CLI_TEXT(N_("“%s” is no priority: P0 to P4"));
    } else if (strcmp(key, "household") == 0) {
        text = CLI_TEXT(N_("there is no household “%s” in this office, by room or id"));
    } else if (strcmp(key, "received_at") == 0 || strcmp(type, "time") == 0 || strcmp(type, "date") == 0) {
        text = CLI_TEXT(N_("“%s” is no time: 2026-11-03T09:30 or 2026-11-03"));
    } else if (strcmp(type, "number") == 0 || strcmp(type, "money") == 0) {
        text = CLI_TEXT(N_("“%s” is not a number"));
    } else if (strcmp(type, "bool") == 0) {
        text = CLI_TEXT(N_("“%s” is neither yes nor no"));
    }
    return gj_arena_printf(&cli->arena, text, value);
}

/* A choice may be written by its word as well as by its code. */
static const char *code_of_choice(const struct case_columns *columns, const char *key, const char *value)
{
    const Gj__V1__KindField *field = kind_field(columns->kind, key);
    for (size_t n = 0; field != NULL && n < field->n_choices; n++) {
        const Gj__V1__Label *choice = field->choices[n];
        if (strcmp(choice->zh, value) == 0 || strcasecmp(choice->en, value) == 0 ||
            strcasecmp(choice->code, value) == 0) {
            return choice->code;
        }
    }
    return value;
}

static bool put_cell(struct cli *cli, const struct case_columns *columns, Gj__V1__CreateRequest *made, const char *key,
    const char *value)
{
    int64_t number = 0;
    bool mistyped = false;
    struct gj_arena *arena = &cli->arena;
    value = code_of_choice(columns, key, value);
    if (strcmp(key, "priority") == 0) {
        bool ok = value_priority(value, &number);
        made->priority = (int32_t)number;
        return ok;
    }
    if (strcmp(key, "received_at") == 0) {
        return value_sheet_time(value, &made->received_at);
    }
    if (strcmp(key, "household") == 0) {
        return (value_id(value, &made->household, &mistyped) && !mistyped) ||
               find_room(cli, made->office, value, &made->household);
    }
    if (strcmp(key, "asset") == 0) {
        return value_id(value, &made->asset, &mistyped);
    }
    if (strcmp(key, "category") == 0 || strcmp(key, "place") == 0 || strcmp(key, "late_reason") == 0) {
        return build_text(arena, build_place(arena, &made->base, key), value);
    }
    if (kind_letter(kind_field(columns->kind, key)) == 't' && value_sheet_time(value, &number)) {
        char plain[VALUE_TIME_SIZE];
        value_format_time(number, plain);
        value = gj_arena_strdup(arena, plain);
    }
    const char *field = gj_arena_printf(arena, "%s=%s", key, value);
    return field != NULL && fields_add(arena, build_place(arena, &made->base, "fields"), columns->kind, field);
}

bool case_row_read(struct cli *cli, const struct case_columns *columns, uint64_t office, char *row, size_t len,
    struct case_row *made, const struct case_problem **bad, size_t *bad_count)
{
    char *cells[CASE_COLUMNS_MAX];
    size_t count = 0;
    struct problems problems = problems_for(cli, made->line, columns->count + 1);
    made->made = (Gj__V1__CreateRequest *)build_new(&cli->arena, &gj__v1__create_request__descriptor);
    if (made->made == NULL || problems.items == NULL) {
        return false;
    }
    made->made->kind = (char *)(uintptr_t)columns->kind_code;
    made->made->office = office;
    made->made->priority = -1;
    if (!csv_split(row, len, cells, CASE_COLUMNS_MAX, &count)) {
        problem(
            &problems, 0, "", "csv_quote", CLI_TEXT("a quotation mark is not closed, or there are too many columns"));
    } else if (count != columns->count) {
        problem(&problems, 0, "", "csv_columns",
            gj_arena_printf(&cli->arena, CLI_TEXT("%zu columns, the first line has %zu"), count, columns->count));
    }
    bool readable = problems.count == 0;
    for (size_t n = 0; n < count && readable; n++) {
        if (*cells[n] != '\0' && !put_cell(cli, columns, made->made, columns->keys[n], cells[n])) {
            problem(&problems, n + 1, columns->keys[n], "field_type", wants(cli, columns, columns->keys[n], cells[n]));
        }
    }
    made->bad = problems.count > 0;
    *bad = problems.items;
    *bad_count = problems.count;
    return true;
}

const char *case_refusal_text(struct cli *cli, const Gj__V1__CaseChecked *said)
{
    char filled[400];
    const char *text = text_of_refusal(said->code);
    text_fill(text != NULL ? CLI_TEXT(text) : said->code, said->field, (const char *const *)said->params,
        said->n_params, filled, sizeof filled);
    return gj_arena_strdup(&cli->arena, filled);
}
