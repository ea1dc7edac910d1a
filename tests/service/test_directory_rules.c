/* Pure rules of the directory: rooms, names, numbers, CSV, columns, and what a line of an import says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "service/directory/csv.h"
#include "service/directory/directory_rules.h"
#include "service/directory/import_rules.h"

/* ---- rooms, names, numbers ---- */

static void test_rooms(void **state)
{
    static const struct {
        const char *text, *room;
    } rooms[] = {
        {"3-2-1801", "3-2-1801"},
        {" ３－２－１８０１　", "3-2-1801"},
        {"a座 1201", "A座1201"},
        {"1—1—101", "1-1-101"},
        {"", NULL},
        {"   ", NULL},
        {"a,b", NULL},
        {"x\ty\n", NULL},
    };
    char room[GJ_ROOM_SIZE], longest[GJ_ROOM_SIZE + 1];
    (void)state;
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        bool good = gj_directory_rules_room(rooms[i].text, strlen(rooms[i].text), room);
        assert_int_equal(good, rooms[i].room != NULL);
        if (good) {
            assert_string_equal(room, rooms[i].room);
        }
    }
    memset(longest, '1', sizeof longest);
    assert_true(gj_directory_rules_room(longest, GJ_ROOM_SIZE - 1, room));
    assert_false(gj_directory_rules_room(longest, GJ_ROOM_SIZE, room));
}

static void test_surnames(void **state)
{
    static const struct {
        const char *name;
        size_t len;
    } names[] = {{"王小明", 3}, {"欧阳修", 6}, {"欧阳", 3}, {"司马相如", 6}, {"单于", 3}, {"Smith John", 5}, {"", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(gj_directory_rules_surname(names[i].name, strlen(names[i].name)), names[i].len);
    }
}

static void test_masks(void **state)
{
    static const struct {
        void (*rule)(const char *, char *, size_t);
        const char *text, *masked;
    } masks[] = {
        {gj_directory_rules_mask_phone, "13800138000", "138****8000"},
        {gj_directory_rules_mask_phone, "075581234567#12", "075****4567"},
        {gj_directory_rules_mask_phone, "81234567", "****4567"},
        {gj_directory_rules_mask_phone, "110", "****"},
        {gj_directory_rules_mask_name, "王小明", "王**"},
        {gj_directory_rules_mask_name, "欧阳修", "欧阳**"},
        {gj_directory_rules_mask_plate, "粤B12345", "粤B***45"},
    };
    char out[64], last[5];
    (void)state;
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        masks[i].rule(masks[i].text, out, sizeof out);
        assert_string_equal(out, masks[i].masked);
    }
    assert_true(gj_directory_rules_last4("075581234567#12", last));
    assert_string_equal(last, "4567");
    assert_false(gj_directory_rules_last4("110", last));
    assert_true(gj_directory_rules_is_last4("0007"));
    assert_false(gj_directory_rules_is_last4("00x7"));
}

static void test_purposes(void **state)
{
    (void)state;
    assert_true(gj_directory_rules_purpose("call", 0));
    assert_true(gj_directory_rules_purpose("", 7));
    assert_false(gj_directory_rules_purpose("", 0));
    assert_false(gj_directory_rules_purpose("just looking", 0));
    assert_false(gj_directory_rules_purpose("a_word_that_is_longer_than_an_entry_has_room_for", 0));
}

/* ---- CSV ---- */

static void test_csv(void **state)
{
    static const char text[] = "\xef\xbb\xbf"
                               "a, b ,\"c, \"\"d\"\"\"\r\n\r\n\"two\nlines\",x\n,,\nlast";
    struct gj_arena arena;
    struct gj_csv csv;
    struct gj_csv_row row;
    (void)state;
    gj_arena_init(&arena, 1 << 20);
    gj_csv_init(&csv, &arena, text, sizeof text - 1, 10);
    assert_true(gj_csv_next(&csv, &row));
    assert_int_equal(row.line, 10);
    assert_int_equal(row.count, 3);
    assert_string_equal(row.cells[1].text, "b");
    assert_string_equal(row.cells[2].text, "c, \"d\"");
    assert_true(gj_csv_next(&csv, &row));
    assert_int_equal(row.line, 12);
    assert_string_equal(row.cells[0].text, "two\nlines");
    assert_string_equal(row.cells[1].text, "x");
    assert_true(gj_csv_next(&csv, &row));
    assert_int_equal(row.line, 14);
    assert_int_equal(row.count, 3);
    assert_int_equal(row.cells[2].len, 0);
    assert_true(gj_csv_next(&csv, &row));
    assert_string_equal(row.cells[0].text, "last");
    assert_false(gj_csv_next(&csv, &row));
    gj_arena_fini(&arena);
}

static void test_bad_csv(void **state)
{
    static const struct {
        const char *text, *problem;
    } bad[] = {{"a,\"b\nnext,row", "csv_quote"}, {"a\"b,c\nnext,row", "csv_quote"}, {"\"a\"b\nnext,row", "csv_quote"},
        {"1,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\nnext,row", "csv_columns"}};
    struct gj_arena arena;
    (void)state;
    gj_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct gj_csv csv;
        struct gj_csv_row row;
        gj_csv_init(&csv, &arena, bad[i].text, strlen(bad[i].text), 1);
        assert_true(gj_csv_next(&csv, &row));
        assert_string_equal(row.problem, bad[i].problem);
        assert_true(gj_csv_next(&csv, &row));
        assert_null(row.problem);
        assert_string_equal(row.cells[0].text, "next");
        assert_false(gj_csv_next(&csv, &row));
    }
    /* An arena that is full ends it; nothing is made up. */
    struct gj_csv csv;
    struct gj_csv_row row;
    struct gj_arena tiny;
    gj_arena_init(&tiny, 4);
    gj_csv_init(&csv, &tiny, "a long cell,b", 13, 1);
    assert_false(gj_csv_next(&csv, &row));
    assert_true(csv.failed);
    gj_arena_fini(&tiny);
    gj_arena_fini(&arena);
}

/* ---- columns and cells ---- */

static void test_header(void **state)
{
    struct gj_arena arena;
    struct gj_csv csv;
    struct gj_csv_row row;
    struct gj_import_map map;
    const char *column = NULL;
    unsigned at = 0;
    (void)state;
    gj_arena_init(&arena, 1 << 20);
    gj_csv_init(&csv, &arena, "Room,业主手机,栋", strlen("Room,业主手机,栋"), 1);
    assert_true(gj_csv_next(&csv, &row));
    assert_null(gj_import_rules_header(GJ_IMPORT_HOUSEHOLDS, true, &row, &map, &column, &at));
    assert_int_equal(map.count, 3);
    assert_int_equal(map.column[1], GJ_COLUMN_OWNER_PHONE);
    assert_string_equal(
        gj_import_rules_header(GJ_IMPORT_HOUSEHOLDS, false, &row, &map, &column, &at), "column_missing");
    assert_string_equal(column, "office");
    /* A column of the other kind of file is none of this one. */
    assert_string_equal(gj_import_rules_header(GJ_IMPORT_STAFF, true, &row, &map, &column, &at), "column_unknown");
    assert_int_equal(at, 1);
    for (unsigned i = 0; i < GJ_COLUMN_COUNT; i++) {
        assert_int_equal(gj_import_rules_by_word(gj_import_rules_word((enum gj_import_column)i)), i);
    }
    assert_int_equal(gj_import_rules_by_word("nothing"), GJ_COLUMN_COUNT);
    gj_arena_fini(&arena);
}

static void test_cells(void **state)
{
    static const char *const dates[] = {"2021-06-30", "2021/6/30", "2021年6月30日"};
    static const char *const no_dates[] = {"", "2021-02-30", "2021-13-01", "30.06.2021", "2021-06-30x", "20210630"};
    int64_t ms = 0, cm2 = 0;
    Gj__V1__Occupancy occupancy;
    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        assert_true(gj_import_rules_date(dates[i], &ms));
        assert_int_equal(ms, INT64_C(1624982400000));
    }
    for (size_t i = 0; i < sizeof no_dates / sizeof no_dates[0]; i++) {
        assert_false(gj_import_rules_date(no_dates[i], &ms));
    }
    assert_true(gj_import_rules_area("89.37", &cm2));
    assert_int_equal(cm2, 893700);
    assert_true(gj_import_rules_area("100", &cm2));
    assert_int_equal(cm2, 1000000);
    assert_false(gj_import_rules_area("0", &cm2));
    assert_false(gj_import_rules_area("-1", &cm2));
    assert_false(gj_import_rules_area("1.23456", &cm2));
    assert_false(gj_import_rules_area("1.2.3", &cm2));
    assert_false(gj_import_rules_area("100001", &cm2));
    assert_false(gj_import_rules_area("9999999999999999999", &cm2));
    assert_true(gj_import_rules_occupancy("空置", &occupancy));
    assert_int_equal(occupancy, GJ__V1__OCCUPANCY__VACANT);
    assert_true(gj_import_rules_occupancy("let", &occupancy));
    assert_false(gj_import_rules_occupancy("maybe", &occupancy));
}

/* ---- a line over what is known ---- */

static uint32_t lay(struct gj_arena *arena, const char *header, const char *line, Gj__V1__Household *plain,
    struct gj_import_faults *faults)
{
    struct gj_csv csv;
    struct gj_csv_row row;
    struct gj_import_map map;
    const char *column = NULL;
    unsigned at = 0;
    uint32_t changed = 0;
    gj_csv_init(&csv, arena, header, strlen(header), 1);
    assert_true(gj_csv_next(&csv, &row));
    assert_null(gj_import_rules_header(GJ_IMPORT_HOUSEHOLDS, true, &row, &map, &column, &at));
    gj_csv_init(&csv, arena, line, strlen(line), 2);
    assert_true(gj_csv_next(&csv, &row));
    faults->count = 0;
    assert_true(gj_import_rules_household(arena, &map, &row, INT64_C(1767574800000), plain, &changed, faults));
    return changed;
}

static void test_lines(void **state)
{
    struct gj_arena arena;
    struct gj_import_faults faults;
    Gj__V1__Household plain = GJ__V1__HOUSEHOLD__INIT;
    (void)state;
    gj_arena_init(&arena, 1 << 20);
    plain.room = "1-101";
    const char *header = "房号,业主,业主电话,租户,租户电话,车牌,面积";
    uint32_t changed =
        lay(&arena, header, "1-101,王一,13800000001;0755-81234567,,,粤B1111;粤B2222,88", &plain, &faults);
    assert_int_equal(faults.count, 0);
    assert_int_equal(
        changed, 1u << GJ_COLUMN_OWNER | 1u << GJ_COLUMN_OWNER_PHONE | 1u << GJ_COLUMN_PLATES | 1u << GJ_COLUMN_AREA);
    assert_int_equal(plain.n_persons, 1);
    assert_string_equal(plain.persons[0]->phones[1], "075581234567");
    assert_int_equal(plain.n_vehicles, 2);
    plain.vehicles[1]->colour = "红";
    /* The same again says nothing new; an empty cell says nothing at all. */
    assert_int_equal(
        lay(&arena, header, "1-101,王一,138 0000 0001;075581234567,,,粤B1111、粤B2222,88.0", &plain, &faults), 0);
    assert_int_equal(lay(&arena, header, "1-101,,,,,,", &plain, &faults), 0);
    /* A car that stays keeps what was known of it; a hyphen clears. */
    assert_int_equal(
        lay(&arena, header, "1-101,,,,,粤B2222,-", &plain, &faults), 1u << GJ_COLUMN_PLATES | 1u << GJ_COLUMN_AREA);
    assert_string_equal(plain.vehicles[0]->colour, "红");
    assert_int_equal(plain.area_cm2, 0);
    assert_int_equal(lay(&arena, header, "1-101,,,李二,13900000002,,", &plain, &faults),
        1u << GJ_COLUMN_TENANT | 1u << GJ_COLUMN_TENANT_PHONE);
    assert_int_equal(plain.persons[1]->relation, GJ__V1__PERSON_RELATION__TENANT);
    assert_int_equal(lay(&arena, header, "1-101,,,-,,,", &plain, &faults), 1u << GJ_COLUMN_TENANT);
    assert_int_equal(plain.n_persons, 1);
    (void)lay(&arena, header, "1-101,,1;2;3;4;5;6;7,,,x,", &plain, &faults);
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.items[0].code, "limit_reached");
    (void)lay(&arena, header, "1-101,,,,13900000002,,", &plain, &faults);
    assert_string_equal(faults.items[0].code, "field_missing");
    assert_int_equal(faults.items[0].column, GJ_COLUMN_TENANT);
    gj_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rooms),
        cmocka_unit_test(test_surnames),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_purposes),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_bad_csv),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
