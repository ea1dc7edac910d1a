#include "tests/common/check.h"

#include <string.h>

#include "common/cursor.h"

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct gj_buf buf;
    gj_buf_init(&buf, 1000);
    struct gj_writer wr;
    gj_writer_init(&wr, &buf);
    gj_writer_u8(&wr, 0xAB);
    gj_writer_u16(&wr, 0x1234);
    gj_writer_u32(&wr, 0xDEADBEEF);
    gj_writer_u64(&wr, UINT64_MAX - 1);
    gj_writer_i64(&wr, -5);
    gj_writer_varint(&wr, 300);
    gj_writer_blob(&wr, "abc", 3);
    gj_writer_zeros(&wr, 2);
    gj_writer_bytes(&wr, "tail", 4);
    check_ok(gj_writer_done(&wr));
    assert_int_equal(wr.len, buf.len);
    const uint8_t head[] = {0xAB, 0x12, 0x34, 0xDE, 0xAD, 0xBE, 0xEF};
    assert_memory_equal(gj_buf_bytes(&buf), head, sizeof head);

    struct gj_cursor cur;
    size_t len = 0;
    gj_cursor_init(&cur, gj_buf_bytes(&buf), buf.len);
    assert_int_equal(gj_cursor_u8(&cur), 0xAB);
    assert_int_equal(gj_cursor_u16(&cur), 0x1234);
    assert_int_equal(gj_cursor_u32(&cur), 0xDEADBEEF);
    assert_true(gj_cursor_u64(&cur) == UINT64_MAX - 1);
    assert_true(gj_cursor_i64(&cur) == -5);
    assert_int_equal(gj_cursor_varint(&cur), 300);
    assert_memory_equal(gj_cursor_blob(&cur, 3, &len), "abc", 3);
    assert_int_equal(len, 3);
    assert_int_equal(gj_cursor_u16(&cur), 0);
    assert_int_equal(gj_cursor_left(&cur), 4);
    check_err(gj_cursor_done(&cur), GJ_EINVAL);
    check_ok(gj_cursor_ok(&cur));
    assert_memory_equal(gj_cursor_rest(&cur, &len), "tail", 4);
    assert_int_equal(len, 4);
    check_ok(gj_cursor_done(&cur));
    gj_buf_fini(&buf);
}

static void the_first_failure_sticks(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 2, 3, 4, 5};
    struct gj_cursor cur;
    size_t len = 9;
    uint8_t copy[4] = {7, 7, 7, 7};
    gj_cursor_init(&cur, bytes, sizeof bytes);
    assert_int_equal(gj_cursor_u32(&cur), 0x01020304);
    assert_int_equal(gj_cursor_u16(&cur), 0);
    assert_int_equal(gj_cursor_u8(&cur), 0); /* one byte was left, but the cursor has failed */
    assert_null(gj_cursor_rest(&cur, &len));
    assert_int_equal(len, 0);
    gj_cursor_copy(&cur, copy, sizeof copy);
    assert_memory_equal(copy, "\0\0\0\0", 4);
    check_err(gj_cursor_done(&cur), GJ_EINVAL);
    check_err(gj_cursor_ok(&cur), GJ_EINVAL);
}

static void nothing_is_a_valid_input(void **state)
{
    (void)state;
    struct gj_cursor cur;
    size_t len = 9;
    gj_cursor_init(&cur, NULL, 0);
    assert_non_null(gj_cursor_rest(&cur, &len));
    assert_int_equal(len, 0);
    check_ok(gj_cursor_done(&cur));
    gj_cursor_fail(&cur);
    check_err(gj_cursor_done(&cur), GJ_EINVAL);
}

static uint64_t varint_of(const char *bytes, size_t len, enum gj_err *err)
{
    struct gj_cursor cur;
    gj_cursor_init(&cur, bytes, len);
    uint64_t value = gj_cursor_varint(&cur);
    *err = gj_cursor_done(&cur);
    return value;
}

static void varints_of_every_length(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        for (uint64_t delta = 0; delta < 2; delta++) {
            uint64_t value = (UINT64_C(1) << bit) - delta;
            uint8_t bytes[10];
            struct gj_writer wr;
            gj_writer_init_fixed(&wr, bytes, sizeof bytes);
            gj_writer_varint(&wr, value);
            check_ok(gj_writer_done(&wr));
            enum gj_err err;
            assert_true(varint_of((const char *)bytes, wr.len, &err) == value);
            check_ok(err);
        }
    }
    enum gj_err err;
    varint_of("\x80", 1, &err);
    check_err(err, GJ_EINVAL);
    varint_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, &err); /* 65 bits */
    check_err(err, GJ_EINVAL);
    varint_of("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, &err);
    check_err(err, GJ_EINVAL);
    assert_true(varint_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, &err) == UINT64_MAX);
    check_ok(err);
}

static void a_blob_longer_than_allowed_or_present_fails(void **state)
{
    (void)state;
    struct gj_cursor cur;
    size_t len;
    gj_cursor_init(&cur,
        "\x04"
        "abcd",
        5);
    assert_null(gj_cursor_blob(&cur, 3, &len));
    check_err(gj_cursor_ok(&cur), GJ_EINVAL);
    gj_cursor_init(&cur,
        "\x05"
        "abcd",
        5);
    assert_null(gj_cursor_blob(&cur, 100, &len));
    assert_int_equal(len, 0);
    check_err(gj_cursor_ok(&cur), GJ_EINVAL);
}

static void a_full_array_fails_and_stays_failed(void **state)
{
    (void)state;
    uint8_t bytes[8];
    struct gj_writer wr;
    gj_writer_init_fixed(&wr, bytes, 5);
    gj_writer_u32(&wr, 1);
    gj_writer_u16(&wr, 2);
    check_err(gj_writer_done(&wr), GJ_ETOOBIG);
    gj_writer_u8(&wr, 3); /* would have fitted */
    check_err(gj_writer_done(&wr), GJ_ETOOBIG);
    assert_int_equal(wr.len, 4);

    struct gj_buf buf;
    gj_buf_init(&buf, 3);
    gj_writer_init(&wr, &buf);
    gj_writer_u16(&wr, 1);
    gj_writer_u16(&wr, 1);
    check_err(gj_writer_done(&wr), GJ_ETOOBIG);
    assert_int_equal(buf.len, 2);
    gj_buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_first_failure_sticks),
        cmocka_unit_test(nothing_is_a_valid_input),
        cmocka_unit_test(varints_of_every_length),
        cmocka_unit_test(a_blob_longer_than_allowed_or_present_fails),
        cmocka_unit_test(a_full_array_fails_and_stays_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
