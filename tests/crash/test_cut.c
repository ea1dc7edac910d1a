/* The disk after a power cut, rule by rule: what a sync covered is always there, and what none covered is now there,
 * now gone, now there in part. A rule that chance could not break would prove nothing later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crash/cut.h"

#define ROUNDS 400

enum { ROOT, A, B, FOLDER };

struct fixture {
    struct recording recording;
    size_t at; /* the cut; 0: at the end */
    unsigned ignored;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    recording_free(&fixture->recording);
    free(fixture);
    return 0;
}

/* ---- records ---- */

static void add(struct fixture *fixture, struct record record, const void *bytes, size_t len)
{
    record.bytes = (uint8_t *)(uintptr_t)bytes;
    record.len = len;
    recording_add(&fixture->recording, &record);
}

static void name(struct fixture *fixture, enum record_what what, uint32_t node, uint32_t folder, const char *text)
{
    add(fixture, (struct record){.what = what, .node = node, .folder = folder}, text, strlen(text) + 1);
}

static void rename_to(
    struct fixture *fixture, uint32_t node, uint32_t from, const char *old, uint32_t folder, const char *new)
{
    char both[64];
    int len = snprintf(both, sizeof both, "%s%c%s", old, 0, new);
    add(fixture, (struct record){.what = RECORD_RENAME, .node = node, .from = from, .folder = folder}, both,
        (size_t)len + 1);
}

static void put(struct fixture *fixture, enum record_what what, uint32_t node, uint64_t at, char letter, size_t len)
{
    char bytes[16384];
    memset(bytes, letter, len);
    add(fixture, (struct record){.what = what, .node = node, .at = at}, bytes, len);
}

static void plain(struct fixture *fixture, enum record_what what, uint32_t node, uint64_t at)
{
    add(fixture, (struct record){.what = what, .node = node, .at = at}, NULL, 0);
}

/* A folder with file a of 8 KiB of the letter o in it, and an empty folder f. */
static void begin(struct fixture *fixture)
{
    name(fixture, RECORD_MAKE_FOLDER, ROOT, 0, "");
    name(fixture, RECORD_MAKE_FILE, A, ROOT, "a");
    put(fixture, RECORD_WRITE, A, 0, 'o', 8192);
    name(fixture, RECORD_MAKE_FILE, B, ROOT, "b");
    name(fixture, RECORD_MAKE_FOLDER, FOLDER, ROOT, "f");
    plain(fixture, RECORD_BASE, 0, 0);
}

/* ---- what is found ---- */

static void cut(struct fixture *fixture, uint64_t seed, struct image *image)
{
    struct cut moment = {.at = fixture->at != 0 ? fixture->at : fixture->recording.count, .random = {seed}};
    moment.ignored_percent = fixture->ignored;
    cut_build(&fixture->recording, &moment, image);
}

static bool has(const struct image *image, uint32_t folder, const char *text, uint32_t node)
{
    for (size_t i = 0; i < image->n_names; i++) {
        const struct image_name *row = &image->names[i];
        if (row->folder == folder && strcmp(row->name, text) == 0) {
            return row->node == node;
        }
    }
    return false;
}

static bool is_all(const struct image_node *node, uint64_t from, uint64_t to, char letter)
{
    for (uint64_t i = from; i < to; i++) {
        if (i >= node->size || node->bytes[i] != (uint8_t)letter) {
            return false;
        }
    }
    return true;
}

/* ---- bytes ---- */

static void synced_bytes_stay(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    put(fixture, RECORD_WRITE, A, 4096, 'n', 8192);
    plain(fixture, RECORD_SYNC, A, 0);
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct image image;
        cut(fixture, seed, &image);
        assert_int_equal(image.nodes[A].size, 12288);
        assert_true(is_all(&image.nodes[A], 0, 4096, 'o') && is_all(&image.nodes[A], 4096, 12288, 'n'));
        image_fini(&image);
    }
}

static void a_sync_under_way_covers_nothing(void **state)
{
    struct fixture *fixture = *state;
    unsigned lost = 0;
    begin(fixture);
    put(fixture, RECORD_WRITE, A, 0, 'n', 4096);
    plain(fixture, RECORD_SYNC, A, 0);
    fixture->at = fixture->recording.count - 1;
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct image image;
        cut(fixture, seed, &image);
        lost += !is_all(&image.nodes[A], 0, 4096, 'n');
        image_fini(&image);
    }
    assert_true(lost > ROUNDS / 10);
}

static void other_bytes_come_in_sectors(void **state)
{
    struct fixture *fixture = *state;
    unsigned all = 0, none = 0, torn = 0, later_alone = 0;
    begin(fixture);
    put(fixture, RECORD_WRITE, A, 0, 'n', 4096);
    put(fixture, RECORD_WRITE, A, 4096, 'm', 4096);
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct image image;
        cut(fixture, seed, &image);
        const struct image_node *node = &image.nodes[A];
        assert_int_equal(node->size, 8192);
        for (uint64_t at = 0; at < 8192; at += 512) {
            assert_true(is_all(node, at, at + 512, at < 4096 ? 'n' : 'm') || is_all(node, at, at + 512, 'o'));
        }
        bool first = is_all(node, 0, 4096, 'n'), second = is_all(node, 4096, 8192, 'm');
        bool no_first = is_all(node, 0, 4096, 'o'), no_second = is_all(node, 4096, 8192, 'o');
        all += first && second;
        none += no_first && no_second;
        torn += !first && !no_first;
        later_alone += no_first && second;
        image_fini(&image);
    }
    assert_true(all > 0 && none > 0 && torn > 0 && later_alone > 0);
}

static void a_write_through_is_durable_by_itself(void **state)
{
    struct fixture *fixture = *state;
    unsigned lost = 0;
    begin(fixture);
    put(fixture, RECORD_WRITE, A, 0, 'n', 4096);
    put(fixture, RECORD_THROUGH, A, 8192, 't', 512);
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct image image;
        cut(fixture, seed, &image);
        assert_true(is_all(&image.nodes[A], 8192, 8704, 't'));
        lost += !is_all(&image.nodes[A], 0, 4096, 'n');
        image_fini(&image);
    }
    assert_true(lost > 0);
}

static void new_places_hold_zeros_or_what_was_written(void **state)
{
    struct fixture *fixture = *state;
    unsigned shorter = 0, zeros = 0;
    begin(fixture);
    put(fixture, RECORD_WRITE, A, 8192, 'n', 4096);
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct image image;
        cut(fixture, seed, &image);
        const struct image_node *node = &image.nodes[A];
        assert_true(node->size == 8192 || node->size == 12288);
        shorter += node->size == 8192;
        for (uint64_t at = 8192; at < node->size; at += 512) {
            bool zero = is_all(node, at, at + 512, 0);
            assert_true(zero || is_all(node, at, at + 512, 'n'));
            zeros += zero;
        }
        image_fini(&image);
    }
    assert_true(shorter > 0 && zeros > 0);
}

static void a_file_cut_short_may_be_long_again(void **state)
{
    struct fixture *fixture = *state;
    unsigned short_ones = 0;
    begin(fixture);
    plain(fixture, RECORD_SIZE, A, 4096);
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct image image;
        cut(fixture, seed, &image);
        short_ones += image.nodes[A].size == 4096;
        assert_true(is_all(&image.nodes[A], 0, image.nodes[A].size, 'o'));
        image_fini(&image);
    }
    assert_true(short_ones > 0 && short_ones < ROUNDS);
}

static void an_ignored_sync_covers_nothing(void **state)
{
    struct fixture *fixture = *state;
    unsigned lost = 0;
    begin(fixture);
    put(fixture, RECORD_WRITE, A, 0, 'n', 4096);
    plain(fixture, RECORD_SYNC, A, 0);
    fixture->ignored = 100;
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct image image;
        cut(fixture, seed, &image);
        lost += is_all(&image.nodes[A], 0, 4096, 'o');
        image_fini(&image);
    }
    assert_true(lost > 0);
}

/* ---- names ---- */

static void a_name_needs_its_folder_synced(void **state)
{
    struct fixture *fixture = *state;
    unsigned there = 0;
    begin(fixture);
    name(fixture, RECORD_MAKE_FILE, FOLDER + 1, FOLDER, "n");
    put(fixture, RECORD_WRITE, FOLDER + 1, 0, 'n', 512);
    plain(fixture, RECORD_SYNC, FOLDER + 1, 0);
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct image image;
        cut(fixture, seed, &image);
        there += has(&image, FOLDER, "n", FOLDER + 1);
        image_fini(&image);
    }
    assert_true(there > 0 && there < ROUNDS);
    plain(fixture, RECORD_SYNC, FOLDER, 0);
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct image image;
        cut(fixture, seed, &image);
        assert_true(has(&image, FOLDER, "n", FOLDER + 1) && is_all(&image.nodes[FOLDER + 1], 0, 512, 'n'));
        image_fini(&image);
    }
}

static void a_rename_is_there_or_not(void **state)
{
    struct fixture *fixture = *state;
    unsigned renamed = 0;
    begin(fixture);
    rename_to(fixture, B, ROOT, "b", ROOT, "a");
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct image image;
        cut(fixture, seed, &image);
        bool done = has(&image, ROOT, "a", B) && !has(&image, ROOT, "b", B);
        assert_true(done || (has(&image, ROOT, "a", A) && has(&image, ROOT, "b", B)));
        renamed += done;
        image_fini(&image);
    }
    assert_true(renamed > 0 && renamed < ROUNDS);
}

static void an_old_name_may_come_back(void **state)
{
    struct fixture *fixture = *state;
    unsigned twice = 0;
    begin(fixture);
    rename_to(fixture, A, ROOT, "a", FOLDER, "a");
    plain(fixture, RECORD_SYNC, FOLDER, 0);
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct image image;
        cut(fixture, seed, &image);
        assert_true(has(&image, FOLDER, "a", A));
        twice += has(&image, ROOT, "a", A);
        image_fini(&image);
    }
    assert_true(twice > 0 && twice < ROUNDS);
}

static void names_keep_their_order(void **state)
{
    struct fixture *fixture = *state;
    unsigned kinds[3] = {0};
    begin(fixture);
    name(fixture, RECORD_REMOVE, 0, ROOT, "a");
    name(fixture, RECORD_LINK, B, ROOT, "a");
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        struct image image;
        cut(fixture, seed, &image);
        assert_true(has(&image, ROOT, "b", B));
        kinds[has(&image, ROOT, "a", A) ? 0 : has(&image, ROOT, "a", B) ? 1 : 2]++;
        image_fini(&image);
    }
    assert_true(kinds[0] > 0 && kinds[1] > 0 && kinds[2] > 0);
}

static void a_seed_gives_the_same_disk(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture);
    put(fixture, RECORD_WRITE, A, 0, 'n', 16384);
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct image one, other;
        cut(fixture, seed, &one);
        cut(fixture, seed, &other);
        assert_int_equal(one.nodes[A].size, other.nodes[A].size);
        assert_memory_equal(one.nodes[A].bytes, other.nodes[A].bytes, one.nodes[A].size);
        image_fini(&one);
        image_fini(&other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(synced_bytes_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sync_under_way_covers_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(other_bytes_come_in_sectors, setup, teardown),
        cmocka_unit_test_setup_teardown(a_write_through_is_durable_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(new_places_hold_zeros_or_what_was_written, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_cut_short_may_be_long_again, setup, teardown),
        cmocka_unit_test_setup_teardown(an_ignored_sync_covers_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_needs_its_folder_synced, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rename_is_there_or_not, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_name_may_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(names_keep_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_seed_gives_the_same_disk, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
