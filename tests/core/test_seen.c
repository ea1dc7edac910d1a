/* Kept replies: rebuilt from the entry and the record, whole for what the entry does not say. */
#include "core/fixture.h"

#include <string.h>

#include "common/arena.h"
#include "core/seen.h"
#include "store/entry.h"
#include "store/record.h"
#include "store/stored.pb-c.h"

#define KIND 3
#define RECORD 12
#define DEVICE 4

struct kept {
    uint8_t key[16];
    Gj__V1__Written written;
    struct gj_answer answer;
};

static void put_record(struct gj_txn *txn, void *owner)
{
    struct kept *kept = owner;
    Gj__Stored__Record record = GJ__STORED__RECORD__INIT;
    struct gj_key key = gj_key_of_u64(RECORD);
    struct gj_entry entry = {
        .type = GJ_ENTRY_ACTION, .subject_kind = KIND, .subject = RECORD, .revision = 5, .previous = GJ_ENTRY_NONE};

    record.id = RECORD;
    record.number = (char *)"WX0012026000123";
    record.state = (char *)"WORKING";
    gj_record_save(txn, GJ_TABLE_RECORD, &key, &record.base);
    assert_int_equal(gj_entry_word(&entry.to, "WORKING"), GJ_OK);
    kept->written.event = gj_entry_append(txn, &entry, NULL, 0);
    gj_seen_put(txn, kept->key, DEVICE, &kept->answer, &kept->written);
}

static size_t find(
    struct fixture *fixture, struct kept *kept, uint64_t device, struct kept *out, struct gj_arena *arena)
{
    struct gj_txn *txn = NULL;
    struct gj_value row;
    struct gj_key key;
    size_t len = 0;

    assert_int_equal(gj_txn_begin_read(fixture->core.store, &txn), GJ_OK);
    if (gj_seen_find(txn, kept->key, device, arena, &out->answer, &out->written)) {
        gj_key_init(&key);
        gj_key_bytes(&key, kept->key, sizeof kept->key);
        gj_key_u64(&key, device);
        assert_true(gj_txn_get(txn, GJ_TABLE_SEEN, &key, &row));
        len = row.len;
    }
    assert_int_equal(gj_txn_error(txn), GJ_OK);
    gj_txn_abort(txn);
    return len;
}

static struct kept ok_reply(struct fixture *fixture)
{
    struct kept kept = {.answer = {.status = GJ__V1__STATUS__OK, .decided = true}};

    gj__v1__written__init(&kept.written);
    kept.written.id = RECORD;
    kept.written.revision = 5;
    kept.written.state = (char *)"WORKING";
    kept.written.number = (char *)"WX0012026000123";
    fixture_key(fixture, 1, kept.key);
    return kept;
}

static void test_a_reply_is_a_few_bytes(void **state)
{
    struct fixture *fixture = *state;
    struct kept kept = ok_reply(fixture);
    struct kept found;
    struct gj_arena arena;

    gj_arena_init(&arena, 65536);
    fixture_write(fixture, put_record, &kept);
    assert_in_range(find(fixture, &kept, DEVICE, &found, &arena), 1, 16);
    assert_int_equal(found.written.event, kept.written.event);
    assert_int_equal(found.written.id, RECORD);
    assert_int_equal(found.written.revision, 5);
    assert_string_equal(found.written.state, "WORKING");
    assert_string_equal(found.written.number, "WX0012026000123");
    assert_int_equal(found.written.epoch, 1);
    assert_true(found.written.repeated);
    assert_int_equal(find(fixture, &kept, DEVICE + 1, &found, &arena), 0);
    kept.key[15] ^= 1;
    assert_int_equal(find(fixture, &kept, DEVICE, &found, &arena), 0);
    gj_arena_fini(&arena);
}

static void test_what_the_entry_does_not_say_is_kept(void **state)
{
    struct fixture *fixture = *state;
    struct kept kept = ok_reply(fixture);
    struct kept found;
    struct gj_arena arena;

    gj_arena_init(&arena, 65536);
    kept.written.id = 99;
    kept.written.revision = 1;
    kept.written.state = (char *)"OTHER";
    kept.written.number = (char *)"KF7";
    fixture_write(fixture, put_record, &kept);
    assert_true(find(fixture, &kept, DEVICE, &found, &arena) > 0);
    assert_int_equal(found.written.id, 99);
    assert_int_equal(found.written.revision, 1);
    assert_string_equal(found.written.state, "OTHER");
    assert_string_equal(found.written.number, "KF7");
    gj_arena_fini(&arena);
}

static void test_only_final_answers_are_kept(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        Gj__V1__Status status;
        bool kept;
    } rows[] = {
        {GJ__V1__STATUS__OK, true},
        {GJ__V1__STATUS__INVALID, true},
        {GJ__V1__STATUS__UNAUTHENTICATED, false},
        {GJ__V1__STATUS__DENIED, true},
        {GJ__V1__STATUS__NOT_FOUND, true},
        {GJ__V1__STATUS__CONFLICT, true},
        {GJ__V1__STATUS__REFUSED, true},
        {GJ__V1__STATUS__BUSY, false},
        {GJ__V1__STATUS__TOO_LARGE, false},
        {GJ__V1__STATUS__UNAVAILABLE, false},
        {GJ__V1__STATUS__UNIMPLEMENTED, false},
        {GJ__V1__STATUS__EXPIRED, false},
        {GJ__V1__STATUS__INTERNAL, false},
    };

    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct kept kept = ok_reply(fixture);
        struct kept found = {0};
        struct gj_arena arena;

        gj_arena_init(&arena, 65536);
        fixture_key(fixture, 100 + i, kept.key);
        kept.answer.status = rows[i].status;
        kept.answer.code = rows[i].status == GJ__V1__STATUS__OK ? NULL : "some.code";
        fixture_write(fixture, put_record, &kept);
        assert_int_equal(find(fixture, &kept, DEVICE, &found, &arena) > 0, rows[i].kept);
        if (rows[i].kept) {
            assert_int_equal(found.answer.status, rows[i].status);
        }
        gj_arena_fini(&arena);
    }
}

static void test_where_a_key_lies(void **state)
{
    struct fixture *fixture = *state;
    int64_t now_ms = gj_clock_now_ms(&fixture->clock);
    uint8_t key[16];

    fixture_key(fixture, 1, key);
    assert_int_equal(gj_seen_age(key, now_ms), GJ_SEEN_FRESH);
    assert_int_equal(gj_seen_age(key, now_ms + GJ_SEEN_WINDOW_MS), GJ_SEEN_FRESH);
    assert_int_equal(gj_seen_age(key, now_ms + GJ_SEEN_WINDOW_MS + 1), GJ_SEEN_EXPIRED);
    assert_int_equal(gj_seen_age(key, now_ms - GJ_SEEN_FUTURE_MS), GJ_SEEN_FRESH);
    assert_int_equal(gj_seen_age(key, now_ms - GJ_SEEN_FUTURE_MS - 1), GJ_SEEN_FUTURE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_reply_is_a_few_bytes),
        TEST(test_what_the_entry_does_not_say_is_kept),
        TEST(test_only_final_answers_are_kept),
        TEST(test_where_a_key_lies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
