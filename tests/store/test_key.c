#include "tests/store/fixture.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "store/key.h"

/* Every sort of part, from small to large, in the order the values have. */
static struct gj_key composite(uint32_t office, const char *room, int64_t at, uint64_t id)
{
    struct gj_key key;
    gj_key_init(&key);
    gj_key_u32(&key, office);
    gj_key_text(&key, room, strlen(room));
    gj_key_i64(&key, at);
    gj_key_u64(&key, id);
    return key;
}

static int order(const struct gj_key *a, const struct gj_key *b)
{
    size_t len = a->len < b->len ? a->len : b->len;
    int cmp = memcmp(a->bytes, b->bytes, len);
    return cmp != 0 ? (cmp > 0) - (cmp < 0) : (a->len > b->len) - (a->len < b->len);
}

static void bytes_order_as_values_do(void **state)
{
    (void)state;
    static const uint32_t offices[] = {0, 1, 255, 256, 70000, UINT32_MAX};
    static const char *const rooms[] = {"", "1", "1-101", "10", "2", "A栋", "栋", "栋1"};
    static const int64_t times[] = {INT64_MIN, -1, 0, 1, 1767574800000, INT64_MAX};
    static const uint64_t ids[] = {0, 9, 256, UINT64_MAX};
    struct gj_key last;
    bool first = true;
    for (size_t o = 0; o < 6; o++) {
        for (size_t r = 0; r < 8; r++) {
            for (size_t t = 0; t < 6; t++) {
                for (size_t i = 0; i < 4; i++) {
                    struct gj_key key = composite(offices[o], rooms[r], times[t], ids[i]);
                    assert_false(key.bad);
                    if (!first) {
                        assert_int_equal(order(&last, &key), -1);
                    }
                    last = key;
                    first = false;
                }
            }
        }
    }
}

static void parts_come_back(void **state)
{
    (void)state;
    struct gj_key key = composite(12, "3-2001室", -5, UINT64_C(1) << 63);
    gj_key_u8(&key, 200);
    gj_key_u16(&key, 65000);
    gj_key_bytes(&key, "xyz", 3);
    struct gj_key_reader reader = gj_key_read(key.bytes, key.len);
    size_t len = 0;
    assert_int_equal(gj_key_read_u32(&reader), 12);
    assert_string_equal(gj_key_read_text(&reader, &len), "3-2001室");
    assert_int_equal(len, strlen("3-2001室"));
    assert_true(gj_key_read_i64(&reader) == -5);
    assert_true(gj_key_read_u64(&reader) == UINT64_C(1) << 63);
    assert_int_equal(gj_key_read_u8(&reader), 200);
    assert_int_equal(gj_key_read_u16(&reader), 65000);
    assert_false(gj_key_read_done(&reader));
    assert_memory_equal(gj_key_read_bytes(&reader, 3), "xyz", 3);
    assert_true(gj_key_read_done(&reader));
}

static void reading_remembers_its_first_failure(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 1, 2, 3, 'a', 'b'};
    struct gj_key_reader reader = gj_key_read(bytes, sizeof bytes);
    size_t len = 9;
    assert_int_equal(gj_key_read_u32(&reader), 0x010203);
    assert_null(gj_key_read_text(&reader, &len)); /* no end mark */
    assert_int_equal(len, 0);
    assert_int_equal(gj_key_read_u8(&reader), 0);
    assert_true(gj_key_read_i64(&reader) == 0);
    assert_null(gj_key_read_bytes(&reader, 1));
    assert_false(gj_key_read_done(&reader));
}

static void what_does_not_fit_makes_the_key_bad(void **state)
{
    (void)state;
    char long_text[GJ_KEY_MAX + 1];
    memset(long_text, 'x', sizeof long_text);
    struct gj_key key;
    gj_key_init(&key);
    gj_key_text(&key, long_text, GJ_KEY_MAX - 1);
    assert_false(key.bad);
    assert_int_equal(key.len, GJ_KEY_MAX);
    gj_key_u8(&key, 1);
    assert_true(key.bad);
    gj_key_init(&key);
    gj_key_text(&key, long_text, GJ_KEY_MAX);
    assert_true(key.bad);
    gj_key_init(&key);
    gj_key_text(&key, "a\0b", 3);
    assert_true(key.bad);
    gj_key_u64(&key, 1); /* stays bad */
    assert_true(key.bad);
}

static void neighbours(void **state)
{
    (void)state;
    struct gj_key key = gj_key_of_bytes("ab\xff\xff", 4);
    struct gj_key after = key;
    gj_key_after(&after);
    assert_int_equal(order(&key, &after), -1);
    assert_int_equal(after.len, 5);
    assert_true(gj_key_after_prefix(&key));
    assert_int_equal(key.len, 2);
    assert_memory_equal(key.bytes, "ac", 2);
    struct gj_key top = gj_key_of_bytes("\xff\xff", 2);
    assert_false(gj_key_after_prefix(&top));
    struct gj_key empty;
    gj_key_init(&empty);
    assert_false(gj_key_after_prefix(&empty));
}

static void random_prefixes_bound_their_extensions(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t bytes[12];
        randombytes_buf(bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] = bytes[i] < 100 ? 0xff : bytes[i]; /* many at the upper end */
        }
        size_t len = 1 + bytes[11] % 4;
        struct gj_key whole = gj_key_of_bytes(bytes, sizeof bytes);
        struct gj_key prefix = gj_key_of_bytes(bytes, len);
        struct gj_key high = prefix;
        assert_int_not_equal(order(&prefix, &whole), 1);
        if (gj_key_after_prefix(&high)) {
            assert_int_equal(order(&whole, &high), -1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_order_as_values_do),
        cmocka_unit_test(parts_come_back),
        cmocka_unit_test(reading_remembers_its_first_failure),
        cmocka_unit_test(what_does_not_fit_makes_the_key_bad),
        cmocka_unit_test(neighbours),
        cmocka_unit_test(random_prefixes_bound_their_extensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
