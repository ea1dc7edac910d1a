#include "tests/store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/limits.h"
#include "store/pack.h"
#include "store/record.h"
#include "store/stored.pb-c.h"
#include "store/words.h"

#define AT INT64_C(1771000000000)

/* A record with a value of every shape, and its strings and lists; lives as long as the test. */
struct sample {
    Gj__Stored__Record record;
    Gj__V1__Field fields[9];
    Gj__V1__Field *field_list[9];
    Gj__V1__Timer timer;
    Gj__V1__Timer *timer_list[1];
    Gj__V1__Lines lines;
    Gj__V1__Line line;
    Gj__V1__Line *line_list[1];
    Gj__V1__Cell cells[3];
    Gj__V1__Cell *cell_list[3];
    ProtobufCBinaryData blobs[2];
};

static uint8_t bytes[] = {0, 1, 2, 250, 251, 252};

static void fill_lines(struct sample *s)
{
    for (size_t i = 0; i < 3; i++) {
        gj__v1__cell__init(&s->cells[i]);
        s->cell_list[i] = &s->cells[i];
    }
    s->cells[0].key = (char *)"item";
    s->cells[0].value_case = GJ__V1__CELL__VALUE_TEXT;
    s->cells[0].text = (char *)"角阀";
    s->cells[1].key = (char *)"price";
    s->cells[1].value_case = GJ__V1__CELL__VALUE_MONEY;
    s->cells[1].money = -1250;
    s->cells[2].key = (char *)"done";
    s->cells[2].value_case = GJ__V1__CELL__VALUE_TICK;
    gj__v1__line__init(&s->line);
    s->line.cells = s->cell_list;
    s->line.n_cells = 3;
    s->line_list[0] = &s->line;
    gj__v1__lines__init(&s->lines);
    s->lines.rows = s->line_list;
    s->lines.n_rows = 1;
}

static void fill_fields(struct sample *s)
{
    static const char *const keys[9] = {"way", "zero", "least", "when", "who", "lines", "photo", "words", "photos"};
    for (size_t i = 0; i < 9; i++) {
        gj__v1__field__init(&s->fields[i]);
        s->fields[i].key = (char *)keys[i];
        s->field_list[i] = &s->fields[i];
    }
    s->fields[0].value_case = GJ__V1__FIELD__VALUE_TEXT;
    s->fields[0].text = (char *)"电话";
    s->fields[1].value_case = GJ__V1__FIELD__VALUE_NUMBER; /* a default that is a value */
    s->fields[2].value_case = GJ__V1__FIELD__VALUE_NUMBER;
    s->fields[2].number = INT64_MIN;
    s->fields[3].value_case = GJ__V1__FIELD__VALUE_TIME;
    s->fields[3].time = AT - 86400000;
    s->fields[4].value_case = GJ__V1__FIELD__VALUE_REF;
    s->fields[4].ref = UINT64_MAX;
    s->fields[5].value_case = GJ__V1__FIELD__VALUE_LINES;
    s->fields[5].lines = &s->lines;
    s->fields[6].value_case = GJ__V1__FIELD__VALUE_BLOB;
    s->fields[6].blob = (ProtobufCBinaryData){.data = bytes, .len = sizeof bytes};
    s->fields[7].value_case = GJ__V1__FIELD__VALUE_SEALED;
    s->fields[7].sealed = (ProtobufCBinaryData){.data = bytes, .len = 3};
    s->blobs[0] = s->fields[6].blob;
    s->fields[8].blobs = s->blobs;
    s->fields[8].n_blobs = 2;
}

static const ProtobufCMessage *fill(struct sample *s)
{
    memset(s, 0, sizeof *s);
    gj__stored__record__init(&s->record);
    fill_lines(s);
    fill_fields(s);
    gj__v1__timer__init(&s->timer);
    s->timer.name = (char *)"finish";
    s->timer.started_at = AT;
    s->timer.due_at = AT + 7200000;
    s->timer.paused_ms = 500;
    s->timer.met = true;
    s->timer_list[0] = &s->timer;
    s->record.id = 7;
    s->record.number = (char *)"WXB0012026000007";
    s->record.state = (char *)"WORKING";
    s->record.received_at = AT;
    s->record.closed_at = INT64_MAX;
    s->record.open = true;
    s->record.place = (char *)"3-2-1801";
    s->record.fields = s->field_list;
    s->record.n_fields = 9;
    s->record.timers = s->timer_list;
    s->record.n_timers = 1;
    s->record.entries = (ProtobufCBinaryData){.data = bytes, .len = sizeof bytes};
    return &s->record.base;
}

static void expect_equal(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    static uint8_t one[4096], other[4096];
    size_t len = protobuf_c_message_get_packed_size(a);
    assert_true(len <= sizeof one);
    assert_int_equal(protobuf_c_message_get_packed_size(b), len);
    protobuf_c_message_pack(a, one);
    protobuf_c_message_pack(b, other);
    assert_memory_equal(one, other, len);
}

static void a_record_comes_back_from_fewer_bytes(void **state)
{
    struct fixture *f = *state;
    struct sample sample;
    struct gj_arena arena;
    struct gj_key key = gj_key_of_u64(7);
    gj_arena_init(&arena, 1 << 16);
    struct gj_txn *txn = fixture_write(f);
    gj_record_save(txn, GJ_TABLE_RECORD, &key, fill(&sample));
    fixture_commit(txn);
    for (unsigned round = 0; round < 2; round++) {
        txn = fixture_read(f);
        Gj__Stored__Record *back = NULL;
        assert_true(
            gj_record_load(txn, GJ_TABLE_RECORD, &key, &gj__stored__record__descriptor, &arena, (void **)&back));
        expect_equal(&back->base, &sample.record.base);
        struct gj_value row;
        assert_true(gj_txn_get(txn, GJ_TABLE_RECORD, &key, &row));
        assert_true(row.len < protobuf_c_message_get_packed_size(&sample.record.base));
        gj_txn_abort(txn);
        fixture_reopen(f); /* words are read from their table again */
    }
    gj_arena_fini(&arena);
}

/* Whatever a damaged row holds, it is either a message or GJ_ECORRUPT. */
static void a_damaged_row_is_told_or_read(void **state)
{
    struct fixture *f = *state;
    struct sample sample;
    struct gj_arena arena;
    struct gj_buf buf;
    gj_arena_init(&arena, 1 << 16);
    gj_buf_init(&buf, 1 << 16);
    struct gj_txn *txn = fixture_write(f);
    assert_true(gj_pack(txn, fill(&sample), &buf));
    ProtobufCMessage *message = NULL;
    uint8_t *copy = malloc(buf.len);
    for (size_t len = 0; len < buf.len; len++) {
        memcpy(copy, gj_buf_bytes(&buf), buf.len);
        gj_arena_reset(&arena);
        assert_int_equal(gj_unpack(txn, &gj__stored__record__descriptor, &arena, copy, len, &message), GJ_ECORRUPT);
        for (unsigned bit = 0; bit < 8; bit++) {
            copy[len] ^= (uint8_t)(1u << bit);
            gj_arena_reset(&arena);
            enum gj_err err = gj_unpack(txn, &gj__stored__record__descriptor, &arena, copy, buf.len, &message);
            assert_true(err == GJ_OK || err == GJ_ECORRUPT || err == GJ_ETOOBIG);
            copy[len] ^= (uint8_t)(1u << bit);
        }
    }
    free(copy);
    gj_txn_abort(txn);
    gj_buf_fini(&buf);
    gj_arena_fini(&arena);
}

static void a_word_has_one_number_for_ever(void **state)
{
    struct fixture *f = *state;
    uint32_t first = 0, second = 0;
    size_t len = 0;
    struct gj_txn *txn = fixture_write(f);
    assert_false(gj_words_number(txn, "WORKING", 7, false, &first));
    assert_true(gj_words_number(txn, "WORKING", 7, true, &first));
    fixture_commit(txn);
    txn = fixture_write(f); /* what fails coins nothing, and the next word takes the number */
    assert_true(gj_words_number(txn, "LOST", 4, true, &second));
    assert_string_equal(gj_words_text(txn, second, &len), "LOST");
    gj_txn_abort(txn);
    txn = fixture_read(f);
    assert_null(gj_words_text(txn, second, &len));
    gj_txn_abort(txn);
    txn = fixture_write(f);
    assert_false(gj_words_number(txn, "LOST", 4, false, &second));
    assert_true(gj_words_number(txn, "CLOSED", 6, true, &second));
    assert_int_equal(second, first + 1);
    fixture_commit(txn);
    fixture_reopen(f);
    txn = fixture_read(f);
    assert_string_equal(gj_words_text(txn, first, &len), "WORKING");
    assert_int_equal(len, 7);
    assert_string_equal(gj_words_text(txn, second, &len), "CLOSED");
    assert_int_equal(gj_txn_count(txn, GJ_TABLE_WORD), 2);
    gj_txn_abort(txn);
}

/* A vocabulary without end would be an error of a policy; rows go on being written. */
static void beyond_the_last_word_there_is_text(void **state)
{
    struct fixture *f = *state;
    struct sample sample;
    struct gj_arena arena;
    struct gj_key key = gj_key_of_u64(7);
    uint32_t number = 0;
    char word[16];
    gj_arena_init(&arena, 1 << 16);
    struct gj_txn *txn = fixture_write(f);
    for (unsigned i = 0; i < GJ_WORDS_MAX; i++) {
        int len = snprintf(word, sizeof word, "w%u", i);
        assert_true(gj_words_number(txn, word, (size_t)len, true, &number));
        assert_int_equal(number, i);
    }
    assert_false(gj_words_number(txn, "one_more", 8, true, &number));
    gj_record_save(txn, GJ_TABLE_RECORD, &key, fill(&sample));
    struct gj_entry entry = fixture_entry(1);
    gj_entry_append(txn, &entry, NULL, 0);
    fixture_commit(txn);
    fixture_reopen(f);
    txn = fixture_read(f);
    Gj__Stored__Record *back = NULL;
    struct gj_entry_row row;
    assert_true(gj_record_load(txn, GJ_TABLE_RECORD, &key, &gj__stored__record__descriptor, &arena, (void **)&back));
    expect_equal(&back->base, &sample.record.base);
    assert_true(gj_entry_get(txn, 0, &row));
    assert_string_equal(row.entry.action.text, entry.action.text);
    gj_txn_abort(txn);
    gj_arena_fini(&arena);
}

int main(void)
{
#define T_ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T_ROW(a_record_comes_back_from_fewer_bytes),
        T_ROW(a_damaged_row_is_told_or_read),
        T_ROW(a_word_has_one_number_for_ever),
        T_ROW(beyond_the_last_word_there_is_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
