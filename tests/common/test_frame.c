#include "tests/common/check.h"

#include <stdlib.h>
#include <string.h>

#include "common/frame.h"
#include "common/limits.h"

static void frames_survive_any_split(void **state)
{
    (void)state;
    struct gj_buf out;
    gj_buf_init(&out, 1000);
    check_ok(gj_frame_put(&out, "one", 3));
    check_ok(gj_frame_put(&out, "second", 6));
    for (size_t split = 0; split <= out.len; split++) {
        struct gj_buf in;
        struct gj_frame frame;
        gj_buf_init(&in, 1000);
        check_ok(gj_buf_append(&in, gj_buf_bytes(&out), split));
        check_err(gj_frame_next(&in, &frame), split < 5 ? GJ_AGAIN : GJ_OK);
        check_ok(gj_buf_append(&in, gj_buf_bytes(&out) + split, out.len - split));
        check_ok(gj_frame_next(&in, &frame));
        assert_int_equal(frame.len, 3);
        assert_memory_equal(frame.bytes, "one", 3);
        gj_buf_drop(&in, frame.size);
        check_ok(gj_frame_next(&in, &frame));
        assert_int_equal(frame.len, 6);
        assert_memory_equal(frame.bytes, "second", 6);
        gj_buf_drop(&in, frame.size);
        check_err(gj_frame_next(&in, &frame), GJ_AGAIN);
        gj_buf_fini(&in);
    }
    gj_buf_fini(&out);
}

static void the_longest_frame_passes_and_one_more_byte_does_not(void **state)
{
    (void)state;
    struct gj_buf buf;
    struct gj_frame frame;
    uint8_t *bytes = calloc(1, GJ_FRAME_MAX + 1);
    assert_non_null(bytes);
    gj_buf_init(&buf, 200000);
    check_err(gj_frame_put(&buf, bytes, GJ_FRAME_MAX + 1), GJ_ETOOBIG);
    check_err(gj_frame_put(&buf, bytes, 0), GJ_EINVAL);
    assert_int_equal(buf.len, 0);
    check_ok(gj_frame_put(&buf, bytes, GJ_FRAME_MAX));
    assert_int_equal(buf.len, GJ_FRAME_MAX + 2);
    check_ok(gj_frame_next(&buf, &frame));
    assert_int_equal(frame.len, GJ_FRAME_MAX);
    gj_buf_fini(&buf);
    free(bytes);
}

static void a_length_of_zero_is_malformed(void **state)
{
    (void)state;
    struct gj_buf buf;
    struct gj_frame frame;
    gj_buf_init(&buf, 10);
    check_ok(gj_buf_append(&buf, "\0", 1));
    check_err(gj_frame_next(&buf, &frame), GJ_AGAIN);
    check_ok(gj_buf_append(&buf, "\0", 1));
    check_err(gj_frame_next(&buf, &frame), GJ_EINVAL);
    gj_buf_fini(&buf);
}

static void a_full_buffer_refuses_a_frame_whole(void **state)
{
    (void)state;
    struct gj_buf buf;
    gj_buf_init(&buf, 10);
    check_ok(gj_frame_put(&buf, "123456", 6));
    check_err(gj_frame_put(&buf, "1", 1), GJ_ETOOBIG);
    assert_int_equal(buf.len, 8);
    gj_buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_survive_any_split),
        cmocka_unit_test(the_longest_frame_passes_and_one_more_byte_does_not),
        cmocka_unit_test(a_length_of_zero_is_malformed),
        cmocka_unit_test(a_full_buffer_refuses_a_frame_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
