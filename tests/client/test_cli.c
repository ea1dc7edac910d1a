/* client/cli: the line taken apart, the tables of commands, values, requests, output. No server is needed. */
#include "client/cli/args.h"
#include "client/cli/audit_entry.h"
#include "client/cli/build.h"
#include "client/cli/csv.h"
#include "client/cli/fields.h"
#include "client/cli/grid.h"
#include "client/cli/help.h"
#include "client/cli/json.h"
#include "client/cli/roster_sheet.h"
#include "client/cli/cell.h"
#include "client/cli/show.h"
#include "client/cli/texts.h"
#include "client/cli/titles.h"
#include "client/cli/value.h"
#include "common/id.h"
#include "common/text.h"
#include "proto/admin.pb-c.h"
#include "proto/directory.pb-c.h"
#include "proto/register.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

struct world {
    struct cli cli;
    char *out;
    size_t out_len;
    char *err;
    size_t err_len;
    struct args_result result;
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    world->cli.out = open_memstream(&world->out, &world->out_len);
    world->cli.err = open_memstream(&world->err, &world->err_len);
    world->cli.profile = "default";
    gj_arena_init(&world->cli.arena, 1 << 24);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    fclose(world->cli.out);
    fclose(world->cli.err);
    free(world->out);
    free(world->err);
    gj_arena_fini(&world->cli.arena);
    free(world);
    return 0;
}

static const char *printed(struct world *world)
{
    fflush(world->cli.out);
    return world->out;
}

/* Parses a line of words parted by blanks. */
static int parse(struct world *world, const char *line)
{
    static char copy[1024];
    static char *argv[64];
    int argc = 0;
    char *rest = NULL;
    struct cli *cli = &world->cli;
    cli->arg_count = 0;
    cli->command = NULL;
    memset(&world->result, 0, sizeof world->result);
    snprintf(copy, sizeof copy, "guanjia %s", line);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        argv[argc++] = word;
    }
    return args_parse(cli, argc, argv, &world->result);
}

static void test_lines_that_are_right(void **state)
{
    struct world *world = *state;
    struct cli *cli = &world->cli;
    assert_int_equal(parse(world, "ticket list"), EXIT_OK);
    assert_string_equal(cli->command->noun, "ticket");
    assert_string_equal(cli->command->verb, "list");
    assert_int_equal(parse(world, "-o json ticket --limit=20 list --state NEW --state TRIAGED --breached -q"), EXIT_OK);
    assert_int_equal(cli->format, FORMAT_JSON);
    assert_int_equal(cli->limit, 20);
    assert_true(cli->quiet);
    assert_int_equal(cli->arg_count, 3);
    assert_string_equal(cli->args[1].value, "TRIAGED");
    assert_string_equal(cli->args[2].row->name, "breached");
    assert_int_equal(parse(world, "ticket act 10452-7 accept --note=a=b -p desk -v"), EXIT_OK);
    assert_string_equal(cli_arg(cli, "ID"), "10452-7");
    assert_string_equal(cli_arg(cli, "ACT"), "accept");
    assert_string_equal(cli_arg(cli, "note"), "a=b");
    assert_string_equal(cli->profile, "desk");
    assert_true(cli->verbose);
    assert_int_equal(parse(world, "whoami"), EXIT_OK);
    assert_string_equal(cli->command->verb, "");
    assert_int_equal(parse(world, "login wang --password-file -"), EXIT_OK);
    assert_string_equal(cli_arg(cli, "password-file"), "-");
    assert_int_equal(parse(world, "inbox ack 1 2 3"), EXIT_OK);
    assert_int_equal(cli->arg_count, 3);
    assert_int_equal(parse(world, "draft get -- -strange"), EXIT_OK);
    assert_string_equal(cli_arg(cli, "NAME"), "-strange");
    /* A command's own option wins over the global one of the same name. */
    cli->profile = "default";
    assert_int_equal(parse(world, "policy explain --kind repair --profile grade1"), EXIT_OK);
    assert_string_equal(cli_arg(cli, "profile"), "grade1");
    assert_string_equal(cli->profile, "default");
    assert_int_equal(parse(world, "--profile hq policy explain --kind repair --profile grade1"), EXIT_OK);
    assert_string_equal(cli_arg(cli, "profile"), "grade1");
    assert_string_equal(cli->profile, "hq");
    assert_int_equal(parse(world, "--timeout 5 ticket list"), EXIT_OK);
    assert_int_equal(cli->timeout_ms, 5000);
}

static void test_lines_that_are_wrong(void **state)
{
    static const char *const lines[] = {"nothing", "ticket nothing", "ticket act", "ticket act 1",
        "ticket act 1 accept more", "ticket list --colour red", "ticket list --office", "ticket list --breached=1",
        "ticket list --limit 0", "ticket list --limit 201", "ticket list --limit x", "-o xml ticket list",
        "-x ticket list", "ticket list --office A --office B", "ticket amend 1 --reason why",
        "ticket amend 1 --field a=b", "--timeout 0 whoami", "device revoke 1", "login"};
    struct world *world = *state;
    for (size_t n = 0; n < sizeof lines / sizeof lines[0]; n++) {
        fflush(world->cli.err);
        size_t before = world->err_len;
        assert_int_equal(parse(world, lines[n]), EXIT_USAGE);
        fflush(world->cli.err);
        assert_true(world->err_len > before);
    }
}

static void test_help_needs_no_whole_line(void **state)
{
    struct world *world = *state;
    static const char *const lines[] = {"--help", "-h", "", "ticket --help", "ticket act --help", "ticket act -h",
        "nothing --help", "help", "help ticket", "help ticket act"};
    for (size_t n = 0; n < sizeof lines / sizeof lines[0]; n++) {
        assert_int_equal(parse(world, lines[n]), EXIT_OK);
        assert_true(world->result.help);
    }
    assert_ptr_equal(world->cli.command, command_find("ticket", "act"));
    assert_int_equal(parse(world, "ticket act --help"), EXIT_OK);
    help_command(&world->cli, world->cli.command);
    assert_non_null(strstr(printed(world), "guanjia ticket act ID ACT"));
    assert_non_null(strstr(printed(world), "--late-reason TEXT"));
    assert_int_equal(parse(world, "--version"), EXIT_OK);
    assert_true(world->result.version);
}

/* ---- the tables -------------------------------------------------------------------------------------------------- */

static const ProtobufCFieldDescriptor *walk(const ProtobufCMessageDescriptor *type, const char *path)
{
    char name[64];
    for (;;) {
        size_t len = strcspn(path, ".");
        assert_true(len < sizeof name);
        memcpy(name, path, len);
        name[len] = '\0';
        const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(type, name);
        if (field == NULL || path[len] == '\0') {
            return field;
        }
        type = field->descriptor;
        path += len + 1;
    }
}

static bool type_fits(enum option_type type, ProtobufCType field)
{
    switch (type) {
    case OPTION_TEXT:
    case OPTION_SECRET:
        return field == PROTOBUF_C_TYPE_STRING;
    case OPTION_ID:
    case OPTION_RECORD:
    case OPTION_OFFICE:
    case OPTION_USER:
        return field == PROTOBUF_C_TYPE_UINT64;
    case OPTION_TIME:
    case OPTION_AREA:
    case OPTION_MONEY:
        return field == PROTOBUF_C_TYPE_INT64;
    case OPTION_FLAG:
        return field == PROTOBUF_C_TYPE_BOOL;
    case OPTION_PRIORITY:
        return field == PROTOBUF_C_TYPE_INT32;
    case OPTION_HEX:
    case OPTION_FILE:
        return field == PROTOBUF_C_TYPE_BYTES;
    case OPTION_FIELD:
    case OPTION_LINE:
    case OPTION_GRANT:
    case OPTION_CERT:
        return field == PROTOBUF_C_TYPE_MESSAGE;
    default:
        return field == PROTOBUF_C_TYPE_UINT32 || field == PROTOBUF_C_TYPE_UINT64 || field == PROTOBUF_C_TYPE_ENUM;
    }
}

static void check_options(const struct command *command)
{
    bool open_end = false;
    for (const struct option_row *row = command->options; row != NULL && row->name != NULL; row++) {
        assert_true(strlen(row->help) > 1);
        assert_int_equal((row->flags & OPT_LOCAL) != 0, row->path == NULL);
        for (const struct option_row *other = command->options; other != row; other++) {
            assert_string_not_equal(other->name, row->name);
        }
        if ((row->flags & OPT_ARG) != 0) {
            assert_false(open_end); /* nothing can follow a positional that takes all */
            open_end = (row->flags & OPT_MANY) != 0;
        }
        if (row->path == NULL) {
            continue;
        }
        const ProtobufCFieldDescriptor *field = walk(command->request, row->path);
        if (field == NULL || !type_fits(row->type, field->type)) {
            fail_msg("%s %s: option %s does not fit field %s", command->noun, command->verb, row->name, row->path);
        }
        if ((row->flags & OPT_MANY) != 0) {
            assert_int_equal(field->label, PROTOBUF_C_LABEL_REPEATED);
        }
    }
}

static void check_columns(const struct command *command)
{
    if (command->rows == NULL) {
        return;
    }
    const ProtobufCFieldDescriptor *rows = walk(command->reply, command->rows);
    assert_non_null(rows);
    assert_int_equal(rows->label, PROTOBUF_C_LABEL_REPEATED);
    assert_int_equal(rows->type, PROTOBUF_C_TYPE_MESSAGE);
    char columns[256];
    char *rest = NULL;
    snprintf(columns, sizeof columns, "%s", command->columns);
    for (char *name = strtok_r(columns, " ", &rest); name != NULL; name = strtok_r(NULL, " ", &rest)) {
        if (walk(rows->descriptor, name) == NULL) {
            fail_msg("%s %s has no column %s", command->noun, command->verb, name);
        }
    }
}

static void test_every_row_fits_its_messages(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t t = 0; t < command_table_count; t++) {
        for (size_t n = 0; n < command_tables[t]->count; n++, count++) {
            const struct command *command = &command_tables[t]->rows[n];
            assert_true(strlen(command->help) > 5);
            assert_ptr_equal(command_find(command->noun, command->verb), command);
            check_options(command);
            if (command->run == NULL) {
                assert_int_not_equal(command->call, 0);
                assert_non_null(command->request);
                assert_non_null(command->reply);
                /* What answers with Written is a change and carries a key; everything else may be repeated freely. */
                assert_int_equal(guanjia_call_is_write(command->call), command->reply == &gj__v1__written__descriptor);
                check_columns(command);
            } else {
                assert_true(command->call != 0 || (command->request == NULL && command->reply == NULL));
            }
        }
    }
    assert_true(count > 100);
    assert_null(command_find("ticket", "nothing"));
    assert_false(command_noun("nothing"));
}

static void test_titles_are_sorted_and_used(void **state)
{
    (void)state;
    assert_string_equal(title_of("office"), "office");
    assert_string_equal(title_of("absent"), "absent");
    assert_string_equal(title_of("weather_mode"), "bad weather");
    assert_string_equal(title_of("kind_code"), "kind");
    assert_string_equal(title_of("ended"), "ended");
    assert_string_equal(title_of("tries"), "tries left");
    assert_string_equal(title_of("unchanged"), "unchanged");
    assert_null(title_of("no_such_field"));
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t at;
    } good[] = {{"2026-02-13T15:00+08:00", INT64_C(1770966000000)}, {"2026-02-13T07:00:00Z", INT64_C(1770966000000)},
        {"2026-02-13T15:00", INT64_C(1770966000000)}, {"2026-02-13 15:00:00", INT64_C(1770966000000)},
        {"2026-02-13", INT64_C(1770912000000)}};
    static const char *const bad[] = {"", "15:00", "2026-02-30", "2026-02-13T25:00", "tomorrow", "2026-02-13T15:00+8"};
    int64_t at = 0;
    char text[VALUE_TIME_SIZE];
    for (size_t n = 0; n < sizeof good / sizeof good[0]; n++) {
        assert_true(value_time(good[n].text, &at));
        assert_int_equal(at, good[n].at);
    }
    for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++) {
        assert_false(value_time(bad[n], &at));
    }
    assert_true(value_time("now", &at) && at > INT64_C(1700000000000));
    value_format_time(INT64_C(1770966000000), text);
    assert_string_equal(text, "2026-02-13T15:00:00+08:00");
    value_format_time(INT64_C(1770966000007), text);
    assert_string_equal(text, "2026-02-13T15:00:00.007+08:00");
    value_format_local(INT64_C(1770966000007), text);
    assert_string_equal(text, "2026-02-13 15:00:00");
}

static void test_numbers(void **state)
{
    (void)state;
    int64_t number = 0;
    uint64_t id = 0;
    bool mistyped = false;
    assert_true(value_scaled("12.5", 2, &number) && number == 1250);
    assert_true(value_scaled("-0.05", 2, &number) && number == -5);
    assert_true(value_scaled("89.37", 4, &number) && number == 893700);
    assert_true(value_scaled("9223372036854775807", 0, &number) && number == INT64_MAX);
    assert_false(value_scaled("9223372036854775808", 0, &number));
    assert_false(value_scaled("92233720368547758.08", 2, &number));
    assert_false(value_scaled("1.234", 2, &number));
    assert_false(value_scaled(".5", 2, &number));
    assert_false(value_scaled("5.", 2, &number));
    assert_false(value_scaled("1.5", 0, &number));
    assert_false(value_scaled("", 2, &number));
    assert_false(value_scaled("-", 2, &number));
    assert_true(value_u64("18446744073709551615", &id) && id == UINT64_MAX);
    assert_false(value_u64("18446744073709551616", &id));
    assert_true(value_id("10452", &id, &mistyped) && id == 10452);
    assert_false(value_id("WX0012026000123", &id, &mistyped));
    assert_false(mistyped);
    assert_true(value_priority("P0", &number) && number == 0);
    assert_true(value_priority("4", &number) && number == 4);
    assert_false(value_priority("P5", &number));
    assert_false(value_priority("P10", &number));
}

static void test_a_mistyped_digit_is_told(void **state)
{
    struct world *world = *state;
    char text[32];
    uint64_t id = 0;
    bool mistyped = false;
    Gj__V1__Office office = GJ__V1__OFFICE__INIT;
    office.id = 10452;
    snprintf(text, sizeof text, "%s", cell_text(&world->cli, &office.base, "id"));
    assert_true(value_id(text, &id, &mistyped));
    assert_int_equal(id, 10452);
    text[2] = text[2] == '9' ? '0' : (char)(text[2] + 1);
    assert_false(value_id(text, &id, &mistyped));
    assert_true(mistyped);
}

static void test_form_fields(void **state)
{
    struct world *world = *state;
    struct gj_arena *arena = &world->cli.arena;
    Gj__V1__ActRequest *act = (Gj__V1__ActRequest *)build_new(arena, &gj__v1__act_request__descriptor);
    struct build_place place = build_place(arena, &act->base, "fields");
    static const char *const good[] = {"trade=plumber", "count:n=-3", "told:b=yes", "fee:m=12.50",
        "appointment_at:t=2026-02-13T15:00", "person:r=7", "photo:x=00ff", "photo:x=01ff",
        "materials:l=item=pipe\\, copper,quantity:n=1.5,price:m=3.20", "materials:l=item=tape,done:b=no", "note=a=b:c",
        "empty="};
    static const char *const bad[] = {"", "=x", "key", "key:q=1", "key:nn=1", "n:n=x", "b:b=maybe", "t:t=later",
        "r:r=x", "x:x=0", "x:x=", "l:l=", "l:l=novalue", "m:m=1.234", ":n=1"};
    for (size_t n = 0; n < sizeof good / sizeof good[0]; n++) {
        assert_true(fields_add(arena, place, NULL, good[n]));
    }
    assert_int_equal(act->n_fields, 10); /* two rows of one table are one field */
    assert_string_equal(act->fields[0]->key, "trade");
    assert_int_equal(act->fields[0]->value_case, GJ__V1__FIELD__VALUE_TEXT);
    assert_string_equal(act->fields[0]->text, "plumber");
    assert_int_equal(act->fields[1]->number, -3);
    assert_int_equal(act->fields[2]->number, 1);
    assert_int_equal(act->fields[3]->money, 1250);
    assert_int_equal(act->fields[4]->time, INT64_C(1770966000000));
    assert_int_equal(act->fields[5]->ref, 7);
    assert_int_equal(act->fields[6]->blob.len, 2);
    assert_int_equal(act->fields[6]->n_blobs, 1);
    assert_int_equal(act->fields[6]->blobs[0].data[0], 1);
    const Gj__V1__Lines *lines = act->fields[7]->lines;
    assert_int_equal(lines->n_rows, 2);
    assert_string_equal(lines->rows[0]->cells[0]->text, "pipe, copper");
    assert_int_equal(lines->rows[0]->cells[1]->number, 1500);
    assert_int_equal(lines->rows[0]->cells[2]->money, 320);
    assert_string_equal(lines->rows[1]->cells[0]->text, "tape");
    assert_int_equal(lines->rows[1]->cells[1]->value_case, GJ__V1__CELL__VALUE_TICK);
    assert_string_equal(act->fields[8]->text, "a=b:c");
    assert_string_equal(act->fields[9]->text, "");
    for (size_t n = 0; n < sizeof bad / sizeof bad[0]; n++) {
        Gj__V1__ActRequest *other = (Gj__V1__ActRequest *)build_new(arena, &gj__v1__act_request__descriptor);
        assert_false(fields_add(arena, build_place(arena, &other->base, "fields"), NULL, bad[n]));
    }
}

static void test_numbers_that_do_not_fit_a_field(void **state)
{
    struct world *world = *state;
    struct gj_arena *arena = &world->cli.arena;
    ProtobufCMessage *act = build_new(arena, &gj__v1__act_request__descriptor);
    assert_true(build_number(arena, build_place(arena, act, "revision"), UINT32_MAX));
    assert_false(build_number(arena, build_place(arena, act, "revision"), (int64_t)UINT32_MAX + 1));
    assert_false(build_number(arena, build_place(arena, act, "revision"), -1));
    ProtobufCMessage *create = build_new(arena, &gj__v1__create_request__descriptor);
    assert_true(build_number(arena, build_place(arena, create, "priority"), -1));
    assert_int_equal(((Gj__V1__CreateRequest *)create)->priority, -1);
    assert_false(build_number(arena, build_place(arena, create, "priority"), (int64_t)INT32_MAX + 1));
    ProtobufCMessage *list = build_new(arena, &gj__v1__list_request__descriptor);
    for (int n = 0; n < 100; n++) {
        assert_true(build_text(arena, build_place(arena, list, "states"), n == 77 ? "NEW" : "OLD"));
    }
    assert_int_equal(((Gj__V1__ListRequest *)list)->n_states, 100);
    assert_string_equal(((Gj__V1__ListRequest *)list)->states[77], "NEW");
}

/* ---- output ------------------------------------------------------------------------------------------------------ */

/* In which column each line has the given text; -1 when it is not there. */
static long column_of(const char *line, const char *text)
{
    const char *at = strstr(line, text);
    return at == NULL ? -1 : (long)gj_text_width(line, (size_t)(at - line));
}

static void test_chinese_columns_line_up(void **state)
{
    struct world *world = *state;
    static const char *const cells[] = {"名称", "n", "end", "北京望京管理处", "12", "|", "Office A", "1234", "|",
        "ＡＢＣ１", "1", "|", "e\xcc\x81t\xc3\xa9", "7", "|"};
    struct grid *grid = grid_new(3);
    grid_right(grid, 1);
    for (size_t n = 0; n < sizeof cells / sizeof cells[0]; n++) {
        assert_true(grid_cell(grid, cells[n]));
    }
    grid_print(grid, world->cli.out);
    grid_free(grid);
    char *rest = NULL;
    char *text = strdup(printed(world));
    char *line = strtok_r(text, "\n", &rest);
    long end = column_of(line, "end");
    assert_int_equal(end, 14 + 2 + 4 + 2);
    for (line = strtok_r(NULL, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        assert_int_equal(column_of(line, "|"), end);
    }
    free(text);
}

static void test_a_terminal_is_not_driven(void **state)
{
    struct world *world = *state;
    struct grid *grid = grid_new(2);
    assert_true(grid_cell(grid, "a\x1b[31mred\n\x7f") && grid_cell(grid, ""));
    grid_print(grid, world->cli.out);
    grid_free(grid);
    assert_string_equal(printed(world), "a?[31mred??\n");
}

static void fill_row(Gj__V1__Row *row)
{
    gj__v1__row__init(row);
    row->id = 10452;
    row->number = (char *)(uintptr_t) "WX0012026000123";
    row->state = (char *)(uintptr_t) "NEW";
    row->place = (char *)(uintptr_t) "三号楼大堂";
    row->priority = 1;
    row->received_at = INT64_C(1770966000000);
    row->breached = true;
}

static void test_one_row_in_every_format(void **state)
{
    struct world *world = *state;
    struct cli *cli = &world->cli;
    Gj__V1__Row row;
    fill_row(&row);
    struct list *list =
        list_begin(cli, "number state priority place received_at due_at breached", &gj__v1__row__descriptor);
    assert_true(list_row(list, &row.base));
    assert_int_equal(list_end(list), EXIT_OK);
    assert_non_null(
        strstr(printed(world), "WX0012026000123  NEW          P1  三号楼大堂  2026-02-13 15:00:00       yes\n"));
    rewind(cli->out);
    cli->format = FORMAT_JSON;
    list = list_begin(cli, "number", &gj__v1__row__descriptor);
    assert_true(list_row(list, &row.base) && list_row(list, &row.base));
    assert_int_equal(list_end(list), EXIT_OK);
    json_t *array = json_loads(printed(world), 0, NULL);
    assert_int_equal(json_array_size(array), 2);
    const json_t *first = json_array_get(array, 0);
    assert_int_equal(json_integer_value(json_object_get(first, "id")), 10452);
    assert_string_equal(json_string_value(json_object_get(first, "received_at")), "2026-02-13T15:00:00+08:00");
    assert_true(json_is_null(json_object_get(first, "due_at")));
    assert_true(json_is_true(json_object_get(first, "breached")));
    assert_string_equal(json_string_value(json_object_get(first, "place")), "三号楼大堂");
    json_decref(array);
}

static void test_ndjson_is_one_line_a_row(void **state)
{
    struct world *world = *state;
    struct cli *cli = &world->cli;
    Gj__V1__Row row;
    fill_row(&row);
    cli->format = FORMAT_NDJSON;
    struct list *list = list_begin(cli, "number", &gj__v1__row__descriptor);
    assert_true(list_row(list, &row.base) && list_row(list, &row.base));
    assert_int_equal(list_end(list), EXIT_OK);
    size_t lines = 0;
    for (const char *at = printed(world); *at != '\0'; at++) {
        lines += *at == '\n';
    }
    assert_int_equal(lines, 2);
    /* An empty list is an empty array, and nothing at all line by line. */
    list = list_begin(cli, "number", &gj__v1__row__descriptor);
    size_t before = world->out_len;
    assert_int_equal(list_end(list), EXIT_OK);
    fflush(cli->out);
    assert_int_equal(world->out_len, before);
}

static void test_a_form_field_shows_its_value(void **state)
{
    struct world *world = *state;
    struct gj_arena *arena = &world->cli.arena;
    Gj__V1__Record *record = (Gj__V1__Record *)build_new(arena, &gj__v1__record__descriptor);
    struct build_place place = build_place(arena, &record->base, "fields");
    assert_true(fields_add(arena, place, NULL, "trade=plumber") && fields_add(arena, place, NULL, "fee:m=12.50"));
    json_t *json = json_of_message(&record->base);
    const json_t *fields = json_object_get(json, "fields");
    assert_string_equal(json_string_value(json_object_get(json_array_get(fields, 0), "value")), "plumber");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(fields, 1), "value")), 1250);
    assert_string_equal(json_string_value(json_object_get(json_array_get(fields, 1), "type")), "money");
    json_decref(json);
    assert_string_equal(cell_text(&world->cli, &record->base, "fields"), "trade=plumber; fee=12.50");
    Gj__V1__Record *other = (Gj__V1__Record *)build_new(arena, &gj__v1__record__descriptor);
    place = build_place(arena, &other->base, "fields");
    assert_true(fields_add(arena, place, NULL, "materials:l=item=tape,quantity:n=0.5,price:m=3") &&
                fields_add(arena, place, NULL, "materials:l=item=valve,quantity:n=10"));
    assert_string_equal(cell_text(&world->cli, &other->base, "fields"),
        "materials=item tape, quantity 0.5, price 3.00; item valve, quantity 10");
}

/* With the declaration at hand nobody writes a type: it is the field's own, in tables the column's. */
static void test_declared_fields(void **state)
{
    struct world *world = *state;
    struct gj_arena *arena = &world->cli.arena;
    Gj__V1__KindField price = GJ__V1__KIND_FIELD__INIT;
    Gj__V1__KindField *columns[] = {&price};
    Gj__V1__KindField fee = GJ__V1__KIND_FIELD__INIT;
    Gj__V1__KindField back_on = GJ__V1__KIND_FIELD__INIT;
    Gj__V1__KindField items = GJ__V1__KIND_FIELD__INIT;
    Gj__V1__KindField *fields[] = {&fee, &back_on, &items};
    Gj__V1__KindInfo kind = GJ__V1__KIND_INFO__INIT;
    Gj__V1__CreateRequest *request = (Gj__V1__CreateRequest *)build_new(arena, &gj__v1__create_request__descriptor);
    price.key = (char *)"price";
    price.type = (char *)"money";
    fee.key = (char *)"fee";
    fee.type = (char *)"number";
    fee.decimals = 2;
    back_on.key = (char *)"back_on";
    back_on.type = (char *)"date";
    items.key = (char *)"items";
    items.type = (char *)"lines";
    items.columns = columns;
    items.n_columns = 1;
    kind.fields = fields;
    kind.n_fields = 3;
    struct build_place place = build_place(arena, &request->base, "fields");
    assert_true(fields_add(arena, place, &kind, "fee=1.25"));
    assert_int_equal(request->fields[0]->number, 125);
    assert_true(fields_add(arena, place, &kind, "back_on=2026-02-13"));
    assert_int_equal(request->fields[1]->value_case, GJ__V1__FIELD__VALUE_TIME);
    assert_true(fields_add(arena, place, &kind, "items=what=tape,price=3.5"));
    assert_int_equal(request->fields[2]->lines->rows[0]->cells[1]->money, 350);
    assert_true(fields_add(arena, place, &kind, "other=3"));
    assert_string_equal(request->fields[3]->text, "3");
    assert_false(fields_add(arena, place, &kind, "fee=soon"));
    assert_false(fields_add(arena, place, &kind, "back_on=soon"));
}

static void test_exit_codes_follow_the_status(void **state)
{
    struct world *world = *state;
    struct cli *cli = &world->cli;
    struct guanjia_answer answer = {.code = "", .field = ""};
    for (int status = 0; status < GUANJIA_STATUS_COUNT; status++) {
        answer.status = status;
        assert_int_equal(cli_answer_exit(cli, GUANJIA_OK, &answer), status == 0 ? 0 : 10 + status);
        assert_true(strlen(text_of_status(status)) > 3);
    }
    answer.status = 999;
    assert_int_equal(cli_answer_exit(cli, GUANJIA_OK, &answer), EXIT_LOCAL);
    assert_int_equal(cli_answer_exit(cli, GUANJIA_ETIMEDOUT, NULL), EXIT_NETWORK);
    assert_int_equal(cli_answer_exit(cli, GUANJIA_EIO, NULL), EXIT_NETWORK);
    assert_int_equal(cli_answer_exit(cli, GUANJIA_EREVOKED, NULL), EXIT_ENROL);
    assert_int_equal(cli_answer_exit(cli, GUANJIA_ENOMEM, NULL), EXIT_LOCAL);
}

static void test_refusals_in_words_and_as_json(void **state)
{
    struct world *world = *state;
    struct cli *cli = &world->cli;
    const char *const params[] = {"five"};
    struct guanjia_answer answer = {.status = GUANJIA_S_INVALID, .code = "field_missing", .field = "trade"};
    assert_int_equal(cli_answer_exit(cli, GUANJIA_OK, &answer), 11);
    fflush(cli->err);
    assert_string_equal(world->err, "guanjia: trade is missing (field_missing: trade)\n");
    answer = (struct guanjia_answer){
        .status = GUANJIA_S_REFUSED, .code = "limit_reached", .field = "", .params = params, .param_count = 1};
    cli->format = FORMAT_JSON;
    assert_int_equal(cli_answer_exit(cli, GUANJIA_OK, &answer), 16);
    fflush(cli->err);
    assert_non_null(strstr(world->err, "a limit is reached: five (limit_reached)"));
    json_t *json = json_loads(printed(world), 0, NULL);
    const json_t *error = json_object_get(json, "error");
    assert_string_equal(json_string_value(json_object_get(error, "status")), "REFUSED");
    assert_string_equal(json_string_value(json_array_get(json_object_get(error, "params"), 0)), "five");
    json_decref(json);
    /* A code of a newer server is shown as it is. */
    answer = (struct guanjia_answer){.status = GUANJIA_S_REFUSED, .code = "brand.new", .field = ""};
    assert_int_equal(cli_answer_exit(cli, GUANJIA_OK, &answer), 16);
    fflush(cli->err);
    assert_non_null(strstr(world->err, "a rule says no (brand.new)"));
}

static void test_texts_are_filled(void **state)
{
    (void)state;
    char out[64];
    const char *const params[] = {"one", "two"};
    text_fill("{field}: {2} and {1}, {3} {x} {", "place", params, 2, out, sizeof out);
    assert_string_equal(out, "place: two and one, {3} {x} {");
    text_fill("{1}{1}{1}", "", params, 2, out, 8);
    assert_string_equal(out, "oneoneo");
    text_fill("", "", NULL, 0, out, sizeof out);
    assert_string_equal(out, "");
}

static void test_csv_rows(void **state)
{
    (void)state;
    static const char text[] = "a,b\r\n\"x\ny\",\"q\"\"q\"\nlast,";
    size_t lines = 0;
    size_t count = 0;
    char *fields[4];
    char row[64];
    size_t len = csv_row(text, sizeof text - 1, &lines);
    assert_int_equal(len, 5);
    assert_int_equal(lines, 1);
    memcpy(row, text, len);
    assert_true(csv_split(row, len, fields, 4, &count));
    assert_int_equal(count, 2);
    assert_string_equal(fields[0], "a");
    assert_string_equal(fields[1], "b");
    size_t next = csv_row(text + len, sizeof text - 1 - len, &lines);
    assert_int_equal(lines, 2);
    memcpy(row, text + len, next);
    assert_true(csv_split(row, next, fields, 4, &count));
    assert_string_equal(fields[0], "x\ny");
    assert_string_equal(fields[1], "q\"q");
    len += next;
    next = csv_row(text + len, sizeof text - 1 - len, &lines);
    assert_int_equal(next, 5);
    memcpy(row, text + len, next);
    row[next] = '\0';
    assert_true(csv_split(row, next, fields, 4, &count));
    assert_int_equal(count, 2);
    assert_string_equal(fields[0], "last");
    assert_string_equal(fields[1], "");
    strcpy(row, "\"open");
    assert_false(csv_split(row, 5, fields, 4, &count));
    strcpy(row, "\"a\"b,c");
    assert_false(csv_split(row, 6, fields, 4, &count));
    strcpy(row, "1,2,3,4,5");
    assert_false(csv_split(row, 9, fields, 4, &count));
    assert_int_equal(csv_row("", 0, &lines), 0);
    assert_int_equal(lines, 0);
}

/* An entry and its leaf as a daemon wrote them. */
static const char entry_hex[] = "01000002000000080000000000000029000001a2013629d200000001000000020000000000000005000000"
                                "00000000050000000000000001000000030000"
                                "050200000001000100000000000000280474656368066163636570740a4449535041544348454408414343"
                                "455054454401a2013629d14197b66f49b35905"
                                "8ab3";
static const char leaf_hex[] = "dc2cb37a08418b47a77a65122d93dc0a768f78d83d6f22b5232aec3d71c0675f";

static void test_an_audit_entry_is_read_by_its_description(void **state)
{
    (void)state;
    uint8_t bytes[sizeof entry_hex / 2];
    uint8_t leaf[32];
    size_t len = strlen(entry_hex) / 2;
    struct audit_entry entry;
    assert_int_equal(gj_id_unhex(entry_hex, strlen(entry_hex), bytes, len), GJ_OK);
    assert_int_equal(gj_id_unhex(leaf_hex, strlen(leaf_hex), leaf, sizeof leaf), GJ_OK);
    assert_true(audit_entry_read(bytes, len, &entry));
    assert_string_equal(audit_entry_type(entry.type), "action");
    assert_int_equal(entry.index, 41);
    assert_int_equal(entry.recorded_at, INT64_C(1795316656594));
    assert_int_equal(entry.office, 2);
    assert_int_equal(entry.actor, 5);
    assert_int_equal(entry.subject, 1);
    assert_int_equal(entry.revision, 3);
    assert_int_equal(entry.call, GJ__V1__CALL__RECORD_ACT);
    assert_int_equal(entry.previous, 40);
    assert_string_equal(entry.role, "tech");
    assert_string_equal(entry.action, "accept");
    assert_string_equal(entry.from, "DISPATCHED");
    assert_string_equal(entry.to, "ACCEPTED");
    assert_true(audit_entry_is_leaf(bytes, len, leaf, sizeof leaf));
    for (size_t at = 0; at < len; at++) {
        assert_false(audit_entry_read(bytes, at, &entry));
        bytes[at] ^= 1;
        assert_false(audit_entry_is_leaf(bytes, len, leaf, sizeof leaf));
        bytes[at] ^= 1;
    }
    bytes[0] = 2;
    assert_false(audit_entry_read(bytes, len, &entry));
    assert_null(audit_entry_type(0));
    assert_null(audit_entry_type(999));
}

static void test_cells_of_a_roster(void **state)
{
    struct roster_sheet_shift shift;
    int64_t from = 0;
    int64_t until = 0;
    (void)state;
    assert_true(roster_sheet_shift("8-16", &shift));
    assert_true(shift.from_min == 480 && shift.until_min == 960 && !shift.standby);
    assert_true(roster_sheet_shift(" *20:30-08:00 ", &shift));
    assert_true(shift.from_min == 1230 && shift.until_min == 1920 && shift.standby);
    assert_true(roster_sheet_shift("0-24", &shift));
    assert_true(shift.from_min == 0 && shift.until_min == 1440);
    static const char *const none[] = {"", "8", "8-", "8~16", "8-16x", "25-26", "24-8", "8:60-9", "-8-16", "**8-16"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_false(roster_sheet_shift(none[i], &shift));
    }
    assert_true(roster_sheet_month("2026-02", &from, &until));
    assert_true(until - from == INT64_C(28) * 86400000);
    assert_true(roster_sheet_month("2026-12", &from, &until));
    assert_true(until - from == INT64_C(31) * 86400000);
    assert_false(roster_sheet_month("2026-13", &from, &until));
    assert_false(roster_sheet_month("2026-1", &from, &until));
    assert_false(roster_sheet_month("2026-12-01", &from, &until));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_cells_of_a_roster),
        CASE(test_lines_that_are_right),
        CASE(test_lines_that_are_wrong),
        CASE(test_help_needs_no_whole_line),
        CASE(test_every_row_fits_its_messages),
        CASE(test_titles_are_sorted_and_used),
        CASE(test_times),
        CASE(test_numbers),
        CASE(test_a_mistyped_digit_is_told),
        CASE(test_form_fields),
        CASE(test_declared_fields),
        CASE(test_numbers_that_do_not_fit_a_field),
        CASE(test_chinese_columns_line_up),
        CASE(test_a_terminal_is_not_driven),
        CASE(test_one_row_in_every_format),
        CASE(test_ndjson_is_one_line_a_row),
        CASE(test_a_form_field_shows_its_value),
        CASE(test_exit_codes_follow_the_status),
        CASE(test_refusals_in_words_and_as_json),
        CASE(test_texts_are_filled),
        CASE(test_csv_rows),
        CASE(test_an_audit_entry_is_read_by_its_description),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
