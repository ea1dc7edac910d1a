#include "tests/common/check.h"

#include <string.h>

#include "common/pb_out.h"
#include "proto/directory.pb-c.h"
#include "proto/inbox.pb-c.h"
#include "proto/record.pb-c.h"
#include "proto/register.pb-c.h"

#define ROOM 4096

static void check_same(const ProtobufCMessage *msg)
{
    uint8_t theirs[ROOM], ours[ROOM];
    struct gj_pb_out out;
    size_t len = protobuf_c_message_pack(msg, theirs);
    gj_pb_out_init(&out, ours, sizeof ours);
    gj_pb_out_message(&out, msg);
    assert_false(out.full);
    assert_int_equal(gj_pb_out_len(&out), len);
    assert_memory_equal(out.at, theirs, len);
    /* A room one byte too small is told, and nothing before it is touched. */
    if (len > 0) {
        uint8_t tight[ROOM];
        memset(tight, 0x5a, sizeof tight);
        gj_pb_out_init(&out, tight + 8, len - 1);
        gj_pb_out_message(&out, msg);
        assert_true(out.full);
        for (size_t i = 0; i < 8; i++) {
            assert_int_equal(tight[i], 0x5a);
            assert_int_equal(tight[8 + len - 1 + i], 0x5a);
        }
    }
}

static void numbers_of_every_size_and_sign(void **state)
{
    (void)state;
    const uint64_t numbers[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_C(1) << 35, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        Gj__V1__Row row = GJ__V1__ROW__INIT;
        Gj__V1__Line line = GJ__V1__LINE__INIT;
        Gj__V1__CreateRequest create = GJ__V1__CREATE_REQUEST__INIT;
        row.id = numbers[i];
        row.kind = (uint32_t)numbers[i];
        row.received_at = (int64_t)numbers[i];
        row.due_at = -(int64_t)(numbers[i] / 2);
        row.breached = i % 2 == 1;
        create.priority = -(int32_t)(numbers[i] & 0xffff);
        check_same(&row.base);
        check_same(&create.base);
        check_same(&line.base); /* nothing in it */
    }
}

static void members_of_a_oneof_are_there_when_chosen(void **state)
{
    (void)state;
    Gj__V1__Field field = GJ__V1__FIELD__INIT;
    field.key = "a";
    field.value_case = GJ__V1__FIELD__VALUE_NUMBER; /* zero, but said */
    check_same(&field.base);
    field.value_case = GJ__V1__FIELD__VALUE_TEXT;
    field.text = "";
    check_same(&field.base);
    field.text = "漏水";
    check_same(&field.base);
    field.text = NULL;
    check_same(&field.base);
    field.value_case = GJ__V1__FIELD__VALUE_BLOB;
    field.blob = (ProtobufCBinaryData){.data = (uint8_t *)"\0\1", .len = 2};
    check_same(&field.base);
    field.blob.len = 0;
    check_same(&field.base);
    field.value_case = GJ__V1__FIELD__VALUE__NOT_SET;
    check_same(&field.base);
}

static void trees_and_lists(void **state)
{
    (void)state;
    char longer[300];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    Gj__V1__Cell cells[2] = {GJ__V1__CELL__INIT, GJ__V1__CELL__INIT}, *cell_list[2] = {&cells[0], &cells[1]};
    cells[0].key = "item";
    cells[0].value_case = GJ__V1__CELL__VALUE_TEXT;
    cells[0].text = longer;
    cells[1].value_case = GJ__V1__CELL__VALUE_TICK;
    Gj__V1__Line line = GJ__V1__LINE__INIT, *line_list[2] = {&line, &line};
    line.cells = cell_list;
    line.n_cells = 2;
    Gj__V1__Lines lines = GJ__V1__LINES__INIT;
    lines.rows = line_list;
    lines.n_rows = 2;
    Gj__V1__Field field = GJ__V1__FIELD__INIT, *fields[1] = {&field};
    ProtobufCBinaryData blobs[2] = {{.len = 3, .data = (uint8_t *)"abc"}, {0}};
    field.key = "materials";
    field.value_case = GJ__V1__FIELD__VALUE_LINES;
    field.lines = &lines;
    field.blobs = blobs;
    field.n_blobs = 2;
    Gj__V1__Record record = GJ__V1__RECORD__INIT;
    record.number = "R-1";
    record.fields = fields;
    record.n_fields = 1;
    check_same(&record.base);
    uint64_t ids[] = {0, 1, 300, UINT64_MAX};
    Gj__V1__InboxAckRequest ack = GJ__V1__INBOX_ACK_REQUEST__INIT; /* a packed array */
    ack.ids = ids;
    ack.n_ids = 4;
    check_same(&ack.base);
}

static void fields_of_a_newer_version_are_kept(void **state)
{
    (void)state;
    uint8_t bytes[] = {0x08, 0x05, 0xa2, 0x1f, 0x02, 'h', 'i', 0xa8, 0x1f, 0x07};
    Gj__V1__Row *row = gj__v1__row__unpack(NULL, sizeof bytes, bytes);
    assert_non_null(row);
    assert_int_equal(row->base.n_unknown_fields, 2);
    check_same(&row->base);
    gj__v1__row__free_unpacked(row, NULL);
}

static void what_is_encoded_already_takes_its_place_in_a_tree(void **state)
{
    (void)state;
    Gj__V1__Row rows[2] = {GJ__V1__ROW__INIT, GJ__V1__ROW__INIT}, *list[2] = {&rows[0], &rows[1]};
    rows[0].id = 7;
    rows[0].place = "3-2-1801";
    rows[1].id = 8;
    Gj__V1__RowList page = GJ__V1__ROW_LIST__INIT;
    page.rows = list;
    page.n_rows = 2;
    page.event = 9;
    uint8_t theirs[ROOM], ours[ROOM], first[ROOM];
    size_t len = protobuf_c_message_pack(&page.base, theirs);
    struct gj_pb_ready ready = {
        .base.descriptor = &gj_pb_ready_descriptor, .bytes = first, .len = gj__v1__row__pack(&rows[0], first)};
    list[0] = (Gj__V1__Row *)(void *)&ready;
    struct gj_pb_out out;
    gj_pb_out_init(&out, ours, sizeof ours);
    gj_pb_out_message(&out, &page.base);
    assert_int_equal(gj_pb_out_len(&out), len);
    assert_memory_equal(out.at, theirs, len);
}

static void pieces_by_hand(void **state)
{
    (void)state;
    Gj__V1__Row row = GJ__V1__ROW__INIT;
    row.id = 300;
    row.number = "R-2";
    uint8_t theirs[ROOM], ours[ROOM];
    size_t len = gj__v1__row__pack(&row, theirs);
    struct gj_pb_out out;
    gj_pb_out_init(&out, ours, sizeof ours);
    gj_pb_out_text(&out, 4, "");
    gj_pb_out_text(&out, 3, "R-2");
    gj_pb_out_number(&out, 2, 0);
    gj_pb_out_number(&out, 1, 300);
    assert_int_equal(gj_pb_out_len(&out), len);
    assert_memory_equal(out.at, theirs, len);
    gj_pb_out_wrap(&out, 2, out.end);
    assert_int_equal(out.at[0], 2 << 3 | 2);
    assert_int_equal(out.at[1], len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_every_size_and_sign),
        cmocka_unit_test(members_of_a_oneof_are_there_when_chosen),
        cmocka_unit_test(trees_and_lists),
        cmocka_unit_test(fields_of_a_newer_version_are_kept),
        cmocka_unit_test(what_is_encoded_already_takes_its_place_in_a_tree),
        cmocka_unit_test(pieces_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
