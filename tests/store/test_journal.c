/* The journal by itself: what was appended is read again, what is damaged is told, what an earlier use left behind is
 * never taken for a record. */
#include "tests/store/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/limits.h"
#include "store/journal.h"

#define SEGMENT (8 * GJ_JOURNAL_BLOCK)

static const uint8_t key[GJ_JOURNAL_KEY_SIZE] = "a key";

static struct gj_journal *open_journal(struct fixture *f, uint64_t after)
{
    struct gj_journal *journal = NULL;
    struct gj_fault fault = {.text = ""};
    if (gj_journal_open(f->dir, key, after, SEGMENT, &journal, &fault) != GJ_OK) {
        fail_msg("%s", fault.text);
    }
    return journal;
}

static void open_fails(struct fixture *f, uint64_t after, const char *words)
{
    struct gj_journal *journal = NULL;
    struct gj_fault fault = {.text = ""};
    assert_int_equal(gj_journal_open(f->dir, key, after, SEGMENT, &journal, &fault), GJ_ECORRUPT);
    assert_non_null(strstr(fault.text, words));
}

static enum gj_err append(struct gj_journal *journal, uint8_t byte, size_t len)
{
    struct gj_journal_record head = {.type = GJ_JOURNAL_GROUP, .commands = 1, .entries = byte};
    struct gj_buf record;
    uint8_t *at = NULL;
    gj_buf_init(&record, 1 << 20);
    check_ok(gj_journal_begin(&record));
    check_ok(gj_buf_reserve(&record, len, &at));
    memset(at, byte, len);
    gj_buf_commit(&record, len);
    enum gj_err err = gj_journal_append(journal, &head, &record);
    gj_buf_fini(&record);
    return err;
}

/* Reads what waits: records first, first + 1 … of so many, each full of its number. */
static void expect(struct gj_journal *journal, uint64_t first, unsigned count)
{
    struct gj_journal_record record;
    enum gj_err err = GJ_OK;
    for (unsigned i = 0; i < count; i++) {
        assert_true(gj_journal_next(journal, &record, &err));
        assert_int_equal(record.sequence, first + i);
        assert_true(record.len > 0 && record.payload[0] == (uint8_t)record.sequence &&
                    record.payload[record.len - 1] == (uint8_t)record.sequence);
    }
    assert_false(gj_journal_next(journal, &record, &err));
    check_ok(err);
}

static void what_was_appended_is_read(void **state)
{
    struct fixture *f = *state;
    struct gj_journal *journal = open_journal(f, 0);
    struct gj_journal_waiting waiting;
    for (uint8_t n = 1; n <= 40; n++) {
        check_ok(append(journal, n, n * 150u));
    }
    gj_journal_close(journal);
    for (uint64_t after = 0; after <= 40; after += 5) {
        journal = open_journal(f, after);
        gj_journal_waiting(journal, &waiting);
        assert_int_equal(waiting.groups, 40 - after);
        assert_int_equal(gj_journal_last(journal), 40);
        expect(journal, after + 1, 40 - (unsigned)after);
        gj_journal_close(journal);
    }
}

static void segments_are_used_again(void **state)
{
    struct fixture *f = *state;
    struct gj_journal *journal = open_journal(f, 0);
    struct stat st;
    char path[256];
    for (unsigned n = 1; n <= 240; n++) {
        check_ok(append(journal, (uint8_t)n, 3 * GJ_JOURNAL_BLOCK));
        if (n % 4 == 0) {
            gj_journal_recycle(journal, n - 2);
        }
    }
    gj_journal_close(journal);
    fixture_path(f, "0006", path);
    assert_int_not_equal(stat(path, &st), 0); /* a handful does for all of them */
    journal = open_journal(f, 238);
    expect(journal, 239, 2);
    check_ok(append(journal, 241, 10));
    gj_journal_close(journal);
    journal = open_journal(f, 238);
    expect(journal, 239, 3);
    gj_journal_close(journal);
}

static void a_full_journal_wants_a_checkpoint(void **state)
{
    struct fixture *f = *state;
    struct gj_journal *journal = open_journal(f, 0);
    enum gj_err err = GJ_OK;
    unsigned n = 0;
    while ((err = append(journal, (uint8_t)(n + 1), 6 * GJ_JOURNAL_BLOCK)) == GJ_OK) {
        n++;
    }
    assert_int_equal(err, GJ_EBUSY);
    assert_int_equal(n, GJ_JOURNAL_SEGMENTS_MAX);
    gj_journal_recycle(journal, n);
    check_ok(append(journal, (uint8_t)(n + 1), 10 * SEGMENT)); /* larger than a segment */
    gj_journal_close(journal);
    journal = open_journal(f, n);
    expect(journal, n + 1, 1);
    gj_journal_close(journal);
}

static void an_undone_group_is_not_read(void **state)
{
    struct fixture *f = *state;
    struct gj_journal *journal = open_journal(f, 0);
    struct gj_journal_record record;
    struct gj_journal_waiting waiting;
    enum gj_err err = GJ_OK;
    check_ok(append(journal, 1, 10));
    check_ok(append(journal, 2, 10));
    check_ok(gj_journal_void(journal));
    check_ok(append(journal, 4, 10));
    check_ok(append(journal, 5, 10));
    check_ok(gj_journal_void(journal));
    gj_journal_close(journal);
    journal = open_journal(f, 0);
    gj_journal_waiting(journal, &waiting);
    assert_int_equal(waiting.groups, 2);
    assert_int_equal(waiting.commands, 2);
    assert_true(gj_journal_next(journal, &record, &err));
    assert_int_equal(record.sequence, 1);
    assert_true(gj_journal_next(journal, &record, &err));
    assert_int_equal(record.sequence, 4);
    assert_false(gj_journal_next(journal, &record, &err));
    check_ok(err);
    assert_int_equal(gj_journal_last(journal), 6);
    gj_journal_close(journal);
}

static void flip(struct fixture *f, const char *name, off_t at)
{
    char path[256];
    uint8_t byte = 0;
    fixture_path(f, name, path);
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x40;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* Any damaged byte of the last record: as if it had not been written, which is what a cut leaves. In the middle, or
 * with a whole segment missing, something acknowledged is gone, and that is said. */
static void damage_is_told_unless_a_cut_explains_it(void **state)
{
    struct fixture *f = *state;
    char path[256];
    struct gj_journal *journal = open_journal(f, 0);
    for (uint8_t n = 1; n <= 12; n++) {
        check_ok(append(journal, n, 2 * GJ_JOURNAL_BLOCK - 200)); /* four to a segment */
    }
    gj_journal_close(journal);
    for (off_t at = 0; at < 2 * GJ_JOURNAL_BLOCK - 200; at += 97) {
        off_t last = 3 * 2 * GJ_JOURNAL_BLOCK + at;
        flip(f, "0003", last);
        journal = open_journal(f, 8);
        expect(journal, 9, 3);
        gj_journal_close(journal);
        flip(f, "0003", last);
        flip(f, "0003", 2 * GJ_JOURNAL_BLOCK + at);
        open_fails(f, 8, "group 10 cannot be read, group 11 is there");
        flip(f, "0003", 2 * GJ_JOURNAL_BLOCK + at);
    }
    fixture_path(f, "0002", path);
    assert_int_equal(unlink(path), 0);
    open_fails(f, 3, "group 5 cannot be read, group 9 is there");
    journal = open_journal(f, 8); /* superfluous by then */
    expect(journal, 9, 4);
    gj_journal_close(journal);
}

/* A segment's beginning may be superfluous and what waits lies behind it: damage there hides nothing. */
static void a_damaged_beginning_hides_nothing(void **state)
{
    struct fixture *f = *state;
    char path[256];
    struct gj_journal *journal = open_journal(f, 0);
    for (uint8_t n = 1; n <= 4; n++) {
        check_ok(append(journal, n, 2 * GJ_JOURNAL_BLOCK - 200)); /* one segment */
    }
    gj_journal_close(journal);
    flip(f, "0001", 100);
    journal = open_journal(f, 1);
    expect(journal, 2, 3);
    check_ok(append(journal, 5, 100));
    gj_journal_close(journal);
    journal = open_journal(f, 1);
    expect(journal, 2, 4);
    gj_journal_close(journal);
    open_fails(f, 0, "group 1 cannot be read, group 2 is there");
    for (const char *const *name = (const char *const[]){"0001", "0002", NULL}; *name != NULL; name++) {
        fixture_path(f, *name, path);
        assert_int_equal(unlink(path), 0);
    }
    open_fails(f, 4, "segments are missing");
}

/* Whoever knows the format but not the key cannot make a record, nor can another store's file be one. */
static void another_stores_records_are_none(void **state)
{
    struct fixture *f = *state;
    struct gj_journal *journal = open_journal(f, 0);
    static const uint8_t other[GJ_JOURNAL_KEY_SIZE] = "another key";
    struct gj_fault fault;
    check_ok(append(journal, 1, 10));
    gj_journal_close(journal);
    check_ok(gj_journal_open(f->dir, other, 0, SEGMENT, &journal, &fault));
    assert_int_equal(gj_journal_last(journal), 0);
    expect(journal, 1, 0);
    check_ok(append(journal, 1, 10));
    gj_journal_close(journal);
}

int main(void)
{
#define T_ROW(name) cmocka_unit_test_setup_teardown(name, fixture_setup_empty, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T_ROW(what_was_appended_is_read),
        T_ROW(segments_are_used_again),
        T_ROW(a_full_journal_wants_a_checkpoint),
        T_ROW(an_undone_group_is_not_read),
        T_ROW(damage_is_told_unless_a_cut_explains_it),
        T_ROW(a_damaged_beginning_hides_nothing),
        T_ROW(another_stores_records_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
